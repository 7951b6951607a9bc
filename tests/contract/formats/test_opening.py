"""Packets opened by the reader: a real process beside, an exchange's own stages, and what becomes of each packet."""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from broker import wiring
from broker.core.lanes import BULK, COSTLY, EXPRESS
from broker.core.model import LeaId, Sha256
from broker.edge.home.outbox import Odd
from broker.edge.ledger.engine import reading
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.pgp import openpgp
from broker.formats import canonical
from broker.formats.opening import Circumstances, Failed, Outcome, Read, Rejected, Sealed, outcome_of
from broker.formats.reader import Inside
from broker.formats.reader_beside import Beside
from broker.formats.ssid.lines import Sheet
from broker.packets import opening
from broker.packets.round import RoundFacts
from broker.packets.services import Services
from broker.processes import reader
from broker.stages import admit, intake
from broker.stages.sweep.standing import enqueue_costly
from tests.support import craft, desk, documents, hostile, sheets
from tests.support.office import Office

A, B = "01", "02"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, A, B)
    yield made
    made.services.engine.dispose()


@pytest.fixture
def beside(office: Office) -> Iterator[Beside]:
    made = wiring.reader(office.services.settings)
    yield made
    made.warden.close()


def sealed(office: Office, content: Mapping[str, Any] | bytes, signer: str = A) -> bytes:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return openpgp.seal(data, openpgp.load_secret(office.leas[signer].secret), [office.exchange.certificate])


def around(office: Office) -> Circumstances:
    return Circumstances(datetime.now(UTC), {lea: [made.certificate] for lea, made in office.leas.items()})


def both(office: Office, beside: Beside, *some: Sealed) -> list[Outcome]:
    """What the process beside says of these; the same reading in this process says the same."""
    inside = Inside(reader.desk(office.services.settings))
    circumstances = around(office)
    found = beside.read(circumstances, some)
    assert found == inside.read(circumstances, some)
    return [found[number] for number in range(len(some))]


def test_a_reader_beside_says_what_one_inside_says(office: Office, beside: Beside) -> None:
    csv = f"{sheets.HEADER}\n{sheets.ANA}\nNew,,,,,,,,\n".encode()
    enrollment = desk.enrollment(A, *desk.children(3))
    some = [
        Sealed(sealed(office, enrollment), "a.pgp", A),
        Sealed(sealed(office, csv), sheets.NAME, A),
        Sealed(sealed(office, {"packet": "x"}), "b.pgp", A),
        Sealed(sealed(office, enrollment, B), "c.pgp", A),
        Sealed(b"no message", "d.pgp", A),
        Sealed(b"", "e.pgp", A),
        Sealed(craft.enclose(craft.literal(b"x"), office.exchange.certificate), "f.pgp", A),
    ]
    read, table, *refused = both(office, beside, *some)
    assert isinstance(read, Read)
    assert isinstance(table, Read)
    assert read.document == enrollment
    assert read.digest == reader.desk(office.services.settings).digest(json.dumps(enrollment).encode())
    assert isinstance(table.document["sheet"], Sheet)
    assert [unread.line for unread in table.document["sheet"].unread] == [3]
    codes = [one.code for one in refused if isinstance(one, Rejected)]
    assert codes == ["unknown-type", "unknown-signer", "not-openpgp", "empty-file", "unsigned"]
    assert isinstance(refused[1], Rejected)
    (stranger,) = refused[1].strangers
    assert openpgp.load_secret(office.leas[B].secret).fingerprint.endswith(stranger)


def test_the_session_key_of_a_packet_is_told_by_itself(office: Office, beside: Beside) -> None:
    content = sealed(office, documents.record())
    whole, known = both(office, beside, Sealed(content, "a", A), Sealed(content, "a", A, is_known=True))
    assert isinstance(known, Read)
    assert (known.document, known.digest) == ({}, "")
    assert isinstance(whole, Read)
    assert whole.session == known.session


@pytest.mark.parametrize("document", [documents.record(3), documents.backpack()], ids=["record", "backpack"])
def test_of_a_record_that_travels_the_worker_sees_only_the_label(
    office: Office, beside: Beside, document: dict[str, Any]
) -> None:
    (found,) = both(office, beside, Sealed(sealed(office, document | {"from": A}), "a", A))
    assert isinstance(found, Read), found
    assert not found.document.keys() & {"record", "transcript", "backpack", "content", "attachments"}
    assert found.document["student"] == document["student"]


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b"{}",
        b'{"refused":["no-such-code","",""],"strangers":[]}',
        b'{"refused":1,"strangers":[]}',
        b'{"session":[9,"zz"],"document":{}}',
        b'{"session":[9,"00"],"document":[1]}',
        b'{"session":[9,"00"],"document":{"sheet":{"unread":[{"__class__":1}]}},"digest":"","signing_key":""}',
        b"[" * 100_000,
        b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    ],
)
def test_an_answer_that_no_reader_can_have_written_is_a_failure(said: bytes) -> None:
    assert outcome_of(said) == Failed("the answer cannot be read")


