"""A student moves: the record follows by itself, however crooked the way."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broker.core.disclosure import Disclosure
from broker.core.flow import Stage
from broker.core.model import LeaId
from broker.core.transfer import TransferState
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import flags
from broker.edge.pgp import keyring
from broker.identity import registrar
from broker.packets import batch
from broker.packets.resume import resume
from broker.stages import admit
from broker.stages.sweep.day_change import DayChange
from broker.transfers import cases as stage
from handlers.registry import TRAVELS
from tests.support import desk, documents
from tests.support.exchange import satchel
from tests.support.office import Office

ANA = desk.child("Ana", "Reyes-Ortiz", "2012-03-04", gender="F")
A, B, C = "01", "6G", "7K"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, A, B, C)


def her(lea: str) -> dict[str, Any]:
    """Ana as this LEA knows her."""
    return ANA | {"local_id": f"{lea}-7"}


def cases(office: Office, ssid: str) -> list[TransferRow]:
    with reading(office.services.engine) as connection:
        return transfers.about(connection, ssid)


def ends(office: Office, ssid: str) -> list[tuple[str, str, str, str]]:
    """Every case: from, to, state, reason."""
    return [(one.source, one.destination, str(one.state), one.reason) for one in cases(office, ssid)]


def log_of(office: Office, ssid: str) -> list[Disclosure]:
    with reading(office.services.engine) as connection:
        return disclosures.about(connection, ssid)


def enroll(office: Office, lea: str, day: str, **more: Any) -> str:
    return str(office.enroll(lea, her(lea), date=day, **more)[0]["ssid"])


def leave(office: Office, lea: str, day: str) -> None:
    office.enroll(lea, her(lea), event="exit", date=day)


def moved(office: Office) -> str:
    """Ana is at A, and enrolls at B; her number."""
    ssid = enroll(office, A, "2026-08-17")
    assert enroll(office, B, "2026-11-20") == ssid
    return ssid


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


def test_the_child_of_a_military_family_has_ten_days(office: Office) -> None:
    enroll(office, A, "2026-08-17")
    document = desk.enrollment(B, her(B), date="2026-11-20")
    document["students"][0]["military"] = True
    office.send(B, document)
    (asked,) = office.notices(A, "record-request")
    today = office.services.day()
    assert asked["due_on"] == (today + timedelta(days=10)).isoformat()
    assert "53A-1-1001" in asked["rule"]


def test_a_flagged_student_is_held_and_the_state_hears_of_it(office: Office) -> None:
    ssid = enroll(office, A, "2026-08-17")
    with writing(office.services.engine) as connection:
        flags.put(connection, ssid, "an officer", "missing since Monday", office.services.clock().timestamp())
    enroll(office, B, "2026-11-20")
    assert ends(office, ssid) == [(A, B, "blocked", "")]
    assert not office.notices(A, "record-request")
    (told,) = office.notices(B, "transfer")
    assert told["event"] == "held"
    assert "missing" not in json.dumps(told)
    row = office.send(A, desk.record(A, her(A)))
    assert (row.state, row.held_for) == ("HELD", "blocked")
    with writing(office.services.engine) as connection:
        assert [one.kind for one in flags.alerts_of(connection)] == ["packet", "enrollment"]
        (flag,) = flags.standing(connection, ssid)
        flags.lift(connection, flag, "an officer", "found", office.services.clock().timestamp())
        stage.reconcile(office.services, connection, [ssid])
    assert ends(office, ssid) == [(A, B, "requested", "")]
    resume(office.services, [row.tracking], "blocked")
    office.work()
    assert ends(office, ssid) == [(A, B, "answered", "")]


def test_a_record_goes_on_when_the_student_leaves_the_school_that_sent_it(office: Office) -> None:
    moved(office)
    row = office.send(B, desk.record(B, her(B)))
    assert (row.state, row.held_for) == ("HELD", "enrollment")
    leave(office, B, "2026-11-21")  # nobody has said that it is at A again
    office.work()
    assert office.row(row.tracking).state == "HELD"
    enroll(office, A, "2026-11-22")
    office.work()
    assert (office.row(row.tracking).state, office.row(row.tracking).receiver) == ("DELIVERED", A)


def test_a_record_that_waits_for_a_key_goes_on_when_the_student_does(office: Office) -> None:
    moved(office)
    with writing(office.services.engine) as connection:
        (known,) = directory.certificates_of(connection, B)
        print_of_b = keyring.inspect(known, office.services.clock()).fingerprint
        directory.retire(connection, B, print_of_b, office.services.clock().timestamp())
    row = office.send(A, desk.record(A, her(A)))
    assert (row.state, row.held_for, row.receiver) == ("HELD", "receiver-key", B)
    enroll(office, C, "2026-11-22")
    office.work()
    assert (office.row(row.tracking).state, office.row(row.tracking).receiver) == ("DELIVERED", C)


def test_a_record_addressed_elsewhere_is_not_on_its_way(office: Office) -> None:
    enroll(office, A, "2026-08-17")
    row = office.send(A, desk.record(A, her(A), to=C))
    assert (row.state, row.held_for) == ("HELD", "enrollment")
    (case,) = cases(office, enroll(office, B, "2026-11-20"))
    assert case.request, case


def test_a_rejection_of_an_old_record_opens_no_second_case(office: Office) -> None:
    ssid = moved(office)
    row = office.send(A, desk.record(A, her(A)))
    office.collect(B)
    leave(office, B, "2026-11-21")
    leave(office, A, "2026-11-20")
    enroll(office, A, "2026-11-22")
    enroll(office, B, "2026-11-23")
    said = {"from": B, "tracking": row.tracking, "status": "rejected", "code": "cannot-read"}
    office.send(B, documents.acknowledgement(**said))
    assert [one for one in ends(office, ssid) if one[2] == "requested"] == [(A, B, "requested", "")]


def test_a_recall_of_an_old_record_opens_no_second_case(office: Office) -> None:
    ssid = moved(office)
    row = office.send(A, desk.record(A, her(A)))
    leave(office, B, "2026-11-21")
    leave(office, A, "2026-11-20")
    enroll(office, A, "2026-11-22")
    enroll(office, B, "2026-11-23")
    assert office.send(A, documents.recall(tracking=row.tracking)).state == "APPLIED"
    assert [one for one in ends(office, ssid) if one[2] == "requested"] == [(A, B, "requested", "")]


def test_what_an_lea_kept_that_never_had_the_student_is_not_sent_on(office: Office) -> None:
    enroll(office, A, "2026-08-17")
    enroll(office, B, "2026-11-20")
    kept = office.send(B, documents.backpack(**{"from": B, "student": her(B)}))
    assert kept.state == "APPLIED", kept.code
    leave(office, B, "2026-11-20")
    enroll(office, C, "2026-11-22")
    office.work()
    assert not office.inbox(C, "backpack")


def test_who_was_not_asked_because_its_record_was_on_its_way_is_asked_when_it_is_refused(office: Office) -> None:
    enroll(office, A, "2026-08-17")
    row = office.send(A, desk.record(A, her(A)))
    assert (row.state, row.held_for) == ("HELD", "enrollment")
    with writing(office.services.engine) as connection:
        now = office.services.clock()
        (known,) = directory.certificates_of(connection, A)
        revoked = keyring.merge(known, keyring.revocation(office.leas[A].secret, now))
        info = keyring.inspect(revoked, now)
        directory.put_certificate(connection, LeaId(A), info, revoked.decode(), now.timestamp())
    (case,) = cases(office, enroll(office, B, "2026-11-20"))
    office.work()
    (case,) = cases(office, case.ssid)
    assert office.row(row.tracking).code == "key-revoked"
    assert case.request


def test_a_day_that_was_reported_ahead_moves_the_student_when_it_comes(office: Office) -> None:
    ssid = moved(office)
    row = office.send(B, desk.record(B, her(B)))
    assert (row.state, row.held_for) == ("HELD", "enrollment")
    last = office.services.day() + timedelta(days=2)
    leave(office, B, last.isoformat())
    dawn = DayChange(office.services)
    dawn.look()
    dawn.look()
    office.work()
    assert office.row(row.tracking).state == "HELD"
    assert ends(office, ssid) == [(A, B, "requested", "")]
    office.ahead += timedelta(days=3)
    dawn.look()
    dawn.look()
    office.work()
    assert office.row(row.tracking).state == "HELD"  # A has not said that the student is back
    assert ends(office, ssid) == [(A, B, "cancelled", "left")]


@pytest.mark.parametrize(("is_meanwhile", "state"), [(True, "RECEIVED"), (False, "ADMITTED")])
def test_a_record_whose_number_is_merged_on_its_way_answers_the_case(
    office: Office, is_meanwhile: bool, state: str
) -> None:
    twin = desk.child("Bo", "Zander", "2012-03-04", local_id="twin")
    kept = moved(office)
    other = str(office.enroll(A, twin, date="2026-08-17")[0]["ssid"])
    assert other != kept
    tracking = office.drop(A, desk.record(A, twin))
    real = batch._commit

    def merge() -> None:
        with writing(office.services.engine) as connection:
            now = office.services.clock()
            day = now.date().isoformat()
            registrar.merge(connection, office.services.model, kept, other, "x", "y", now.timestamp(), day, TRAVELS)

    def overtaken(*args: Any) -> batch.Written:
        patched.setattr(batch, "_commit", real)
        merge()
        return real(*args)

    with pytest.MonkeyPatch.context() as patched:
        if is_meanwhile:
            patched.setattr(batch, "_commit", overtaken)
        batch.run(office.services, [admit.PLAN], [tracking])
    # what was found before the merge is not written: the packet is looked at again, at its next turn
    assert (office.row(tracking).state, office.row(tracking).ssid) == (state, "" if is_meanwhile else other)
    if not is_meanwhile:
        merge()
    office.work()
    assert (office.row(tracking).state, office.row(tracking).receiver) == ("DELIVERED", B)
    assert ends(office, kept) == [(A, B, "answered", "")]


def test_what_came_since_a_merge_counts_when_it_is_taken_back(office: Office) -> None:
    mine = enroll(office, A, "2026-08-17")
    row = office.send(A, desk.record(A, her(A)))
    twin = desk.child("Bo", "Zander", "2012-03-04", local_id="twin")
    other = str(office.enroll(C, twin, date="2026-10-01")[0]["ssid"])
    decided = ["--who", "x", "--why", "y", *office.exchange.at]
    satchel("student", "merge", mine, other, "--sure", *decided)
    assert enroll(office, B, "2026-11-20") == mine
    satchel("student", "unmerge", mine, other, *decided)
    office.work()
    assert (office.row(row.tracking).state, office.row(row.tracking).receiver) == ("DELIVERED", B)
