"""Questions to people: what becomes of records that wait for them, and what has changed since a question was asked."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from broker.core.errors import NotDone
from broker.core.flow import Stage
from broker.core.model import LeaId, Ssid
from broker.core.review import Choice, Verb
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.people import reviews
from broker.edge.ledger.people.registry import Source
from broker.formats.documents import to_student
from broker.identity import registrar
from broker.students import decide
from broker.students.decide import Result
from handlers.registry import TRAVELS
from tests.support.desk import child, enrollment, record
from tests.support.office import Office
from tests.support.reviewed import (
    BY,
    LEAS,
    NEW,
    Case,
    born,
    decided,
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


def test_a_record_goes_on_by_itself_once_it_is_decided(office: Office) -> None:
    ssid, row = held_record(office, "Jankowski")
    notice = office.newest_notice("01", "review")
    assert notice["about"]["packet"] == "student-record"
    assert [one["line"] for one in notice["questions"]] == [-1]
    assert office.answer("01", row.tracking, -1, "same", candidate="A").state == "APPLIED"
    row = office.row(row.tracking)
    assert (row.state, row.receiver, row.ssid, row.identity) == ("DELIVERED", "02", ssid, "match")
    with reading(office.services.engine) as connection:
        kept = reviews.get(connection, row.tracking, -1)
        steps = connection.execute(
            text("SELECT after, why FROM events WHERE tracking = :t ORDER BY seq"), {"t": row.tracking}
        ).all()
    assert kept is not None
    assert set(kept.subject) == {"student", "done"}
    assert [tuple(step) for step in steps][2:4] == [("HELD", "review"), ("ADMITTED", "review")]


def test_a_record_that_is_decided_waits_for_the_enrollment(office: Office) -> None:
    ssid, row = held_record(office, "Kowalczyk", has_gone=False)
    assert office.answer("01", row.tracking, -1, "same", candidate="A").state == "APPLIED"
    row = office.row(row.tracking)
    assert (row.state, row.held_for, row.ssid, row.identity) == ("HELD", "enrollment", ssid, "match")
    office.enroll("02", child("Katharine", "Kowalczyk", student_of(office, ssid).birth_date.isoformat()))
    assert (office.row(row.tracking).state, office.row(row.tracking).receiver) == ("DELIVERED", "02")


def test_a_record_of_a_new_student_comes_too_early(office: Office) -> None:
    """Who has enrolled nobody like it is told to send the enrollment first; and who is asked, because there is one like
    it, and says that it is another child."""
    student = child("Katherine", "Klimowicz", (day := born()))
    early = office.send("01", record("01", student))
    assert (early.state, early.code, early.ssid) == ("REFUSED", "not-your-student", "")
    office.enroll("01", child("Katharine", "Klimowicz", day, local_id="K-2"), date="2025-08-18")
    row = office.send("01", record("01", student))
    notice = office.newest_notice("01", "review")
    assert "Enroll the student first" in notice["decisions"]["new"]
    assert office.answer("01", row.tracking, -1, "new").state == "APPLIED"
    row = office.row(row.tracking)
    assert (row.state, row.code, row.identity) == ("REFUSED", "not-your-student", "match")
    assert len(row.ssid) == 10
    with pytest.raises(NotDone, match="packet-refused"):
        undone(office, row.tracking, -1)
    # once the enrollment is there, the document is good, and waits; it is the same student
    numbered = student | {"ssid": row.ssid}
    line = office.enroll("01", numbered, date="2025-08-18")[0]
    assert (line["answer"], line["ssid"]) == ("matched", row.ssid)
    again = office.send("01", record("01", numbered))
    assert (again.state, again.held_for, again.ssid) == ("HELD", "enrollment", row.ssid)


def test_a_withdrawn_record_is_refused_and_may_be_sent_again(office: Office) -> None:
    _, row = held_record(office, "Lindqvist")
    office.answer("01", row.tracking, -1, "none")
    row = office.row(row.tracking)
    assert (row.state, row.code) == ("REFUSED", "withdrawn")
    with reading(office.services.engine) as connection:
        kept = reviews.get(connection, row.tracking, -1)
        assert kept is not None
        assert kept.subject == {}
    with pytest.raises(NotDone, match="packet-refused"):
        undone(office, row.tracking, -1)


def test_nothing_of_the_record_is_kept_with_the_question(office: Office) -> None:
    canary = "Qx7CanaryZw9"
    held_record(office, "Montgomery", record={"writing_samples": [{"text": canary}]})
    with reading(office.services.engine) as connection:
        for table in ("reviews", "decisions"):
            assert canary not in str(connection.execute(text(f"SELECT * FROM {table}")).fetchall())  # noqa: S608
    assert canary not in json.dumps(office.newest_notice("01", "review"))


# what has changed meanwhile


def test_a_student_who_came_up_since_is_shown_before_anything_is_done(office: Office) -> None:
    """The very child was enrolled properly meanwhile: `new` would give it a second number."""
    day = born()
    office.enroll("01", child("Katharine", "Oppenheimer", day, local_id="O-2"), date="2025-08-18")
    row = office.send("01", record("01", child("Katherine", "Oppenheimer", day)))
    ssid = another(office, child("Katherine", "Oppenheimer", day, local_id="O-3"))
    office.enroll("02", child("Katherine", "Oppenheimer", day, ssid=ssid))
    assert office.row(row.tracking).held_for == "review"  # nothing is decided by itself
    assert office.answer("01", row.tracking, -1, "new").state == "APPLIED"
    assert office.row(row.tracking).held_for == "review"
    notice = office.newest_notice("01", "review")
    assert "has changed" in notice["note"]
    assert [one["candidate"] for one in notice["questions"][0]["candidates"]] == ["A", "B"]
    office.answer("01", row.tracking, -1, "same", candidate="B")
    assert (office.row(row.tracking).state, office.row(row.tracking).ssid) == ("DELIVERED", ssid)


def another(office: Office, student: dict[str, Any]) -> str:
    """01 enrolls this one, under another number of its own than in the record, and says that it is nobody of before;
    its number."""
    row = office.send("01", enrollment("01", student, date="2025-08-18"))
    office.answer("01", row.tracking, 0, "new")
    line = office.newest_notice("01", "ssid")["students"][0]
    assert line["answer"] == "assigned", line
    return str(line["ssid"])


def test_who_insists_after_seeing_it_is_believed(office: Office) -> None:
    day = born()
    office.enroll("01", child("Katharine", "Quackenbush", day, local_id="Q-2"), date="2025-08-18")
    row = office.send("01", record("01", child("Katherine", "Quackenbush", day)))
    another(office, child("Katherine", "Quackenbush", day, local_id="Q-3"))
    assert decided(office, row.tracking, NEW, -1) is Result.ASKED_AGAIN
    assert decided(office, row.tracking, NEW, -1) is Result.DONE


def test_candidates_keep_their_letters(office: Office) -> None:
    case = Case(office, "Rasmussen")
    other = child("Kathering", "Rasmussen", case.born)
    office.enroll("02", other)
    waiting = [one for one in office.notices("02", "review") if "Rasmussen" in json.dumps(one)]
    if waiting:  # it is near as well; it is another child
        office.answer("02", waiting[-1]["questions"][0]["tracking"], 0, "new")
    assert case.decide(NEW) is Result.ASKED_AGAIN
    candidates = case.notice["questions"][0]["candidates"]
    assert [one["candidate"] for one in candidates] == ["A", "B"]
    office.answer("6G", case.tracking, 0, "same", candidate="A")
    assert case.told["ssid"] == case.ssid


def test_a_candidate_that_was_merged_is_followed(office: Office) -> None:
    case = Case(office, "Sandoval")
    kept = office.enroll("02", child("Sigismund", "Sandoval", born()))[0]["ssid"]
    now = datetime.now(UTC)
    with writing(office.services.engine) as connection:
        model = office.services.model
        registrar.merge(
            connection, model, kept, case.ssid, "Jo", "one child", now.timestamp(), now.date().isoformat(), TRAVELS
        )
    first = case.decide(same(case))
    assert first in (Result.DONE, Result.ASKED_AGAIN)
    if first is Result.ASKED_AGAIN:
        assert case.decide(same(case)) is Result.DONE
    assert case.told["ssid"] == kept
    assert case.decide(Choice(Verb.SAME, Ssid(kept))) is Result.ALREADY


def test_a_candidate_that_has_changed_is_shown_again(office: Office) -> None:
    case = Case(office, "Thorvaldsen", gender="F")
    with writing(office.services.engine) as connection:
        source = Source(LeaId("01"), "", 0.0)
        changed = to_student(case.known | {"gender": "M"})
        registrar.amend(connection, office.services.model, case.ssid, changed, source)
    assert case.decide(same(case)) is Result.ASKED_AGAIN
    assert case.places(case.ssid) == [("01", "2025-08-18", "")]
    assert case.decide(same(case)) is Result.DONE


def test_what_has_changed_is_the_same_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    on_postgresql(
        tmp_path,
        postgres_url,
        test_a_candidate_that_was_merged_is_followed,
    )


def test_a_delivered_record_stays_delivered(office: Office) -> None:
    ssid, row = held_record(office, "Cunningham")
    decided(office, row.tracking, Choice(Verb.SAME, ssid), -1)
    with pytest.raises(NotDone, match="packet-delivered"):
        undone(office, row.tracking, -1)
    assert office.row(row.tracking).state == "DELIVERED"
    with reading(office.services.engine) as connection:
        assert reviews.standing(connection, row.tracking, -1) is not None


def test_the_operator_is_told_of_records_with_a_named_receiver_too(office: Office) -> None:
    """The name alone would not have led them there: the decision did."""
    case = Case(office, "Diefenbaker")
    waiting = office.send("01", record("01", case.known, to="6G"))
    assert (waiting.state, waiting.held_for) == ("HELD", "enrollment")
    case.decide(same(case))
    assert office.row(waiting.tracking).state == "DELIVERED"
    assert case.undo().delivered == (waiting.tracking,)


def test_a_record_with_a_named_receiver_does_not_arrive_after_the_undo(office: Office) -> None:
    case = Case(office, "Eichendorff")
    waiting = office.send("01", record("01", case.known, to="6G"))
    with writing(office.services.engine) as connection:
        decide.decide(office.services, connection, case.tracking, 0, same(case), BY)
    office.work(Stage.ROUTE)
    assert office.row(waiting.tracking).state == "ROUTED"
    assert case.undo().delivered == ()
    assert (office.row(waiting.tracking).state, office.row(waiting.tracking).held_for) == ("HELD", "enrollment")


def test_a_record_on_its_way_does_not_arrive_after_the_undo(office: Office) -> None:
    case = Case(office, "Eisenhauer")
    waiting = office.send("01", record("01", case.known))
    with writing(office.services.engine) as connection:
        decide.decide(office.services, connection, case.tracking, 0, same(case), BY)
    office.work(Stage.ROUTE)
    assert (office.row(waiting.tracking).state, office.row(waiting.tracking).receiver) == ("ROUTED", "6G")
    assert case.undo().delivered == ()
    assert (office.row(waiting.tracking).state, office.row(waiting.tracking).held_for) == ("HELD", "enrollment")