def test_a_parser_without_room_is_no_fault_of_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_room(_content: bytes) -> object:
        raise json.JSONDecodeError("Not enough memory to allocate buffer for parsing", "", 0)

    monkeypatch.setattr(canonical.orjson, "loads", without_room)
    with pytest.raises(MemoryError):
        canonical.parse(b"{}", 5)


class Town:
    """An exchange whose worker, and whose worker for what is costly, have readers of their own, with these limits."""

    def __init__(self, office: Office, **limits: Any) -> None:
        chosen = office.services.settings
        self.office = office
        settings = replace(chosen, limits=replace(chosen.limits, **limits))
        self._readers = [wiring.reader(settings, is_patient=is_patient) for is_patient in (False, True)]
        self.usual, self.patient = (replace(office.services, settings=settings, reader=one) for one in self._readers)

    def close(self) -> None:
        for one in self._readers:
            one.warden.close()

    def admit(self, services: Services, *trackings: str) -> list[tuple[str, str, int, int]]:
        """Admit these; state, code, lane and attempts of each."""
        admit.run(services, trackings)
        rows = [self.office.row(one) for one in trackings]
        return [(row.state, row.code, row.lane, row.attempts) for row in rows]


@pytest.fixture
def town(office: Office) -> Iterator[Town]:
    made = Town(office, read_first_cpu_seconds=0.1, read_cpu_seconds=0.3)
    yield made
    made.close()


NAMES = hostile.DOCUMENTS["names with escaped colons"]


def test_a_costly_packet_is_put_aside_and_its_leas_others_go_behind(town: Town) -> None:
    drop = town.office.drop
    before = drop(A, desk.enrollment(A, *desk.children(1)))
    costly = drop(A, NAMES())
    behind = drop(A, desk.enrollment(A, *desk.children(1, 1)))
    other = drop(B, desk.enrollment(B, *desk.children(1, 2)))
    assert town.admit(town.usual, before, costly, behind, other) == [
        ("APPLIED", "", EXPRESS, 0),
        ("RECEIVED", "", COSTLY, 0),
        ("RECEIVED", "", BULK, 0),
        ("APPLIED", "", EXPRESS, 0),
    ]
    later = drop(A, desk.enrollment(A, *desk.children(1, 3)))  # came into the express lane meanwhile
    assert town.admit(town.usual, later) == [("RECEIVED", "", BULK, 0)]
    assert town.admit(town.usual, later, behind) == [("APPLIED", "", BULK, 0)] * 2
    assert town.admit(town.usual, costly) == [("RECEIVED", "", COSTLY, 0)]  # told of by mistake
    assert town.admit(town.patient, costly) == [("REFUSED", "too-costly", COSTLY, 0)]
    assert town.office.services.vault.has(Sha256(town.office.row(costly).sha256))
    with reading(town.office.services.engine) as connection:
        assert packets.with_costly(connection) == set()


@pytest.mark.long
def test_many_packets_that_are_each_within_the_bound_have_one_turn_together(office: Office) -> None:
    """The faults of a line are looked for one after the other, in Python: it costs much, and less than the bound."""
    town = Town(office, read_first_cpu_seconds=1.0)
    try:
        many = [
            office.drop(A, desk.enrollment(A, *desk.children(1), **{f"p{n}": 1 for n in range(300_000 + extra)}))
            for extra in range(20)
        ]
        other = office.drop(B, desk.enrollment(B, *desk.children(1, 2)))
        ended = town.admit(town.usual, *many, other)
        assert ended[-1] == ("APPLIED", "", EXPRESS, 0)
        left = [one for one in ended[:-1] if one == ("RECEIVED", "", BULK, 0)]
        assert len(left) > 4, ended
        assert {one[:2] for one in ended[:-1] if one not in left} == {("REFUSED", "schema")}
        while left:  # each further turn of the LEA works some more
            before = len(left)
            left = [one for one in town.admit(town.usual, *many) if one[0] == "RECEIVED"]
            assert len(left) < before
    finally:
        town.close()


