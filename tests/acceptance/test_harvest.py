"""An LEA that takes in students of others to get their records is seen by the state, and bounded."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from broker.cli import main
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.engine import reading
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.people import flags
from broker.edge.settings.rules import Harvest
from broker.oversight import harvest, nightly
from tests.support import desk, documents
from tests.support.office import Office

A, B, STATE = "01", "6G", "UT"
STUDENTS = iter(desk.children(200, 400))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, A, B, STATE, kinds={STATE: "state"})


def limited(office: Office, **limits: int) -> None:
    office.services = replace(office.services, settings=replace(office.services.settings, harvest=Harvest(**limits)))


def at_school(office: Office, count: int = 1) -> list[dict[str, Any]]:
    """So many students of A."""
    students = [next(STUDENTS) for _ in range(count)]
    office.enroll(A, *students, date="2026-08-17")
    return students


def today(office: Office, days: int = 0) -> str:
    return (office.services.day() + timedelta(days=days)).isoformat()


def contest(office: Office, tracking: str, lea: str = A) -> Any:
    said = {"from": lea, "tracking": tracking, "status": "rejected", "code": "still-enrolled"}
    return office.send(lea, documents.acknowledgement(**said))


def ask(office: Office, student: dict[str, Any], want: str = "backpack", lea: str = B) -> Any:
    body = {name: student[name] for name in ("legal_name", "birth_date")}
    return office.send(lea, documents.record_request(**{"from": lea, "want": want, "student": body}))


def alerts(office: Office) -> list[flags.Alert]:
    with reading(office.services.engine) as connection:
        return list(reversed(flags.alerts_of(connection)))


def look(office: Office) -> None:
    """The nightly look, whatever the hour."""
    list(harvest.write(office.services, office.services.day()))
    office.work()


def test_a_request_is_contested_and_the_state_hears_of_it_once(office: Office) -> None:
    (student,) = at_school(office)
    ssid = office.enroll(B, student, date=today(office))[0]["ssid"]
    first = office.inbox(A, "record-request")[0]
    assert contest(office, first).state == "APPLIED"
    with reading(office.services.engine) as connection:
        case = transfers.about(connection, ssid)[-1]
        log = [(one.action, one.party, one.ground) for one in disclosures.about(connection, ssid)]
    assert (case.state, case.reason) == ("refused", "still-enrolled")
    assert ("receive-warning", STATE, "audit") in log
    assert office.newest_notice(B, "transfer")["event"] == "declined"
    (told,) = office.notices(STATE, "alert")
    assert (told["what"], told["ssid"], told["lea"]["lea"]) == ("contest", ssid, B)
    assert (told["contested_by"]["lea"], told["transfer"], told["tracking"]) == (A, case.id, first)
    assert student["legal_name"]["last"] not in json.dumps(told)
    # asked again, and contested again: the same case
    assert ask(office, student, "record").state == "APPLIED"
    newest = office.inbox(A, "record-request")[-1]
    assert newest != first
    stale = contest(office, first)
    assert stale.state == "APPLIED"  # said before, changes nothing
    contest(office, newest)
    assert len(office.notices(STATE, "alert")) == len(alerts(office)) == 1


def test_a_contest_of_a_request_that_was_replaced_is_not_lost_in_silence(office: Office) -> None:
    (student,) = at_school(office)
    office.enroll(B, student, date=today(office))
    first = office.inbox(A, "record-request")[0]
    ask(office, student, "record")
    refused = contest(office, first)
    assert (refused.state, refused.code) == ("REFUSED", "unknown-tracking")
    assert not alerts(office)
    contest(office, office.inbox(A, "record-request")[-1])
    assert len(alerts(office)) == 1


def test_other_reasons_are_no_contest(office: Office) -> None:
    (student,) = at_school(office)
    office.enroll(B, student, date=today(office))
    said = {"from": A, "tracking": office.inbox(A, "record-request")[0], "status": "rejected", "code": "other"}
    office.send(A, documents.acknowledgement(**said))
    assert not alerts(office)


def test_the_delivery_of_its_own_backpack_is_contested(office: Office) -> None:
    (student,) = at_school(office)
    office.send(A, documents.backpack(**{"from": A, "student": student}))
    office.enroll(B, student, date=today(office))
    (part,) = office.inbox(B, "backpack")
    assert contest(office, part, B).state == "APPLIED"  # who received it says so: it contests nothing
    assert not alerts(office)
    assert contest(office, part).state == "APPLIED"
    contest(office, office.inbox(A, "record-request")[0])
    assert [(one.kind, one.lea) for one in alerts(office)] == [("contest", B)]


def test_an_older_day_gives_no_sight_of_a_student_whom_another_lea_entered_later(office: Office) -> None:
    (student,) = at_school(office)
    office.send(A, documents.backpack(**{"from": A, "student": student}))
    office.enroll(B, student, date="2026-08-01")
    refused = ask(office, student)
    assert (refused.state, refused.code) == ("REFUSED", "nothing-held")
    assert not office.inbox(B, "backpack")


def test_who_enrolled_beside_another_lea_makes_no_case_and_is_contested_all_the_same(office: Office) -> None:
    (student,) = at_school(office)
    office.send(A, documents.backpack(**{"from": A, "student": student}))
    beside = desk.enrollment(B, student, date=today(office))
    office.send(B, beside | {"students": [line | {"dual": True} for line in beside["students"]]})
    assert ask(office, student).state == "APPLIED"
    assert office.inbox(A, "record-request") == []
    (part,) = office.inbox(B, "backpack")
    contest(office, part)
    contest(office, part)
    (told,) = office.notices(STATE, "alert")
    assert told["what"] == "contest"
    assert "transfer" not in told


def test_nobody_contests_what_is_anothers(office: Office) -> None:
    (student,) = at_school(office)
    office.send(A, documents.backpack(**{"from": A, "student": student}))
    office.enroll(B, student, date=today(office))
    (part,) = office.inbox(B, "backpack")
    for lea, tracking in ((STATE, part), (B, office.inbox(A, "record-request")[0])):
        refused = contest(office, tracking, lea)
        assert (refused.state, refused.code) == ("REFUSED", "unknown-tracking")
    assert not alerts(office)


def test_students_who_are_not_kept_are_a_pattern_told_once(office: Office) -> None:
    limited(office, lost_students=3, lost_percent=50)
    students = at_school(office, 5)
    office.enroll(B, *students, date=today(office))
    for tracking in office.inbox(A, "record-request")[:1]:
        contest(office, tracking)
    office.enroll(B, students[3], event="exit", date=today(office))  # taken back
    look(office)
    assert [one.kind for one in alerts(office)] == ["contest"]
    office.send(A, desk.record(A, students[4]))
    office.collect(B)
    office.enroll(B, students[4], event="exit", date=today(office))  # taken back when the record was there
    look(office)
    told = office.newest_notice(STATE, "alert")
    assert (told["what"], told["lea"]["lea"], told["came"]) == ("not-kept", B, 5)
    assert (told["not_kept"], told["contested"], len(told["transfers"])) == (3, 1, 3)
    assert not any(one["legal_name"]["last"] in json.dumps(told) for one in students)
    for _ in range(2):  # the same night again, and the next one
        look(office)
        office.ahead += timedelta(days=1)
    assert [one.kind for one in alerts(office)] == ["contest", "not-kept"]
    office.ahead += timedelta(days=31)  # out of sight
    look(office)
    assert [one.kind for one in alerts(office)] == ["contest", "not-kept"]


def test_an_honest_school_is_no_pattern(office: Office) -> None:
    limited(office, lost_students=1, lost_percent=1, backdated_per_day=1)
    students = at_school(office, 3)
    office.enroll(A, *students, event="exit", date=today(office, -3))
    office.enroll(B, *students, date=today(office, -3))
    look(office)
    assert not alerts(office)
    report = json.loads((nightly.folder(office.services) / f"harvest-{today(office)}.json").read_text())
    assert report == {"day": today(office), "patterns": []}


def test_entries_that_come_late_are_a_pattern(office: Office) -> None:
    limited(office, backdated_per_day=3)
    students = at_school(office, 4)
    office.enroll(B, *students[:2], date="2026-08-01")
    look(office)
    assert not alerts(office)
    office.enroll(B, students[2], date=today(office, -9))
    office.enroll(B, students[2], event="exit", date=today(office, -2))  # it was over before it was told
    look(office)
    look(office)
    told = office.notices(STATE, "alert")
    assert [(one["what"], one["lea"]["lea"], one["late_entries"]) for one in told] == [("late-entries", B, 3)]
    arguments = ["alerts", "--json", "--home", str(office.exchange.home)]
    shown = CliRunner().invoke(main.build(arguments), arguments)
    assert [(one["kind"], one["ssid"], one["lea"]) for one in json.loads(shown.stdout)] == [("late-entries", "", B)]


def test_requests_about_one_student_are_bounded_for_a_day(office: Office) -> None:
    first, second = at_school(office, 2)
    office.enroll(B, first, second, date=today(office))
    answers = [ask(office, first, "disclosures") for _ in range(4)]
    assert [one.state for one in answers] == ["APPLIED"] * 3 + ["REFUSED"]
    assert answers[-1].code == "too-many-requests"
    assert ask(office, first, "record").code == "too-many-requests"  # whatever is asked for
    assert ask(office, second, "disclosures").state == "APPLIED"
    assert ask(office, first, "disclosures", A).state == "APPLIED"  # another LEA's are its own
    with reading(office.services.engine) as connection:
        often = [one for one in disclosures.all_of(connection) if one.ground == "too-often"]
    assert [(one.outcome, one.party, bool(one.ssid)) for one in often] == [("refused", B, True)] * 2
    office.ahead += timedelta(days=1)
    assert ask(office, first, "disclosures").state == "APPLIED"


def test_who_asked_in_vain_and_enrolls_then_need_not_wait(office: Office) -> None:
    (student,) = at_school(office)
    assert [ask(office, student).code for _ in range(4)] == ["not-your-student"] * 4
    office.enroll(B, student, date=today(office))
    assert ask(office, student, "disclosures").state == "APPLIED"


def test_requests_of_one_lea_are_bounded_for_a_day_also_those_for_nobody(office: Office) -> None:
    limited(office, requests_per_day=2)
    (student,) = at_school(office)
    assert [ask(office, next(STUDENTS)).code for _ in range(3)] == ["not-your-student"] * 2 + ["too-many-requests"]
    office.enroll(B, student, date=today(office))
    assert ask(office, student, "disclosures").code == "too-many-requests"  # and enrolling goes on as ever
    assert ask(office, student, "disclosures", A).state == "APPLIED"
