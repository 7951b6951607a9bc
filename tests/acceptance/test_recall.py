"""A sender takes a packet back, or sends a better one: whoever was first counts, wherever a crash falls."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import paramiko
import pytest
from sqlalchemy import select

from broker.core.codes import CODES
from broker.core.errors import Refused
from broker.core.flow import Stage
from broker.core.model import LeaId, PacketType
from broker.core.transfer import TransferState
from broker.edge.home.inbox import InboxState
from broker.edge.ledger.cases import backpacks, transfers
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets import corrections
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import reviews
from broker.edge.ledger.tables import packets, receipts
from broker.edge.settings.values import Sftp
from broker.edge.sftp.server.server import SftpServer
from broker.identity import registrar
from broker.packets import batch
from broker.processes.sftp import LedgerHost
from broker.stages import admit, collect, deliver, route, withdraw
from broker.stages.sweep.collected import notice_collected
from broker.stages.sweep.deliveries import finish_deliveries
from handlers.registry import TRAVELS
from tests.support import desk, documents, postgres
from tests.support.office import Office
from tests.support.ssh import hang_up, make_key

A, B, C = "01", "6G", "7K"
RUNS = {Stage.ADMIT: admit.run, Stage.ROUTE: route.run}
PLANS = [admit.PLAN, route.PLAN, deliver.PLAN]
STUDENTS = iter(desk.children(100))


class Desk(Office):
    """An office with a student who was at A and is at B."""

    student: dict[str, Any]

    def record(self, **changes: Any) -> dict[str, Any]:
        return desk.record(A, self.student, **changes)

    def round(self, *trackings: str) -> None:
        """What a worker does with these, as far as they get."""
        batch.run(self.services, PLANS, trackings)


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("office"), A, B, C)


@pytest.fixture
def office(building: Desk) -> Desk:
    """Another student each time; the inboxes are empty."""
    building.student = next(STUDENTS)
    building.enroll(A, building.student, date="2026-08-17")
    building.enroll(B, building.student, date="2026-11-20")
    for lea in (A, B, C):
        finish_deliveries(building.services, LeaId(lea))
        building.collect(lea)
    return building


def recall(office: Desk, lea: str = A, **changes: Any) -> PacketRow:
    return office.send(lea, documents.recall(**({"from": lea} | changes)))


def told(office: Desk, tracking: str) -> list[tuple[str, dict[str, Any]]]:
    """Every receipt of a packet: to whom, and what it says."""
    with reading(office.services.engine) as connection:
        query = select(receipts.c.party, receipts.c.text).where(receipts.c.tracking == tracking)
        rows = connection.execute(query.order_by(receipts.c.n)).all()
    return [(row.party, json.loads(row.text)) for row in rows]


def hidden(office: Desk, lea: str = B) -> list[str]:
    return office.hidden(lea)


def records_in(office: Desk, lea: str = B) -> list[str]:
    return office.inbox(lea, "student-record")


def case_of(office: Desk, row: PacketRow) -> TransferState:
    with reading(office.services.engine) as connection:
        return transfers.about(connection, row.ssid)[-1].state


@pytest.mark.parametrize("by", ["tracking", "document", "both"])
def test_what_nobody_has_collected_is_gone_from_the_inbox_and_both_are_told(office: Desk, by: str) -> None:
    document = office.record()
    sent = office.send(A, document)
    assert records_in(office) == [sent.tracking]
    assert case_of(office, sent) is TransferState.ANSWERED
    named = {"tracking": sent.tracking, "document": document["id"]}
    done = recall(office, why="wrong-student", **(named if by == "both" else {by: named[by]}))
    assert done.state == "APPLIED", done.code
    assert (office.row(sent.tracking).state, office.row(sent.tracking).code) == ("REFUSED", "recalled")
    assert records_in(office) == []
    finish_deliveries(office.services, LeaId(B))
    assert hidden(office) == []

    last = told(office, sent.tracking)[-2:]
    assert [(party, said["state"], said["code"]) for party, said in last] == [
        (A, "REFUSED", "recalled"),
        (B, "REFUSED", "recalled"),
    ]
    assert all(said["means"].startswith(CODES["recalled"].sentence) for _, said in last)
    assert all("wrong-student" in said["means"] for _, said in last)
    assert ["file" in said["packet"] for _, said in last] == [True, False]
    with reading(office.services.engine) as connection:
        lines = [one for one in disclosures.about(connection, sent.ssid) if one.tracking == sent.tracking]
    assert [(one.action, one.outcome, one.party, one.purpose) for one in lines[1:]] == [
        ("recall", "allowed", A, "wrong-student")
    ]
    # A is asked again, and the same document can be sent again
    assert case_of(office, sent) is TransferState.REQUESTED
    again = office.send(A, document)
    assert (again.state, again.replaces) == ("DELIVERED", "")


def test_what_was_collected_stays_collected(office: Desk) -> None:
    sent = office.send(A, office.record())
    office.collect(B)
    done = recall(office, tracking=sent.tracking)
    assert (done.state, done.code) == ("REFUSED", "collected-already")
    assert office.row(sent.tracking).state == "COLLECTED"


def test_a_file_that_was_removed_first_is_collected_although_nobody_has_noticed(office: Desk) -> None:
    sent = office.send(A, office.record())
    for path in office.exchange.inbox(B):
        path.unlink()
    done = recall(office, tracking=sent.tracking)
    assert (done.state, done.code) == ("REFUSED", "collected-already")
    assert office.row(sent.tracking).state == "DELIVERED"
    assert notice_collected(office.services, LeaId(B)) == [sent.tracking]
    assert office.row(sent.tracking).state == "COLLECTED"


def test_a_file_that_was_read_by_sftp_first_is_collected_although_it_lies_there(office: Desk) -> None:
    sent = office.send(A, office.record())
    collect.run(office.services, B, [sent.tracking], collect.READ)
    done = recall(office, tracking=sent.tracking)
    assert (done.state, done.code) == ("REFUSED", "collected-already")
    assert records_in(office) == [sent.tracking]


class Door(LedgerHost):
    """The exchange behind its SFTP server; one key opens every LEA's folder."""

    def __init__(self, office: Desk, line: str) -> None:
        super().__init__(replace(office.services, secret=None))
        self._line = line

    def authorized_keys(self, lea: str) -> list[str]:
        del lea
        return [self._line]


