"""A sender takes a packet back that lies in an inbox: whoever was first counts."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest

from broker.core.codes import CODES
from broker.core.model import LeaId
from broker.core.transfer import TransferState
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import disclosures
from broker.edge.settings.values import Sftp
from broker.edge.sftp.server.server import SftpServer
from broker.processes.sftp import LedgerHost
from broker.stages import collect, withdraw
from broker.stages.sweep.collected import notice_collected
from broker.stages.sweep.deliveries import finish_deliveries
from tests.support import desk, documents
from tests.support.recalled import A, B, C, Desk, case_of, hidden, recall, records_in, told, with_another_student
from tests.support.ssh import hang_up, make_key


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("office"), A, B, C)


@pytest.fixture
def office(building: Desk) -> Desk:
    return with_another_student(building)


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
