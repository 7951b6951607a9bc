"""Packets opened by the reader: a real process beside, an exchange's own home, sealed packets."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from broker import wiring
from broker.core.model import LeaId
from broker.edge.home.outbox import Odd
from broker.edge.pgp import openpgp
from broker.formats import canonical
from broker.formats.opening import Circumstances, Failed, Outcome, Read, Rejected, Sealed, outcome_of
from broker.formats.reader import Inside
from broker.formats.reader_beside import Beside
from broker.formats.ssid.lines import Sheet
from broker.processes import reader
from broker.stages import intake
from tests.support import craft, desk, documents, sheets
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


def test_a_stranger_and_another_lea_are_told_apart_by_the_ledger(office: Office) -> None:
    document = desk.enrollment(A, *desk.children(1))
    office.exchange.drop(A, "by-another.pgp", sealed(office, document, B))
    found = [one for one in office.services.outboxes.scan(LeaId(A)) if not isinstance(one, Odd)]
    (tracking,) = intake.run(office.services, LeaId(A), found)
    office.work()
    assert office.row(tracking).code == "wrong-signer"
