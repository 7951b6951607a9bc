"""A student moves while something keeps the record back: a flag, a key, a rejection, a merge."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broker.core.model import LeaId
from broker.edge.ledger.engine import writing
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
from tests.support.moves import A, B, C, cases, ends, enroll, her, leave, moved
from tests.support.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, A, B, C)


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