@contextmanager
def reader(office: Desk, folder: Path) -> Iterator[paramiko.SFTPClient]:
    """A client of B."""
    server = SftpServer(Sftp(port=0), folder / "host", Door(office, make_key(folder / "key")), None)
    port = server.serve()
    try:
        with closing(paramiko.Transport(("127.0.0.1", port))) as line:
            line.connect(username=B, pkey=paramiko.Ed25519Key.from_private_key_file(str(folder / "key")))
            client = paramiko.SFTPClient.from_transport(line)
            assert client is not None
            yield client
    finally:
        server.stop()


def test_what_was_read_to_its_last_byte_is_not_taken_back(office: Desk, tmp_path: Path) -> None:
    """The receiver's line broke before its program had closed the file: it has the record, and the sender must know.
    Collected it is when the file is closed, removed or acknowledged, and not before."""
    sent = office.send(A, office.record())
    (path,) = office.exchange.inbox(B)
    with reader(office, tmp_path) as client:
        file = client.open(f"/inbox/{path.name}")
        assert file.read() == path.read_bytes()
        hang_up(client)
    done = recall(office, tracking=sent.tracking)
    assert (done.state, done.code) == ("REFUSED", "collected-already")
    assert "has not said so yet" in told(office, done.tracking)[-1][1]["means"]
    assert office.row(sent.tracking).state == "DELIVERED"
    assert case_of(office, sent) is TransferState.ANSWERED
    assert records_in(office) == [sent.tracking]
    office.collect(B)
    assert office.row(sent.tracking).state == "COLLECTED"


