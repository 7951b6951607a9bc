"""What somebody who means ill, or mistypes, must not bring about."""

import json
from pathlib import Path

import pytest

from broker.core.review import By
from broker.edge.ledger.engine import writing
from broker.flags import missing
from broker.students import undo_decision
from tests.support import desk, documents
from tests.support.moves import ANA, ends, enroll, her, leave, log_of
from tests.support.office import Office

A, B, C = "01", "6G", "7K"
WHY, WHO = "a dispute about custody", "Detective Marlowe"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, A, B, C)


def test_an_lea_never_reads_of_a_flag_also_when_it_is_lifted(office: Office) -> None:
    ssid = enroll(office, A, "2026-08-17")
    with writing(office.services.engine) as connection:
        missing.put(office.services, connection, ssid, WHO, WHY)
    enroll(office, B, "2026-11-20")
    with writing(office.services.engine) as connection:
        missing.lift(office.services, connection, ssid, WHO, WHY)
    asked = documents.record_request(**{"from": B, "student": her(B), "want": "disclosures"})
    assert office.send(B, asked).state == "APPLIED"
    said = office.newest_notice(B, "disclosures")
    assert [one["action"] for one in said["disclosures"]] == ["request-record", "read-disclosures"]
    told = json.dumps(said).lower()
    assert not any(word.lower() in told for word in (WHY, WHO, "flag", "missing"))


def test_who_enrolls_a_child_of_whom_it_knows_name_and_birth_date_is_seen_by_the_previous_lea(office: Office) -> None:
    ssid = enroll(office, A, "2026-08-17")
    kept = office.send(A, documents.backpack(**{"from": A, "student": her(A)}))
    assert kept.state == "APPLIED"
    guess = {name: ANA[name] for name in ("legal_name", "birth_date")} | {"local_id": "X"}
    office.enroll(C, guess, date="2026-11-20")
    assert [one["requested_by"]["lea"] for one in office.notices(A, "record-request")] == [C]
    office.enroll(C, guess, event="exit", date="2026-11-20")  # as if it had never been
    assert ends(office, ssid) == [(A, C, "cancelled", "withdrawn")]
    assert [one["event"] for one in office.notices(A, "transfer")] == ["withdrawn"]
    (line,) = log_of(office, ssid)
    assert (line.action, line.outcome, line.party, line.source) == ("read-backpack", "allowed", C, A)


def test_a_mistyped_year_does_not_lead_records_past_every_later_enrollment(office: Office) -> None:
    ssid = enroll(office, A, "2026-08-17")
    (line,) = office.enroll(C, her(C), date="2062-08-17")
    assert (line["answer"], line["why"], line["field"], line["ssid"]) == ("refused", "unreadable", "date", None)
    request = {"request": "retrieve", "student": her(C), "school": "704", "date": "2062-08-17"}
    office.send(C, documents.ssid_request(request, **{"from": C}))
    assert office.newest_notice(C, "ssid")["students"][0]["answer"] == "refused"
    leave(office, A, "2026-11-19")
    assert enroll(office, B, "2026-11-20") == ssid
    row = office.send(A, desk.record(A, her(A)))
    assert (row.state, row.receiver) == ("DELIVERED", B)


def test_a_record_goes_on_when_the_decision_that_kept_it_waiting_is_taken_back(office: Office) -> None:
    ssid = enroll(office, A, "2026-08-17")
    enroll(office, B, "2026-11-20")
    alike = desk.child("Anna", "Reyes-Ortiz", ANA["birth_date"], gender="F", local_id="C-9")
    wrong = office.send(C, desk.enrollment(C, alike, date="2026-11-22"))
    office.answer(C, wrong.tracking, 0, "same", candidate="A")
    row = office.send(A, desk.record(A, her(A), to=B))
    assert (row.state, row.held_for) == ("HELD", "enrollment")
    with writing(office.services.engine) as connection:
        undo_decision.undo(office.services, connection, wrong.tracking, 0, By("the state", "another child"))
    office.work()
    assert (office.row(row.tracking).state, office.row(row.tracking).receiver) == ("DELIVERED", B)
    assert ends(office, ssid)[-1] == (A, B, "answered", "")
