"""What a parent opted out of (Utah SB 152, 2026): kept with who said so and when, shown, and counted by the state."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from broker.cli import main
from broker.core.review import By, Choice, Verb
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.people import reviews
from broker.formats.transcript.record import Facts, from_record
from broker.students import decide, undo_decision
from tests.support import desk, documents
from tests.support.office import Office

A, B, U = "01", "6G", "uofu"
HIGHER = "higher-education-data"
STUDENTS = iter(desk.children(100, 600))
BY = By("Kim of the state", "the birth certificate")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("opt-outs"), A, B, U, kinds={U: "higher-ed"})
    yield made
    made.services.engine.dispose()


def run(office: Office, *words: str) -> str:
    """What a command of the operator says."""
    arguments = [*words, *office.exchange.at]
    ended = CliRunner().invoke(main.build(arguments), arguments, catch_exceptions=False)
    assert ended.exit_code == 0, ended.stderr
    return ended.stdout


def entry(office: Office, lea: str, student: dict[str, Any], **facts: Any) -> tuple[str, str]:
    """Enroll with these facts; the number, and the packet's tracking id."""
    line = {"student": student, "school": "704", "event": "entry", "date": "2026-08-17"} | facts
    row = office.send(lea, documents.enrollment(0, **{"from": lea, "students": [line]}))
    assert row.state == "APPLIED", row.code
    return str(office.newest_notice(lea, "ssid")["students"][0]["ssid"]), row.tracking


def shown(office: Office, ssid: str) -> list[tuple[str, str, bool]]:
    """What `student show` says: purpose, LEA, and whether it stands."""
    found = json.loads(run(office, "student", "show", ssid, "--json"))["opt_outs"]
    return [(one["purpose"], one["lea"], one["ended_at"] is None) for one in found]


def listed(office: Office, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(office, "student", "opt-outs", "--json", *words))
    return found


def standing(office: Office, ssid: str) -> list[tuple[str, str]]:
    return [(one["purpose"], one["lea"]) for one in listed(office) if one["ssid"] == ssid]


def test_it_is_kept_with_who_said_so_and_when(office: Office) -> None:
    before = office.services.clock().timestamp()
    ssid, tracking = entry(office, A, next(STUDENTS), opt_outs=[HIGHER])
    (one,) = json.loads(run(office, "student", "show", ssid, "--json"))["opt_outs"]
    assert (one["purpose"], one["lea"], one["tracking"], one["ended_at"]) == (HIGHER, A, tracking, None)
    assert before <= one["at"] <= office.services.clock().timestamp()
    assert f"opted out of {HIGHER}, as {A} told" in run(office, "student", "show", ssid)


def test_the_whole_list_is_sent_each_time_and_nothing_said_changes_nothing(office: Office) -> None:
    student = next(STUDENTS)
    ssid, _ = entry(office, A, student, opt_outs=[HIGHER])
    entry(office, A, student, school="705")
    entry(office, A, student, opt_outs=[HIGHER])
    assert shown(office, ssid) == [(HIGHER, A, True)]  # the same again is no news
    entry(office, A, student, opt_outs=[])
    assert shown(office, ssid) == [(HIGHER, A, False)]
    assert standing(office, ssid) == []
    entry(office, A, student, opt_outs=[HIGHER])
    assert shown(office, ssid) == [(HIGHER, A, False), (HIGHER, A, True)]


def test_an_lea_ends_only_what_it_told_itself(office: Office) -> None:
    student = next(STUDENTS)
    ssid, _ = entry(office, A, student, opt_outs=[HIGHER])
    entry(office, B, student, date="2026-11-20", opt_outs=[])
    assert standing(office, ssid) == [(HIGHER, A)]


@pytest.mark.parametrize("request_", ["new", "retrieve", "update"])
def test_an_ssid_request_tells_it_too(office: Office, request_: str) -> None:
    student = next(STUDENTS)
    ssid, _ = entry(office, A, student)
    line = {"request": request_, "student": student | {"ssid": ssid}, "school": "704", "opt_outs": [HIGHER]}
    office.send(A, documents.ssid_request(line))
    assert standing(office, ssid) == [(HIGHER, A)]


def test_a_line_that_is_not_carried_out_tells_nothing(office: Office) -> None:
    student = next(STUDENTS)
    ssid, _ = entry(office, A, student)
    known = student | {"ssid": ssid}
    lines: list[dict[str, Any]] = [
        {"request": "verify", "student": known, "opt_outs": [HIGHER]},
        {"request": "update", "student": known, "opt_outs": [HIGHER]},  # not a student of B
    ]
    office.send(B, documents.ssid_request(*lines, **{"from": B}))
    left = {"student": known, "school": "704", "event": "exit", "date": "2026-11-20", "opt_outs": [HIGHER]}
    office.send(B, documents.enrollment(0, **{"from": B, "students": [left]}))
    assert shown(office, ssid) == []


def test_a_line_that_a_person_decides_tells_it_then_and_not_when_that_is_taken_back(office: Office) -> None:
    student = next(STUDENTS)
    ssid, _ = entry(office, A, student)
    entry(office, A, student, opt_outs=[HIGHER])
    day = student["birth_date"]
    other = student | {"birth_date": f"{day[:-1]}{(int(day[-1]) + 1) % 8 + 1}"}
    line = {"student": other, "school": "704", "event": "entry", "date": "2026-11-20", "opt_outs": [HIGHER]}
    tracking = office.drop(B, documents.enrollment(0, **{"from": B, "students": [line]}))
    office.work()
    with reading(office.services.engine) as connection:
        (question,) = reviews.lines(connection, tracking)
    assert standing(office, ssid) == [(HIGHER, A)]
    with writing(office.services.engine) as connection:
        choice = Choice(Verb.SAME, question.candidates[0].ssid)
        decide.decide(office.services, connection, tracking, 0, choice, BY)
    assert standing(office, ssid) == [(HIGHER, A), (HIGHER, B)]
    with writing(office.services.engine) as connection:
        undo_decision.undo(office.services, connection, tracking, 0, BY)
    assert standing(office, ssid) == [(HIGHER, A)]