def test_what_was_read_but_for_its_last_byte_is_taken_back(office: Desk, tmp_path: Path) -> None:
    sent = office.send(A, office.record())
    (path,) = office.exchange.inbox(B)
    with reader(office, tmp_path) as client:
        file = client.open(f"/inbox/{path.name}")
        assert len(file.read(path.stat().st_size - 1)) == path.stat().st_size - 1
        assert recall(office, tracking=sent.tracking).state == "APPLIED"


def test_a_later_record_does_not_take_away_what_was_read_whole(office: Desk) -> None:
    sent = office.send(A, office.record())
    collect.read_whole(office.services, B, sent.tracking)
    later = office.send(A, office.record())
    assert (office.row(sent.tracking).state, later.replaces) == ("DELIVERED", sent.tracking)
    assert records_in(office) == [sent.tracking, later.tracking]


def test_the_last_byte_through_a_file_opened_before_is_told_once(office: Desk, tmp_path: Path) -> None:
    sent = office.send(A, office.record())
    (path,) = office.exchange.inbox(B)
    with reader(office, tmp_path) as client, client.open(f"/inbox/{path.name}") as file:
        file.read(100)
        recall(office, tracking=sent.tracking)
        before = office.row(sent.tracking).receipts
        file.read()
        assert office.row(sent.tracking).receipts == before + 1
    collect.run(office.services, B, [sent.tracking], collect.READ)
    assert office.row(sent.tracking).receipts == before + 1
    assert told(office, sent.tracking)[-1][1]["how"] == "sftp-read"


def test_reading_to_the_end_through_a_file_opened_before_is_told_to_the_sender(office: Desk) -> None:
    sent = office.send(A, office.record())
    recall(office, tracking=sent.tracking)
    taken = office.row(sent.tracking)
    with writing(office.services.engine) as connection:
        withdraw.read_after(office.services, connection, taken, collect.READ)
    party, said = told(office, sent.tracking)[-1]
    assert (party, said["state"], said["code"], said["how"]) == (A, "REFUSED", "recalled", "sftp-read")
    assert "to the end" in said["means"]
    assert office.row(sent.tracking).receipts == taken.receipts + 1


@pytest.mark.parametrize(
    ("lea", "name"), [(B, "tracking"), (C, "tracking"), (C, "document"), (A, "nobody's"), (A, "itself")]
)
def test_only_the_sender_and_only_a_packet_that_is_there(office: Desk, lea: str, name: str) -> None:
    document = office.record()
    sent = office.send(A, document)
    own = documents.recall(**{"from": lea})
    named = {
        "tracking": {"tracking": sent.tracking},
        "document": {"document": document["id"]},
        "nobody's": {"tracking": "018f0000-0000-7000-8000-000000000001"},
        "itself": {"document": own["id"]},
    }
    done = office.send(lea, own | named[name])
    assert (done.state, done.code) == ("REFUSED", "unknown-tracking")
    assert records_in(office) == [sent.tracking]


def test_two_names_of_two_packets_take_nothing_back(office: Desk) -> None:
    first, second = office.record(), office.record(to=C)
    sent = office.send(A, first)
    office.send(A, second)
    done = recall(office, tracking=sent.tracking, document=second["id"])
    assert (done.state, done.code) == ("REFUSED", "unknown-tracking")
    assert records_in(office) == [sent.tracking]


def test_twice_is_too_late_and_what_was_carried_out_cannot_be_taken_back(office: Desk) -> None:
    sent = office.send(A, office.record())
    assert recall(office, tracking=sent.tracking).state == "APPLIED"
    assert recall(office, tracking=sent.tracking).code == "unknown-tracking"
    entered = office.send(A, desk.enrollment(A, office.student, date="2026-08-17"))
    assert recall(office, tracking=entered.tracking).code == "carried-out"


