"""A student moves: the record follows by itself, however crooked the way."""

from pathlib import Path

import pytest

from broker.core.flow import Stage
from broker.core.transfer import TransferState
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.engine import reading
from tests.support import desk, documents
from tests.support.moves import ANA, A, B, C, cases, ends, enroll, her, leave, log_of, moved
from tests.support.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, A, B, C)


def test_the_previous_school_is_asked_at_once_and_its_record_closes_the_case(office: Office) -> None:
    ssid = moved(office)
    (case,) = cases(office, ssid)
    assert (case.source, case.destination, case.state) == (A, B, TransferState.REQUESTED)
    (asked,) = office.notices(A, "record-request")
    assert asked["transfer"] == case.id
    assert asked["student"] == {
        "ssid": ssid,
        "local_id": "01-7",
        "legal_name": ANA["legal_name"],
        "birth_date": ANA["birth_date"],
    }
    assert (asked["requested_by"]["lea"], asked["due_on"]) == (B, case.due_on)
    assert "53A-11-504" in asked["rule"]
    (told,) = office.notices(B, "transfer")
    assert (told["event"], told["transfers"][0]["local_id"]) == ("requested", "6G-7")

    row = office.send(A, desk.record(A, her(A)))
    assert (row.state, row.receiver) == ("DELIVERED", B)
    assert cases(office, ssid)[0].state is TransferState.ANSWERED
    office.collect(B)
    (case,) = cases(office, ssid)
    assert (case.state, case.answer) == (TransferState.CLOSED, row.tracking)
    with reading(office.services.engine) as connection:
        steps = [(one.before, one.after) for one in transfers.events_of(connection, case.id)]
    assert steps == [("", "requested"), ("requested", "answered"), ("answered", "closed")]
    (line,) = log_of(office, ssid)
    assert (line.action, line.outcome, line.party, line.source) == ("receive-record", "allowed", B, A)
    assert (line.what, line.ground, line.tracking) == ("student-record", "enrolls", row.tracking)


def test_a_record_with_to_goes_the_same_way_and_nowhere_else(office: Office) -> None:
    ssid = moved(office)
    wrong = office.send(A, desk.record(A, her(A), to=C))
    assert (wrong.state, wrong.held_for) == ("HELD", "enrollment")
    right = office.send(A, desk.record(A, her(A), to=B))
    assert (right.state, right.receiver) == ("DELIVERED", B)
    assert ends(office, ssid) == [(A, B, "answered", "")]
    assert not office.inbox(C, "student-record")


def test_a_record_that_was_sent_first_waits_and_nobody_is_asked(office: Office) -> None:
    enroll(office, A, "2026-08-17")
    row = office.send(A, desk.record(A, her(A)))
    assert (row.state, row.held_for) == ("HELD", "enrollment")
    ssid = enroll(office, B, "2026-11-20")
    office.work()
    assert office.row(row.tracking).state == "DELIVERED"
    assert not office.notices(A, "record-request")
    assert [one["event"] for one in office.notices(B, "transfer")] == ["on-its-way"]
    assert ends(office, ssid) == [(A, B, "answered", "")]


def test_a_second_move_takes_the_open_request_along(office: Office) -> None:
    ssid = moved(office)
    assert enroll(office, C, "2026-11-22") == ssid
    assert ends(office, ssid) == [
        (A, B, "cancelled", "moved-on"),
        (A, C, "requested", ""),
        (B, C, "requested", ""),
    ]
    assert [one["requested_by"]["lea"] for one in office.notices(A, "record-request")] == [B, C]
    assert [one["event"] for one in office.notices(A, "transfer")] == ["moved-on"]
    row = office.send(A, desk.record(A, her(A)))
    assert row.receiver == C
    assert not office.inbox(B, "student-record")


