"""Where a packet goes, and who may send what to whom."""

from typing import Any

import pytest

from broker.core.errors import Refused
from broker.core.model import HeldFor, LeaId, PartyKind
from broker.core.routing import (
    Facts,
    Hold,
    check_had_student,
    check_receiver,
    check_sender,
    destination,
    enrolled_at,
)
from broker.core.stays import Location
from tests.support.accounts import account

A, B, C = LeaId("01"), LeaId("6G"), LeaId("7K")
TODAY = "2026-11-23"
AT_A, AT_B, AT_C = Location(A, "2025-08-18", ""), Location(B, "2026-08-17", ""), Location(C, "2026-10-01", "")
WAITS = Hold(HeldFor.ENROLLMENT)


def facts(*locations: Location, to: LeaId | None = None, identity: str = "match", **more: Any) -> Facts:
    return Facts(A, to, identity, account(locations, TODAY), **more)


def test_a_record_goes_where_the_student_is_enrolled_now() -> None:
    assert destination(facts(AT_A, AT_B)) == B


@pytest.mark.parametrize("to", [None, B])
def test_an_address_says_no_more_than_the_enrollment(to: LeaId | None) -> None:
    assert destination(facts(AT_A, AT_B, to=to)) == B


@pytest.mark.parametrize("locations", [(AT_A,), (AT_A, AT_B), (), (Location(C, "2025-08-18", "2026-06-01"), AT_B)])
def test_an_address_leads_no_record_past_the_enrollment(locations: tuple[Location, ...]) -> None:
    """Neither to where the student never was, nor to where the student was: it waits until they agree."""
    assert destination(facts(*locations, to=C)) == WAITS
    assert destination(facts(*locations, AT_C, to=C)) == C


def test_an_address_at_the_sender_leads_nowhere() -> None:
    assert destination(facts(AT_A, to=A)) == WAITS


def test_what_does_not_follow_the_student_goes_where_it_says() -> None:
    """A transcript, wherever the student is; without an address it waits like a record."""
    for locations in ((), (AT_A,), (AT_A, AT_B)):
        assert destination(facts(*locations, to=C, follows_student=False)) == C
    assert destination(facts(AT_A, follows_student=False)) == WAITS
    assert destination(facts(AT_A, to=C, identity="review", follows_student=False)) == Hold(HeldFor.REVIEW)
    assert destination(facts(AT_A, to=C, is_blocked=True, follows_student=False)) == Hold(HeldFor.BLOCKED)


def test_what_is_about_no_student_goes_where_it_says() -> None:
    assert destination(facts(to=C, identity="")) == C
    assert destination(facts(to=B, identity="", follows_student=True)) == B


def test_the_sender_itself_is_never_the_receiver() -> None:
    assert destination(facts(Location(A, "2026-08-17", ""))) == WAITS


def test_a_school_that_the_student_left_does_not_get_it() -> None:
    assert destination(facts(Location(B, "2025-08-17", "2026-06-01"))) == WAITS


def test_a_school_that_the_student_leaves_today_does_not_get_it() -> None:
    assert destination(facts(Location(B, "2026-08-17", TODAY))) == WAITS


def test_an_exit_in_the_future_is_no_exit_yet() -> None:
    assert destination(facts(Location(B, "2026-08-17", "2026-12-24"))) == B


def test_the_last_of_several_entries_counts() -> None:
    assert destination(facts(Location(B, "2026-09-01", ""), Location(C, "2026-10-01", ""))) == C


def test_a_student_who_came_back_to_the_sender_is_not_elsewhere() -> None:
    assert destination(facts(Location(B, "2026-08-17", ""), Location(A, "2026-10-01", ""))) == WAITS


def test_a_school_that_the_student_did_not_leave_is_not_where_a_returned_student_is() -> None:
    """The old school never reported the exit; the newer entry, at the sender, counts."""
    assert destination(facts(AT_B, Location(A, "2026-10-01", ""), to=B)) == WAITS


def test_an_enrollment_taken_back_never_was() -> None:
    """Left on the day of entry, or before it, even where that day is still to come."""
    for left in ("2026-10-01", "2026-09-30"):
        assert destination(facts(AT_B, Location(C, "2026-10-01", left))) == B
    assert destination(facts(AT_B, Location(C, "2026-12-01", "2026-12-01"))) == B


def test_where_the_record_of_a_sender_goes() -> None:
    assert enrolled_at(account((AT_A, AT_B)), A) == B
    assert enrolled_at(account((AT_A, AT_B)), B) is None
    assert enrolled_at(account(()), A) is None


def test_of_a_dual_enrollment_a_record_follows_the_stay_that_is_not_dual() -> None:
    """R277-419-5 allows two LEAs at once; the other one is sent what it waits for, or what is addressed to it."""
    both = (AT_A, Location(B, "2026-10-01", "", dual=True))
    assert destination(facts(*both)) == WAITS  # the sender has the student itself
    assert destination(facts(*both, to=B)) == B
    assert destination(facts(*both, awaited_by=[B])) == B
    assert destination(facts(*both, awaited_by=[C])) == WAITS
    third = account((Location(C, "2025-08-18", "2026-06-01"), *both))
    assert enrolled_at(third, C) == A
    assert enrolled_at(third, C, awaited_by=[B]) == B
    assert enrolled_at(third, C, awaited_by=[A, B]) == A
    assert enrolled_at(third, C, addressed_to=B) == B


@pytest.mark.parametrize("left", ["", "2026-06-01", TODAY])
def test_who_has_or_had_the_student_may_send(left: str) -> None:
    check_had_student(account((Location(A, "2025-08-18", left), AT_B)), A)


@pytest.mark.parametrize(
    "locations",
    [(), (AT_B,), (Location(A, "2026-08-17", "2026-08-17"), AT_B), (Location(A, "2026-08-17", "2026-01-01"),)],
)
def test_who_never_had_the_student_may_not(locations: tuple[Location, ...]) -> None:
    """An enrollment taken back counts as none."""
    with pytest.raises(Refused) as refused:
        check_had_student(account(locations), A)
    assert (refused.value.code, refused.value.pointer) == ("not-your-student", "/student")


@pytest.mark.parametrize("to", [None, B, C])
@pytest.mark.parametrize("locations", [(), (AT_A, AT_B)])
def test_an_uncertain_student_waits_for_review_even_when_addressed(
    to: LeaId | None, locations: tuple[Location, ...]
) -> None:
    assert destination(facts(*locations, to=to, identity="review")) == Hold(HeldFor.REVIEW)


@pytest.mark.parametrize("identity", ["match", "review", ""])
def test_a_blocked_packet_waits_whatever_else_is_true(identity: str) -> None:
    assert destination(facts(AT_A, AT_B, to=B, identity=identity, is_blocked=True)) == Hold(HeldFor.BLOCKED)


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
