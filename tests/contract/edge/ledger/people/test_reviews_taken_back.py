"""Questions to people: what taking a decision back does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from broker.core.errors import NotDone, Refused
from broker.core.flow import Stage
from broker.core.model import LeaId, Ssid
from broker.core.review import Choice, Verb
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.people import registry, reviews
from broker.edge.ledger.people.registry import Source
from broker.formats.documents import to_student
from broker.identity import registrar
from broker.identity.answer import Answer
from broker.students import decide
from broker.students.decide import Result
from tests.support import documents
from tests.support.desk import child, enrollment, record
from tests.support.office import Office
from tests.support.reviewed import (
    BY,
    LEAS,
    NEW,
    NONE,
    OPENED,
    Case,
    born,
    decided,
    found,
    held_record,
    on_postgresql,
    same,
    student_of,
    undone,
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("reviews"), *LEAS)
    yield made
    made.services.engine.dispose()


TAKEN_BACK = ("6G", "2026-08-17", "2026-08-17")


# taking back


def test_undo_of_same_gives_the_registry_back(office: Office) -> None:
    case = Case(office, "Ulbrichtova", phone="801 555 0177", gender="F")
    before = _registry(office, case.ssid)
    case.decide(same(case))
    assert found(office, case.sent, "6G").answer is Answer.MATCH
    assert _registry(office, case.ssid) != before
    assert case.undo().delivered == ()
    assert case.places(case.ssid) == [("01", "2025-08-18", ""), TAKEN_BACK]
    assert _registry(office, case.ssid) == before
    assert found(office, case.sent, "6G").answer is Answer.REVIEW  # the LEA's own number does not speak for it any more
    assert "was taken back" in case.notice["note"]
    assert case.ssid in case.notice["note"]
    with reading(office.services.engine) as connection:
        (logged,) = reviews.history(connection, case.tracking, 0)
    assert (logged.undone_by, logged.undone_why) == ("Jo Operator", "it was a twin")
    # and it can be decided again, and be taken back again
    assert case.decide(same(case)) is Result.DONE
    assert case.places(case.ssid) == [("01", "2025-08-18", ""), TAKEN_BACK, OPENED]
    assert found(office, case.sent, "6G").answer is Answer.MATCH
    case.undo()
    assert _registry(office, case.ssid) == before


def _registry(office: Office, ssid: str) -> Any:
    """Everything that is known of a student now."""
    with reading(office.services.engine) as connection:
        known = registrar.known(connection, ssid)
        keys = {"s": ssid}
        blocks = connection.execute(text("SELECT block FROM student_blocks WHERE ssid = :s ORDER BY block"), keys)
        data = connection.execute(text("SELECT data FROM student_features WHERE ssid = :s ORDER BY variant"), keys)
        return known, blocks.fetchall(), data.fetchall()


def test_undo_of_none_asks_again(office: Office) -> None:
    case = Case(office, "Kirchschlager")
    case.decide(NONE)
    case.undo()
    assert "was taken back" in case.notice["note"]
    assert case.decide(same(case)) is Result.DONE
    assert case.told["ssid"] == case.ssid


def test_what_an_older_version_asked_can_only_be_withdrawn(office: Office) -> None:
    case = Case(office, "Lichtenberger")
    with writing(office.services.engine) as connection:
        connection.execute(text("UPDATE reviews SET subject = '{}' WHERE tracking = :t"), {"t": case.tracking})
    for choice in (NEW, same(case)):
        with pytest.raises(Refused, match="asked-before"):
            case.decide(choice)
    assert office.answer("6G", case.tracking, 0, "none").state == "APPLIED"


def test_undo_of_new_withdraws_the_number(office: Office) -> None:
    case = Case(office, "Vanderbilt")
    case.decide(NEW)
    number = case.told["ssid"]
    case.undo()
    # nobody is found under it, by name or by number, and it is not given to anybody else
    assert {one.ssid for one in found(office, case.sent).candidates} == {case.ssid}
    assert found(office, case.sent | {"ssid": number}).answer is Answer.NONE
    with reading(office.services.engine) as connection:
        assert registry.person(connection, number) is not None
        assert registry.standing(connection, number) is None
    # the same decision gives the same child the same number
    assert case.decide(NEW) is Result.DONE
    assert case.told["ssid"] == number
    assert found(office, case.sent | {"ssid": number}).ssid == number


def test_a_withdrawn_number_stands_for_the_student_who_it_was(office: Office) -> None:
    """The LEA may use the number that it was told."""
    case = Case(office, "Wojciechowski")
    case.decide(NEW)
    number = case.told["ssid"]
    case.undo()
    assert case.decide(same(case)) is Result.DONE
    assert case.told["ssid"] == case.ssid
    assert found(office, case.sent | {"ssid": number}).ssid == case.ssid
    case.undo()
    assert found(office, case.sent | {"ssid": number}).answer is Answer.NONE
    assert found(office, case.sent).answer is Answer.REVIEW


def test_a_number_that_others_use_is_not_withdrawn(office: Office) -> None:
    case = Case(office, "Xenakis")
    case.decide(NEW)
    assert office.enroll("02", case.sent)[0]["ssid"] == case.told["ssid"]
    with pytest.raises(NotDone, match="number-used"):
        case.undo()
    assert OPENED in case.places(case.told["ssid"])


def test_an_exit_is_taken_back(office: Office) -> None:
    case = Case(office, "Yablonski")
    case.decide(same(case))
    leaves = enrollment("6G", case.sent | {"legal_name": {"first": "Kathrine", "last": "Yablonski"}}, event="exit")
    leaves["students"][0] |= {"date": "2026-10-01", "code": "TS"}
    leaves["students"][0]["student"]["local_id"] = ""
    row = office.send("6G", leaves)
    assert decided(office, row.tracking, same(case), 0) is Result.DONE
    assert ("6G", "2026-08-17", "2026-10-01") in case.places(case.ssid)
    undone(office, row.tracking, 0)
    assert OPENED in case.places(case.ssid)


def test_an_lea_does_not_decide_on_its_own_correction(office: Office) -> None:
    """Attributes edited to force a match are a failure that the state names."""
    day = born()
    known = child("Wilhelmine", "Oberkirchner", day, local_id="W-1", gender="F")
    ssid = Ssid(office.enroll("6G", known)[0]["ssid"])
    before = student_of(office, ssid)
    corrected = known | {"ssid": ssid, "birth_date": day[:-2] + "01"}
    row = office.send("6G", documents.ssid_request({"request": "update", "student": corrected}, **{"from": "6G"}))
    for refused in (
        office.answer("6G", row.tracking, 0, "same", candidate="A"),
        office.answer("6G", row.tracking, 0, "new"),
    ):
        assert (refused.state, refused.code) == ("REFUSED", "state-decides")
    assert student_of(office, ssid) == before
    assert office.answer("6G", row.tracking, 0, "none").state == "APPLIED"
    assert student_of(office, ssid) == before


def test_a_correction_is_taken_back_unless_another_one_came(office: Office) -> None:
    day = born()
    known = child("Konstanze", "Meyerhofer", day, local_id="M-1", gender="F")
    ssid = Ssid(office.enroll("6G", known)[0]["ssid"])
    before = student_of(office, ssid)
    corrected = known | {"ssid": ssid, "birth_date": day[:-2] + "01"}
    row = office.send("6G", documents.ssid_request({"request": "update", "student": corrected}, **{"from": "6G"}))
    assert decided(office, row.tracking, Choice(Verb.SAME, ssid), 0) is Result.DONE
    assert student_of(office, ssid).birth_date.day == 1
    undone(office, row.tracking, 0)
    assert student_of(office, ssid) == before
    assert decided(office, row.tracking, Choice(Verb.SAME, ssid), 0) is Result.DONE
    with writing(office.services.engine) as connection:
        source = Source(LeaId("6G"), "", 1.0)
        later = to_student(corrected | {"birth_date": day[:-2] + "02"})
        registrar.amend(connection, office.services.model, ssid, later, source)
    with pytest.raises(NotDone, match="student-changed"):
        undone(office, row.tracking, 0)
    assert student_of(office, ssid).birth_date.day == 2


def test_a_record_that_was_not_delivered_is_held_again(office: Office) -> None:
    for stop in (Stage.ADMIT, Stage.ROUTE):  # nothing routed yet; routed and not delivered
        ssid, row = held_record(office, f"Zimmermann{stop}")
        with writing(office.services.engine) as connection:
            decide.decide(office.services, connection, row.tracking, -1, Choice(Verb.SAME, ssid), BY)
        office.work(*({Stage.ROUTE} if stop is Stage.ROUTE else set()), Stage.ADMIT)
        assert office.row(row.tracking).state == ("ROUTED" if stop is Stage.ROUTE else "ADMITTED")
        undone(office, row.tracking, -1)
        again = office.row(row.tracking)
        assert (again.state, again.held_for, again.ssid, again.receiver) == ("HELD", "review", "", "")
        assert decided(office, row.tracking, Choice(Verb.SAME, ssid), -1) is Result.DONE
        assert office.row(row.tracking).state == "DELIVERED"


def test_a_record_that_waits_for_an_enrollment_is_held_for_review_again(office: Office) -> None:
    ssid, row = held_record(office, "Brandywine", has_gone=False)
    for _ in range(2):
        assert decided(office, row.tracking, Choice(Verb.SAME, ssid), -1) is Result.DONE
        assert (office.row(row.tracking).held_for, office.row(row.tracking).ssid) == ("enrollment", ssid)
        undone(office, row.tracking, -1)
        assert (office.row(row.tracking).held_for, office.row(row.tracking).ssid) == ("review", "")


def test_who_is_new_once_more_gets_the_number_that_was_given(office: Office) -> None:
    day = born()
    office.enroll("01", child("Katharine", "Brandenstein", day, local_id="B-2"), date="2025-08-18")
    row = office.send("01", record("01", child("Katherine", "Brandenstein", day)))
    numbers = []
    for _ in range(2):
        with writing(office.services.engine) as connection:
            decide.decide(office.services, connection, row.tracking, -1, NEW, BY)
        numbers.append(office.row(row.tracking).ssid)
        assert (office.row(row.tracking).state, len(numbers[-1])) == ("ADMITTED", 10)
        undone(office, row.tracking, -1)
        assert (office.row(row.tracking).held_for, office.row(row.tracking).ssid) == ("review", "")
    assert numbers[0] == numbers[1]


def test_the_operator_is_told_of_records_that_a_decision_delivered(office: Office) -> None:
    case = Case(office, "Dombrowski")
    waiting = office.send("01", record("01", case.known))
    assert (waiting.state, waiting.held_for) == ("HELD", "enrollment")
    case.decide(same(case))
    assert (office.row(waiting.tracking).state, office.row(waiting.tracking).receiver) == ("DELIVERED", "6G")
    assert case.undo().delivered == (waiting.tracking,)


def test_what_is_not_decided_cannot_be_taken_back(office: Office) -> None:
    case = Case(office, "Fahrenheit")
    with pytest.raises(NotDone, match="nothing-decided"):
        case.undo()
    with pytest.raises(Refused, match="unknown-tracking"):
        case.undo(line=7)


def test_taking_back_is_the_same_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    on_postgresql(
        tmp_path,
        postgres_url,
        test_undo_of_same_gives_the_registry_back,
        test_a_withdrawn_number_stands_for_the_student_who_it_was,
        test_a_number_that_others_use_is_not_withdrawn,
        test_a_record_that_was_not_delivered_is_held_again,
        test_the_operator_is_told_of_records_that_a_decision_delivered,
    )
