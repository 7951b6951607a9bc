"""Where a packet goes, and who may send what to whom."""

import pytest

from broker.core.errors import Refused
from broker.core.model import HeldFor, LeaId, PartyKind
from broker.core.routing import Facts, Hold, Location, check_receiver, check_sender, destination

A, B, C = LeaId("01"), LeaId("6G"), LeaId("7K")
TODAY = "2026-11-23"


def facts(*locations: Location, to: LeaId | None = None, identity: str = "match", is_blocked: bool = False) -> Facts:
    return Facts(A, to, identity, locations, TODAY, is_blocked)


def test_an_addressed_packet_goes_where_it_says() -> None:
    assert destination(facts(Location(B, "2026-11-01", ""), to=C)) == C


def test_without_an_address_it_goes_where_the_student_is_enrolled_now() -> None:
    assert destination(facts(Location(A, "2026-08-17", ""), Location(B, "2026-11-01", ""))) == B


def test_the_sender_itself_is_never_the_receiver() -> None:
    assert destination(facts(Location(A, "2026-08-17", ""))) == Hold(HeldFor.ENROLLMENT)


def test_a_school_that_the_student_left_does_not_get_it() -> None:
    assert destination(facts(Location(B, "2025-08-17", "2026-06-01"))) == Hold(HeldFor.ENROLLMENT)


def test_an_exit_in_the_future_is_no_exit_yet() -> None:
    assert destination(facts(Location(B, "2026-08-17", "2026-12-24"))) == B


def test_the_last_of_several_entries_counts() -> None:
    assert destination(facts(Location(B, "2026-09-01", ""), Location(C, "2026-10-01", ""))) == C


def test_a_student_who_came_back_to_the_sender_is_not_elsewhere() -> None:
    assert destination(facts(Location(B, "2026-08-17", ""), Location(A, "2026-10-01", ""))) == Hold(HeldFor.ENROLLMENT)


def test_an_uncertain_student_waits_for_review_even_when_addressed() -> None:
    assert destination(facts(to=B, identity="review")) == Hold(HeldFor.REVIEW)


def test_a_blocked_packet_waits_whatever_else_is_true() -> None:
    assert destination(facts(to=B, is_blocked=True)) == Hold(HeldFor.BLOCKED)


def test_a_kind_of_party_that_is_not_named_may_not_send() -> None:
    with pytest.raises(Refused) as refused:
        check_sender(PartyKind.HIGHER_ED, frozenset({PartyKind.DISTRICT}))
    assert refused.value.code == "not-allowed"


@pytest.mark.parametrize(
    ("receiver", "kind", "code"),
    [
        (B, None, "unknown-receiver"),
        (B, PartyKind.HIGHER_ED, "not-allowed"),
        (A, PartyKind.DISTRICT, "not-allowed"),
    ],
)
def test_a_receiver_must_be_another_party_of_a_named_kind(receiver: LeaId, kind: PartyKind | None, code: str) -> None:
    with pytest.raises(Refused) as refused:
        check_receiver(A, receiver, kind, frozenset({PartyKind.DISTRICT, PartyKind.CHARTER}))
    assert (refused.value.code, refused.value.pointer) == (code, "/to")


def test_there_is_no_federal_kind_of_party() -> None:
    assert {kind.value for kind in PartyKind} == {"district", "charter", "state", "higher-ed"}