def test_what_a_decision_ended_stands_again_when_it_is_taken_back(office: Office) -> None:
    student = next(STUDENTS)
    ssid, _ = entry(office, A, student, opt_outs=[HIGHER])
    day = student["birth_date"]
    other = student | {"birth_date": f"{day[:-1]}{(int(day[-1]) + 1) % 8 + 1}"}
    line = {"student": other, "school": "705", "event": "entry", "date": "2026-11-20", "opt_outs": []}
    tracking = office.drop(A, documents.enrollment(0, students=[line]))
    office.work()
    with writing(office.services.engine) as connection:
        (question,) = reviews.lines(connection, tracking)
        choice = Choice(Verb.SAME, question.candidates[0].ssid)
        decide.decide(office.services, connection, tracking, 0, choice, BY)
    assert standing(office, ssid) == []
    with writing(office.services.engine) as connection:
        undo_decision.undo(office.services, connection, tracking, 0, BY)
    assert standing(office, ssid) == [(HIGHER, A)]


def test_it_counts_for_the_student_under_whatever_number(office: Office) -> None:
    kept, _ = entry(office, A, next(STUDENTS))
    other, _ = entry(office, B, next(STUDENTS), opt_outs=[HIGHER])
    why = ("--who", BY.who, "--why", BY.why)
    run(office, "student", "merge", kept, other, "--sure", *why)
    assert shown(office, kept) == shown(office, other) == [(HIGHER, B, True)]
    assert standing(office, kept) == [(HIGHER, B)]
    assert standing(office, other) == []
    run(office, "student", "unmerge", kept, other, *why)
    assert (standing(office, kept), standing(office, other)) == ([], [(HIGHER, B)])


def test_two_leas_that_told_the_same_are_two_lines_and_the_list_is_by_purpose(office: Office) -> None:
    student = next(STUDENTS)
    ssid, _ = entry(office, A, student, opt_outs=[HIGHER])
    entry(office, B, student, date="2026-11-20", opt_outs=[HIGHER])
    mine = [one for one in listed(office, "--purpose", HIGHER) if one["ssid"] == ssid]
    assert [one["lea"] for one in mine] == [A, B]
    assert set(mine[0]) == {"ssid", "purpose", "lea", "tracking", "at"}
    arguments = ["student", "opt-outs", "--purpose", "everything", *office.exchange.at]
    assert CliRunner().invoke(main.build(arguments), arguments).exit_code == 2
    text = run(office, "student", "opt-outs")
    assert ssid in text
    assert HIGHER in text


def test_a_look_at_the_list_is_logged_for_each_student(office: Office) -> None:
    ssid, _ = entry(office, A, next(STUDENTS), opt_outs=[HIGHER])
    other, _ = entry(office, A, next(STUDENTS))
    run(office, "student", "opt-outs", "--who", "Jo Field", "--why", "the list of August")
    with reading(office.services.engine) as connection:
        (line,) = [one for one in disclosures.about(connection, ssid) if one.action == "read-registry"]
        assert not disclosures.about(connection, other)
    assert (line.actor, line.purpose, line.what) == ("Jo Field", "the list of August", "opt-outs")


def test_the_parents_copy_says_it(office: Office) -> None:
    student = next(STUDENTS)
    ssid, _ = entry(office, A, student, opt_outs=[HIGHER])
    entry(office, B, student, date="2026-11-20")
    ask = {"student": student | {"ssid": ssid}, "want": "parent-copy"}
    office.send(B, documents.record_request(**{"from": B}, **ask))
    (told,) = office.newest_notice(B, "disclosures")["opt_outs"]
    assert (told["purpose"], told["lea"], told["since"]) == (HIGHER, A, office.services.day().isoformat())
    assert "LEA 01" in told["sentence"]
    assert "higher education" in told["sentence"]
    office.send(B, documents.enrollment(0, **{"from": B, "students": [_left(student, "2026-11-25")]}))
    office.send(B, documents.record_request(**{"from": B}, **ask))
    assert office.newest_notice(B, "disclosures")["opt_outs"] == []  # what another LEA told since is not of its time


def _left(student: dict[str, Any], day: str) -> dict[str, Any]:
    return {"student": student, "school": "704", "event": "exit", "date": day}


def test_a_transcript_that_the_student_asks_for_is_not_stopped(office: Office) -> None:
    student = next(STUDENTS)
    ssid, _ = entry(office, A, student, opt_outs=[HIGHER])
    record = documents.record() | {
        "from": A,
        "student": student | {"ssid": ssid},
        "record": {"course_history": [COURSE]},
    }
    header = {"id": str(uuid.uuid4()), "to": U, "created": documents.CREATED}
    asked = {"request": {"by": "student", "on": "2026-11-20"}}
    row = office.send(A, from_record(record, header | asked, Facts(terms={"S1": 1})).document)
    assert (row.state, row.receiver) == ("DELIVERED", U), row.code


COURSE = {"school_year": 2026, "term": "S1", "title": "Biology", "course_code": "3010", "mark": "A"}