@pytest.mark.parametrize("stage", [(), (Stage.ADMIT,), (Stage.ADMIT, Stage.ROUTE)])
def test_what_is_on_the_way_goes_to_nobody(office: Desk, stage: tuple[Stage, ...]) -> None:
    """Wherever the queues have it: the recall overtakes it."""
    tracking = office.drop(A, office.record())
    for one in stage:
        RUNS[one](office.services, [tracking])
    asked = office.drop(A, documents.recall(tracking=tracking))
    office.round(asked)
    assert office.row(asked).state == "APPLIED"
    assert (office.row(tracking).state, office.row(tracking).code) == ("REFUSED", "recalled")
    office.work()
    assert (office.row(tracking).state, records_in(office)) == ("REFUSED", [])
    assert {party for party, _ in told(office, tracking)} == {A}


def test_what_waits_for_an_enrollment_is_taken_back(office: Desk) -> None:
    office.enroll(B, office.student, event="exit", date="2026-11-21")
    sent = office.send(A, office.record())
    assert (sent.state, sent.held_for) == ("HELD", "enrollment")
    assert recall(office, tracking=sent.tracking).state == "APPLIED"
    office.enroll(C, office.student, date="2026-11-22")
    assert office.row(sent.tracking).state == "REFUSED"
    assert records_in(office, C) == []


def test_what_waits_for_a_decision_is_taken_back_with_the_question(office: Desk) -> None:
    known = next(STUDENTS)
    office.enroll(A, known, date="2025-08-18")
    year = int(known["birth_date"][:4]) - 1
    sent = office.send(A, desk.record(A, known | {"birth_date": f"{year}{known['birth_date'][4:]}"}))
    assert (sent.state, sent.held_for) == ("HELD", "review")
    assert recall(office, tracking=sent.tracking).state == "APPLIED"
    assert office.row(sent.tracking).code == "recalled"
    with reading(office.services.engine) as connection:
        assert not [one for one in reviews.listing(connection) if one["tracking"] == sent.tracking]
    assert office.answer(A, sent.tracking, -1, "new").code == "already-decided"


def test_recall_and_packet_in_one_round_settle_in_the_next(office: Desk) -> None:
    document = office.record()
    tracking = office.drop(A, document)
    asked = office.drop(A, documents.recall(document=document["id"]))
    office.round(tracking, asked)
    assert office.row(asked).state == "RECEIVED"
    office.ahead_of_retries()
    office.work()
    assert (office.row(asked).state, office.row(tracking).code) == ("APPLIED", "recalled")
    assert records_in(office) == []


def test_a_recall_by_document_waits_for_what_is_still_to_be_opened(office: Desk) -> None:
    document = office.record()
    tracking = office.drop(A, document)
    asked = office.drop(A, documents.recall(document=document["id"]))
    office.round(asked)
    assert office.row(asked).state == "RECEIVED"
    office.ahead_of_retries()
    office.work()
    assert (office.row(asked).state, office.row(tracking).code) == ("APPLIED", "recalled")