def test_of_one_leas_documents_a_round_holds_so_much_at_once(office: Office) -> None:
    """Small when they are sealed, for what they say is said again and again; in the worker's memory twenty times it."""
    town = Town(office, read_first_cpu_seconds=30.0)
    try:
        name = {"first": "A" * 90, "last": "B" * 90}
        lines = [desk.children(1)[0] | {"aliases": [name] * 16, "local_id": str(n)} for n in range(1_000)]
        many = [office.drop(A, desk.enrollment(A, *lines)) for _ in range(8)]
        other = office.drop(B, desk.enrollment(B, *desk.children(1, 2)))
        assert max(office.row(one).size for one in many) < 200_000
        held = []
        kept = opening.opened

        def counted(services: Services, facts: RoundFacts, row: PacketRow) -> Read:
            found = kept(services, facts, row)
            held.append(found.cost.size)
            return found

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(admit, "opened", counted)
            ended = town.admit(town.usual, *many, other)
        assert ended[-1] == ("APPLIED", "", EXPRESS, 0)
        assert sum(held) < 16 << 20
        assert [one[2] for one in ended[:-1]].count(BULK) >= 4
    finally:
        town.close()


def test_what_is_costly_among_others_and_not_by_itself_goes_on(office: Office) -> None:
    town = Town(office, read_first_cpu_seconds=0.05)
    try:
        document = desk.enrollment(A, *desk.children(2), note="x")
        costly = office.drop(A, json.dumps(document | {f"p{n}": 1 for n in range(100_000)}).encode())
        assert town.admit(town.usual, costly) == [("RECEIVED", "", COSTLY, 0)]
        assert town.admit(town.patient, costly) == [("REFUSED", "schema", COSTLY, 0)]
    finally:
        town.close()


def test_a_large_packet_is_read_by_itself_and_is_like_any_other_afterwards(office: Office) -> None:
    town = Town(office, read_first_bytes=1024)
    try:
        large = office.drop(A, desk.enrollment(A, *desk.children(20)))
        assert office.row(large).size > 1024
        assert town.admit(town.usual, large) == [("RECEIVED", "", COSTLY, 0)]
        office.told.standing.clear()
        assert enqueue_costly(town.usual) == 1
        assert [tracking for _, tracking in office.told.standing] == [large]
        assert enqueue_costly(town.usual) == 0  # told, and not yet begun
        assert town.admit(town.patient, large) == [("APPLIED", "", BULK, 0)]
    finally:
        town.close()


def test_a_document_that_needs_too_much_memory_is_too_costly(office: Office) -> None:
    town = Town(office, read_memory_bytes=120_000_000, read_first_cpu_seconds=30.0)
    try:
        hungry = office.drop(A, NAMES())
        assert town.admit(town.usual, hungry) == [("RECEIVED", "", COSTLY, 0)]
        assert town.admit(town.patient, hungry) == [("REFUSED", "too-costly", COSTLY, 0)]
    finally:
        town.close()


def test_a_reader_that_dies_by_itself_counts_and_the_third_time_the_packet_is_set_aside(town: Town) -> None:
    """Killed from outside each time that it has begun, as by a machine that is out of memory."""
    tracking = town.office.drop(A, NAMES())
    patient = town.patient
    assert isinstance(patient.reader, Beside)
    warden = patient.reader.warden
    stop = threading.Event()

    def kill() -> None:
        while not stop.wait(0.005):
            for pid in warden.pids[1:]:
                try:
                    if sum(psutil.Process(pid).cpu_times()[:2]) > 0.05:
                        psutil.Process(pid).kill()
                except psutil.NoSuchProcess:
                    continue

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        for attempt in (1, 2, 3):
            assert town.admit(patient, tracking) == [("RECEIVED", "", EXPRESS, attempt)]
            town.office.ahead_of_retries()
        assert town.admit(patient, tracking) == [("REFUSED", "poison", EXPRESS, 0)]
    finally:
        stop.set()
        killer.join()


def test_a_stranger_and_another_lea_are_told_apart_by_the_ledger(office: Office) -> None:
    document = desk.enrollment(A, *desk.children(1))
    office.exchange.drop(A, "by-another.pgp", sealed(office, document, B))
    found = [one for one in office.services.outboxes.scan(LeaId(A)) if not isinstance(one, Odd)]
    (tracking,) = intake.run(office.services, LeaId(A), found)
    office.work()
    assert office.row(tracking).code == "wrong-signer"