def test_a_return_cancels_and_the_school_between_is_asked(office: Office) -> None:
    ssid = moved(office)
    leave(office, A, "2026-11-20")
    enroll(office, A, "2026-11-23")
    assert ends(office, ssid) == [(A, B, "cancelled", "returned"), (B, A, "requested", "")]
    assert office.send(A, desk.record(A, her(A))).held_for == "enrollment"


def test_an_enrollment_that_is_withdrawn_stops_the_record(office: Office) -> None:
    ssid = moved(office)
    leave(office, B, "2026-11-20")  # left on the day it was entered: it never was
    assert ends(office, ssid) == [(A, B, "cancelled", "withdrawn")]
    assert office.send(A, desk.record(A, her(A))).held_for == "enrollment"
    assert [one["event"] for one in office.notices(A, "transfer")] == ["withdrawn"]


@pytest.mark.parametrize("mistaken", [A, C])
def test_a_case_is_open_again_when_what_ended_it_is_taken_back(office: Office, mistaken: str) -> None:
    ssid = moved(office)
    if mistaken == A:
        leave(office, A, "2026-11-20")
    enroll(office, mistaken, "2026-11-22")
    assert (A, B, "requested", "") not in ends(office, ssid)
    leave(office, mistaken, "2026-11-22")  # the return, or the second move, never was
    assert [one for one in ends(office, ssid) if one[2] == "requested"] == [(A, B, "requested", "")]
    row = office.send(A, desk.record(A, her(A)))
    assert (row.state, row.receiver) == ("DELIVERED", B)
    assert [one for one in ends(office, ssid) if one[2] in ("requested", "answered")] == [(A, B, "answered", "")]


def test_a_record_on_its_way_when_the_student_moves_on_is_not_delivered_by_old_facts(office: Office) -> None:
    moved(office)
    tracking = office.drop(A, desk.record(A, her(A)))
    office.work(Stage.ADMIT)
    office.work(Stage.ROUTE)
    assert office.row(tracking).receiver == B
    office.drop(C, desk.enrollment(C, her(C), date="2026-11-22"))
    office.work(Stage.ADMIT)
    office.work()
    assert (office.row(tracking).state, office.row(tracking).receiver) == ("DELIVERED", C)
    assert not office.inbox(B, "student-record")


def test_an_lea_that_never_had_the_student_sends_no_record(office: Office) -> None:
    ssid = moved(office)
    row = office.send(C, desk.record(C, her(C)))
    assert (row.code, row.ssid) == ("not-your-student", "")
    (line,) = [one for one in log_of(office, ssid) if one.tracking == row.tracking]
    assert (line.action, line.outcome, line.party, line.ground) == ("send-record", "refused", C, "not-there")
    # and that it asked in vain, whoever is meant
    (line,) = log_of(office, "")
    assert (line.action, line.outcome, line.party, line.ground) == ("look-up", "refused", C, "not-there")
    assert (line.what, line.tracking) == ("student-record", row.tracking)


def test_the_previous_school_can_say_that_it_has_no_record(office: Office) -> None:
    ssid = moved(office)
    (tracking,) = office.inbox(A, "record-request")
    said = {"from": A, "tracking": tracking, "status": "rejected", "code": "not-our-student"}
    office.send(A, documents.acknowledgement(**said))
    assert ends(office, ssid) == [(A, B, "refused", "not-our-student")]
    assert [one["event"] for one in office.notices(B, "transfer")] == ["requested", "declined"]
    office.send(A, desk.record(A, her(A)))
    assert ends(office, ssid) == [(A, B, "answered", "")]


def test_a_record_that_cannot_be_used_is_asked_for_again(office: Office) -> None:
    ssid = moved(office)
    row = office.send(A, desk.record(A, her(A)))
    office.collect(B)
    said = {"from": B, "tracking": row.tracking, "status": "rejected", "code": "cannot-read"}
    office.send(B, documents.acknowledgement(**said))
    assert ends(office, ssid) == [(A, B, "requested", "")]
    assert len(office.notices(A, "record-request")) == 2