def test_a_worker_that_has_the_packet_in_hand_loses_it_and_drops_its_work(
    office: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracking = office.drop(A, office.record())
    asked = office.drop(A, documents.recall(tracking=tracking))
    flush = office.services.inboxes.flush

    def overtaken() -> None:
        monkeypatch.setattr(office.services.inboxes, "flush", flush)
        assert hidden(office)  # staged, and not committed
        office.round(asked)

    monkeypatch.setattr(office.services.inboxes, "flush", overtaken)
    office.round(tracking)
    office.work()
    assert (office.row(tracking).state, office.row(asked).state) == ("REFUSED", "APPLIED")
    assert (records_in(office), hidden(office)) == ([], [])


def test_a_crash_between_the_commit_and_the_removal_leaves_nothing(office: Desk) -> None:
    sent = office.send(A, office.record())
    recall(office, tracking=sent.tracking)
    assert len(hidden(office)) == 1
    assert notice_collected(office.services, LeaId(B)) == []
    assert finish_deliveries(office.services, LeaId(B)) == 0
    assert (hidden(office), records_in(office)) == ([], [])


def test_a_crash_between_the_hiding_and_the_commit_shows_it_again(
    office: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = office.send(A, office.record())
    asked = office.drop(A, documents.recall(tracking=sent.tracking))

    def dies(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(withdraw, "statements", dies)
        with pytest.raises(KeyboardInterrupt):
            office.round(asked)
    assert (records_in(office), len(hidden(office))) == ([], 1)
    assert office.row(sent.tracking).state == "DELIVERED"
    # it does not look collected, and cannot be acknowledged meanwhile
    assert notice_collected(office.services, LeaId(B)) == []
    assert finish_deliveries(office.services, LeaId(B)) == 0
    assert (records_in(office), hidden(office)) == ([sent.tracking], [])
    office.collect(B)
    assert office.row(sent.tracking).state == "COLLECTED"


def test_a_slow_publisher_cannot_bring_back_what_was_taken_back(office: Desk) -> None:
    sent = office.send(A, office.record())
    token = sent.token
    recall(office, tracking=sent.tracking)
    assert not office.services.inboxes.publish(LeaId(B), sent.tracking, token, PacketType.STUDENT_RECORD)
    assert records_in(office) == []


def test_a_recall_waits_until_the_packet_is_in_view(office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.services.inboxes, "publish", lambda *_: True)
    sent = office.send(A, office.record())
    token = sent.token
    assert office.services.inboxes.inbox_state(LeaId(B), sent.tracking, token, PacketType.STUDENT_RECORD) is (
        InboxState.STAGED
    )
    monkeypatch.undo()
    asked = office.drop(A, documents.recall(tracking=sent.tracking))
    office.round(asked)
    assert office.row(asked).state == "RECEIVED"
    finish_deliveries(office.services, LeaId(B))
    office.ahead_of_retries()
    office.work()
    assert (office.row(asked).state, records_in(office)) == ("APPLIED", [])


# a later one


def test_a_later_record_takes_the_place_of_one_that_is_not_collected(office: Desk) -> None:
    first = office.send(A, office.record())
    second = office.send(A, office.record())
    assert (office.row(first.tracking).code, second.state) == ("replaced", "DELIVERED")
    assert second.replaces == first.tracking
    assert records_in(office) == [second.tracking]
    ended = told(office, first.tracking)[-2:]
    assert [(party, said["code"]) for party, said in ended] == [(A, "replaced"), (B, "replaced")]
    assert all(second.tracking in said["means"] for _, said in ended)
    delivered = [said for _, said in told(office, second.tracking) if said["state"] == "DELIVERED"]
    assert [said["replaces"] for said in delivered] == [first.tracking] * 2
    assert all("takes the place" in said["means"] for said in delivered)
    assert case_of(office, second) is TransferState.ANSWERED
    finish_deliveries(office.services, LeaId(B))
    assert hidden(office) == []


def test_of_one_that_is_collected_the_later_one_says_so(office: Desk) -> None:
    first = office.send(A, office.record())
    office.collect(B)
    second = office.send(A, office.record())
    third = office.send(A, office.record())
    assert office.row(first.tracking).state == "COLLECTED"
    assert office.row(second.tracking).code == "replaced"
    # what the receiver has is what is replaced
    assert (second.replaces, third.replaces) == (first.tracking, first.tracking)
    office.collect(B)
    assert told(office, third.tracking)[-1][1]["replaces"] == first.tracking


def test_an_older_one_that_is_worked_later_goes_to_nobody(office: Desk) -> None:
    older, newer = office.drop(A, office.record()), office.drop(A, office.record())
    office.round(newer)
    assert office.row(newer).state == "DELIVERED"
    office.work()
    assert (office.row(older).state, office.row(older).code) == ("REFUSED", "replaced")
    assert (records_in(office), office.row(newer).replaces) == ([newer], "")
    assert [party for party, said in told(office, older) if said["state"] == "REFUSED"] == [A]


def test_two_versions_in_one_round_end_as_one(office: Desk) -> None:
    pair = [office.drop(A, office.record()), office.drop(A, office.record())]
    office.round(*pair)
    office.ahead_of_retries()
    office.work()
    older, newer = sorted(pair)
    assert (office.row(older).code, office.row(newer).replaces) == ("replaced", older)
    assert records_in(office) == [newer]


def test_what_waits_is_replaced_as_well_and_another_senders_is_not(office: Desk) -> None:
    waiting = office.send(A, office.record(to=C))
    assert (waiting.state, waiting.held_for) == ("HELD", "enrollment")
    sent = office.send(A, office.record())
    assert office.row(waiting.tracking).code == "replaced"
    office.enroll(C, office.student, date="2026-11-22")
    of_b = office.send(B, desk.record(B, office.student))
    assert (of_b.state, of_b.receiver, of_b.replaces) == ("DELIVERED", C, "")
    assert office.row(sent.tracking).state == "DELIVERED"


def test_a_record_under_a_merged_number_is_replaced_too(office: Desk) -> None:
    twin = next(STUDENTS)
    office.enroll(A, twin, date="2026-08-17")
    kept = office.enroll(B, office.student, date="2026-11-20")[0]["ssid"]
    other = office.enroll(B, twin, date="2026-11-20")[0]["ssid"]
    first = office.send(A, desk.record(A, twin))
    with writing(office.services.engine) as connection:
        now = office.services.clock()
        day = now.date().isoformat()
        registrar.merge(connection, office.services.model, kept, other, "x", "y", now.timestamp(), day, TRAVELS)
    second = office.send(A, office.record())
    assert (second.state, second.replaces) == ("DELIVERED", first.tracking)
    assert office.row(first.tracking).code == "replaced"


# the record store


def backpack(office: Desk, hours_ago: float, **more: Any) -> PacketRow:
    created = (office.services.clock() - timedelta(hours=hours_ago)).isoformat(timespec="seconds")
    row = office.send(A, documents.backpack(**{"from": A, "student": office.student, "created": created} | more))
    assert row.state == "APPLIED", row.code
    return row


def held(office: Desk, row: PacketRow) -> list[str]:
    with reading(office.services.engine) as connection:
        return [one.tracking for one in backpacks.current(connection, row.ssid)]


def test_a_backpack_taken_back_makes_the_one_before_it_count_again(office: Desk) -> None:
    first, second = backpack(office, 3), backpack(office, 2)
    assert held(office, first) == [second.tracking]
    assert recall(office, tracking=second.tracking, why="wrong-student").state == "APPLIED"
    assert held(office, first) == [first.tracking]
    assert office.row(second.tracking).state == "APPLIED"  # that it was stored stays true
    with reading(office.services.engine) as connection:
        logged = [one for one in disclosures.about(connection, first.ssid) if one.action == "recall"]
    # the part that was sent after the student comes back with it
    (copy,) = [one for one in sent_to(office, B) if office.row(one).code == "recalled"]
    assert sorted((one.tracking, one.what, one.purpose) for one in logged) == [
        (tracking, "backpack", "wrong-student") for tracking in sorted((second.tracking, copy))
    ]
    # once; and what comes afterwards goes by what counts
    assert recall(office, tracking=second.tracking).code == "unknown-tracking"
    third = backpack(office, 1)
    assert held(office, first) == [third.tracking]
    with reading(office.services.engine) as connection:
        ends = {one.tracking: one.ended_by for one in backpacks.versions(connection, first.ssid)}
    assert (ends[first.tracking], ends[third.tracking]) == (third.tracking, "")


def test_a_backpack_in_the_middle_taken_back_changes_nothing_of_what_counts(office: Desk) -> None:
    rows = [backpack(office, hours) for hours in (3, 2, 1)]
    recall(office, tracking=rows[1].tracking)
    assert held(office, rows[0]) == [rows[2].tracking]
    recall(office, tracking=rows[2].tracking)
    assert held(office, rows[0]) == [rows[0].tracking]  # and not the one taken back before
    recall(office, tracking=rows[0].tracking)
    assert held(office, rows[0]) == []


def test_a_part_that_was_forwarded_comes_back_with_it_and_one_collected_does_not(office: Desk) -> None:
    stored = backpack(office, 2)
    office.enroll(C, office.student, date="2026-11-22")
    (copy,) = office.inbox(C, "backpack")
    assert recall(office, tracking=copy).state == "APPLIED"  # by whichever of its numbers
    assert (office.inbox(C, "backpack"), office.row(copy).code) == ([], "recalled")
    assert held(office, stored) == []

    again = backpack(office, 1)
    request = documents.record_request(**{"from": C, "student": office.student})
    assert office.send(C, request).state == "APPLIED"
    office.collect(C)
    (copy,) = [one for one in sent_to(office, C) if office.row(one).state == "COLLECTED" and one > again.tracking]
    assert recall(office, tracking=copy).code == "collected-already"
    assert held(office, stored) == [again.tracking]
    assert recall(office, tracking=again.tracking).state == "APPLIED"
    assert (held(office, stored), office.row(copy).state) == ([], "COLLECTED")


def sent_to(office: Desk, lea: str) -> list[str]:
    with reading(office.services.engine) as connection:
        query = select(packets.c.tracking).where(packets.c.receiver == lea, packets.c.type == "backpack")
        return [row[0] for row in connection.execute(query.order_by(packets.c.tracking))]


# over PostgreSQL


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with postgres.server() as url:
        made = Desk(tmp_path_factory.mktemp("postgresql"), A, B, ledger_url=url)
        made.student = next(STUDENTS)
        made.enroll(A, made.student, date="2026-08-17")
        made.enroll(B, made.student, date="2026-11-20")
        yield made
        made.services.engine.dispose()


def test_with_several_writers_the_same_holds(branch: Desk) -> None:
    first = branch.send(A, branch.record())
    second = branch.send(A, branch.record())
    assert (branch.row(first.tracking).code, second.replaces) == ("replaced", first.tracking)
    assert recall(branch, tracking=second.tracking).state == "APPLIED"
    assert (branch.row(second.tracking).code, records_in(branch)) == ("recalled", [])
    finish_deliveries(branch.services, LeaId(B))
    assert hidden(branch) == []


def test_two_writers_do_not_deliver_two_versions_at_once_nor_wait_for_each_other(branch: Desk) -> None:
    ssid = branch.enroll(B, branch.student, date="2026-11-20")[0]["ssid"]
    tracking = branch.drop(A, branch.record())
    with writing(branch.services.engine) as other:
        assert corrections.take_in_hand(other, {ssid}) == {ssid}
        branch.round(tracking)
        assert branch.row(tracking).state in ("RECEIVED", "ADMITTED", "ROUTED")
        assert hidden(branch) == []
    branch.ahead_of_retries()
    branch.work()
    assert branch.row(tracking).state == "DELIVERED"


def test_what_is_being_taken_back_is_not_shown_again_before_that_is_decided(branch: Desk) -> None:
    sent = branch.send(A, branch.record())
    token = sent.token
    done = threading.Event()

    def sweeps() -> None:
        finish_deliveries(branch.services, LeaId(B))
        done.set()

    with writing(branch.services.engine) as connection:
        row = corrections.locked(connection, sent.tracking)
        assert row is not None
        taker = row._replace(claim="another")
        assert withdraw.refuse(branch.services, connection, row, Refused("recalled"), taker)
        sweeper = threading.Thread(target=sweeps)
        sweeper.start()
        assert not done.wait(0.3)
        assert f".{sent.tracking}.{token}-back.tmp" in hidden(branch)
    sweeper.join(30)
    assert (done.is_set(), hidden(branch), branch.row(sent.tracking).state) == (True, [], "REFUSED")
    assert sent.tracking not in records_in(branch)
