"""What a file is that somebody wants to send: from its bytes alone, whatever they are."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.files.outgoing import Kind, recognise
from broker.edge.pgp import keyring, openpgp

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SECRET = keyring.generate("A <a@b.example>", "cv25519", NOW, None)
PUBLIC = keyring.public(SECRET)
KEY = openpgp.load_secret(SECRET)
SEALED = openpgp.seal(b'{"packet": "x"}', KEY, [PUBLIC])
CLEAR = {
    "json": b'{"packet": "enrollment.v1"}',
    "csv": b"Request Type,School Year\nNew,2027\n",
    "csv that begins with a letter like a packet": "École,Année\n".encode(),
    "utf-16": '{"packet"}'.encode("utf-16"),
    "latin-1": "École".encode("latin-1"),
    "latin-1 that begins like a sealed file": ("Álvarez,Ana,2012-03-04\n" * 40).encode("latin-1"),
    "text of another alphabet": "Школа,Год\n".encode(),
    "a workbook": b"PK\x03\x04" + bytes(100),
    "an old workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(200),
    "a photograph": b"\xff\xd8\xff\xe0" + bytes(200),
    "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "gzip": b"\x1f\x8b\x08\x00" + bytes(50),
    "zeros": bytes(50),
    "text about PGP": b"see -----BEGIN PGP MESSAGE-----",
}


@pytest.mark.parametrize("name", CLEAR)
def test_what_lies_in_the_clear(name: str) -> None:
    assert recognise(CLEAR[name]).kind is Kind.CLEAR


@pytest.mark.parametrize("content", [SEALED, openpgp.armor.enarmor("MESSAGE", SEALED).encode()])
def test_what_is_sealed(content: bytes) -> None:
    found = recognise(content)
    info = keyring.inspect(PUBLIC, NOW)
    assert found.kind is Kind.SEALED
    assert found.is_for(info.all_key_ids)
    assert found.key_ids == info.encryption_key_ids
    assert not found.is_for(("0123456789ABCDEF",))


def test_what_hides_whom_it_is_for_may_be_for_anybody() -> None:
    hidden = bytearray(SEALED)
    at = hidden.index(bytes.fromhex(recognise(SEALED).key_ids[0]))
    hidden[at : at + 8] = bytes(8)
    assert recognise(bytes(hidden)).is_for(("0123456789ABCDEF",))


RECEIPT = openpgp.clearsign(json.dumps({"receipt": "receipt.v1"}), KEY).encode()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", Kind.EMPTY),
        (b" \r\n\t", Kind.EMPTY),
        (PUBLIC, Kind.PUBLIC_KEY),
        (SECRET, Kind.SECRET_KEY),
        (bytes(openpgp.armor.dearmor(PUBLIC)[1]), Kind.PUBLIC_KEY),
        (bytes(openpgp.armor.dearmor(SECRET)[1]), Kind.SECRET_KEY),
        (RECEIPT, Kind.RECEIPT),
        (openpgp.clearsign("hello", KEY).encode(), Kind.SIGNED),
        (RECEIPT[RECEIPT.index(b"-----BEGIN PGP SIGNATURE") :], Kind.SIGNATURE),
        (SEALED[:-20], Kind.CUT_SHORT),
        (openpgp.armor.enarmor("MESSAGE", SEALED).encode()[:-40], Kind.CUT_SHORT),
        (openpgp.armor.enarmor("MESSAGE", SEALED).encode() + b"-- \nJo Larsen\n", Kind.BROKEN),
        (openpgp.armor.enarmor("MESSAGE", b"").encode(), Kind.CUT_SHORT),
        (openpgp.armor.enarmor("MESSAGE", b"no packet").encode(), Kind.CLEAR),
        (openpgp.armor.enarmor("PUBLIC KEY BLOCK", b"").encode(), Kind.PUBLIC_KEY),
        (SEALED + b"\x00more", Kind.BROKEN),
        (openpgp.armor.enarmor("MESSAGE", b"\x8c\x0d\x04" + bytes(11) + b"\xd2\x01\x01").encode(), Kind.PASSPHRASE),
    ],
)
def test_what_else_a_file_can_be(content: bytes, kind: Kind) -> None:
    assert recognise(content).kind is kind


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=300).map(lambda more: SEALED[: len(more)] + more)))
def test_any_bytes_are_something(content: bytes) -> None:
    assert recognise(content).kind in Kind
    assert recognise(b"-----BEGIN PGP MESSAGE-----\n\n" + content).kind in Kind
