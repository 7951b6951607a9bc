"""Questions to people: what a decision does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.core.errors import Refused
from broker.core.model import Ssid
from broker.core.review import Choice, Verb
from broker.edge.ledger.engine import reading
from broker.edge.ledger.people import reviews
from broker.identity.answer import Answer
from broker.students.decide import Result
from tests.support.desk import child, enrollment
from tests.support.office import Office
from tests.support.reviewed import (
    DAYS,
    LEAS,
    OPENED,
    SECRETS,
    Case,
    answer_all,
    decided,
    found,
    on_postgresql,
    places,
    same,
    student_of,
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("reviews"), *LEAS)
    yield made
    made.services.engine.dispose()


# decisions by file


def test_same_carries_the_line_out_and_answers_it(office: Office) -> None:
    case = Case(office, "Castellano")
    assert case.places(case.ssid) == [("01", "2025-08-18", "")]
    assert case.office.answer("6G", case.tracking, 0, "same", candidate="A").state == "APPLIED"
    assert (case.told["answer"], case.told["ssid"]) == ("matched", case.ssid)
    assert case.places(case.ssid) == [("01", "2025-08-18", ""), OPENED]
    # the LEA's number and the spelling are known from now on
    assert found(office, case.sent, "6G").answer is Answer.MATCH
    assert "Katherine" in str([one.first for one in student_of(office, case.ssid).aliases])
    with reading(office.services.engine) as connection:
        (logged,) = reviews.history(connection, case.tracking, 0)
        assert reviews.get(connection, case.tracking, 0).closed_at  # type: ignore[union-attr]
    assert (logged.verb, logged.ssid, logged.why) == (Verb.SAME, case.ssid, "the birth certificate")
    assert logged.who.startswith("LEA 6G, packet ")


def test_new_gives_a_number_and_none_withdraws_the_line(office: Office) -> None:
    case = Case(office, "Delacroix")
    assert office.answer("6G", case.tracking, 0, "new").state == "APPLIED"
    assert case.told["answer"] == "assigned"
    assert case.places(case.told["ssid"]) == [OPENED]
    assert case.places(case.ssid) == [("01", "2025-08-18", "")]
    other = Case(office, "Eriksdottir")
    assert office.answer("6G", other.tracking, 0, "none").state == "APPLIED"
    assert (other.told["answer"], other.told["why"], other.told["ssid"]) == ("refused", "withdrawn", None)
    assert found(office, other.sent).answer is Answer.REVIEW


def test_the_same_decision_twice_has_one_effect_and_another_is_refused(office: Office) -> None:
    case = Case(office, "Fitzwilliam")
    office.answer("6G", case.tracking, 0, "same", candidate="A")
    many = len(office.notices("6G", "ssid"))
    assert office.answer("6G", case.tracking, 0, "same", candidate="A").state == "APPLIED"
    assert case.decide(same(case)) is Result.ALREADY
    assert len(office.notices("6G", "ssid")) == many
    for decision in ("new", "none"):
        refused = office.answer("6G", case.tracking, 0, decision)
        assert (refused.state, refused.code) == ("REFUSED", "already-decided")
    with reading(office.services.engine) as connection:
        assert len(reviews.history(connection, case.tracking, 0)) == 1


@pytest.mark.parametrize(
    ("lea", "line", "decision", "more", "code"),
    [
        ("02", 0, "same", {"candidate": "A"}, "unknown-tracking"),
        ("02", 0, "none", {}, "unknown-tracking"),
        ("6G", 1, "new", {}, "unknown-tracking"),
        ("6G", -1, "none", {}, "unknown-tracking"),
        ("6G", 0, "same", {"candidate": "B"}, "unknown-candidate"),
        ("6G", 0, "same", {}, "unknown-candidate"),
        ("6G", 0, "new", {"candidate": "A"}, "schema"),
        ("6G", 0, "same", {"candidate": "a"}, "schema"),
        ("6G", 0, "same", {"candidate": "A", "why": " "}, "schema"),
        ("6G", 0, "same", {"candidate": "A", "why": "\u00a0"}, "schema"),
        ("6G", 0, "maybe", {}, "schema"),
    ],
)
def test_who_may_not_decide_and_how_not(
    office: Office, lea: str, line: int, decision: str, more: dict[str, str], code: str
) -> None:
    case = Case(office, f"Gallagher{chr(97 + next(DAYS) % 26)}{chr(97 + next(DAYS) % 25)}")
    refused = office.answer(lea, case.tracking, line, decision, **more)
    assert (refused.state, refused.code) == ("REFUSED", code)
    with reading(office.services.engine) as connection:
        assert reviews.history(connection, case.tracking, 0) == []
    assert case.places(case.ssid) == [("01", "2025-08-18", "")]


def test_one_wrong_answer_undoes_all_of_its_packet(office: Office) -> None:
    one, other = Case(office, "Hathaway"), Case(office, "Ingersoll")
    good = {"tracking": one.tracking, "line": 0, "decision": "same", "candidate": "A", "why": "x"}
    refused = answer_all(office, [good, good | {"tracking": other.tracking, "candidate": "Q"}])
    assert (refused.state, refused.code) == ("REFUSED", "unknown-candidate")
    assert one.places(one.ssid) == [("01", "2025-08-18", "")]
    with reading(office.services.engine) as connection:
        assert reviews.standing(connection, one.tracking, 0) is None


def test_a_number_alone_gives_nobody_a_child(office: Office) -> None:
    """Who knows or guesses an SSID could otherwise claim the child, and be sent its records."""
    victim = child("Anneliese", "Heidenreich", "2012-05-19", **SECRETS, gender="F", local_id="H-1")
    ssid = Ssid(office.enroll("01", victim)[0]["ssid"])
    row = office.send("6G", enrollment("6G", child("Greg", "Stone", "2009-08-28", ssid=ssid, gender="M")))
    assert office.newest_notice("6G", "review")["questions"][0]["candidates"] == []
    for letter in "AZ":  # not even by the letter that only the state sees
        refused = office.answer("6G", row.tracking, 0, "same", candidate=letter)
        assert (refused.state, refused.code) == ("REFUSED", "unknown-candidate")
    assert [lea for lea, _, _ in places(office, ssid)] == ["01"]
    # the state may know better
    assert decided(office, row.tracking, Choice(Verb.SAME, ssid), 0) is Result.DONE
    assert [lea for lea, _, _ in places(office, ssid)] == ["01", "6G"]


def test_the_state_chooses_among_the_candidates_only(office: Office) -> None:
    case, other = Case(office, "Ivanovskaya"), Case(office, "Jablonowski")
    for ssid in (other.ssid, Ssid("0000000000")):
        with pytest.raises(Refused, match="unknown-candidate"):
            case.decide(Choice(Verb.SAME, ssid))


def test_decisions_are_the_same_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    on_postgresql(
        tmp_path,
        postgres_url,
        test_the_same_decision_twice_has_one_effect_and_another_is_refused,
        test_one_wrong_answer_undoes_all_of_its_packet,
    )
