"""A key by itself as a document: what is taken for one, and what comes of it."""

import base64
from datetime import UTC, datetime

import pytest

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge.pgp import keyring, validity
from broker.formats import key_block

LEA = LeaId("01")
SECRET = keyring.generate("LEA 01", "cv25519", datetime(2026, 11, 1, tzinfo=UTC), None)
PUBLIC = keyring.public(SECRET)
MOST = 65_536


@pytest.mark.parametrize("content", [PUBLIC, validity.binary(PUBLIC), b"\r\n" + PUBLIC, PUBLIC.replace(b"\n", b"\r\n")])
def test_a_key_in_whichever_form(content: bytes) -> None:
    assert key_block.is_key(content)
    found = key_block.read(content, LEA, MOST)
    assert (found["packet"], found["from"], found["created"][:10]) == ("key-rotation.v1", "01", "2026-11-01")
    assert base64.b64decode(found["certificate"]) == validity.binary(PUBLIC)
    assert key_block.read(content, LEA, MOST) == found
    assert key_block.read(content, LeaId("02"), MOST)["id"] != found["id"]


def test_a_bare_revocation() -> None:
    made = keyring.revocation(SECRET, datetime(2026, 11, 20, tzinfo=UTC))
    assert key_block.is_key(made)
    assert key_block.read(made, LEA, MOST)["created"][:10] == "2026-11-20"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"packet": "key-rotation.v1"}',
        "\u0160kola,name\n1,2\n".encode(),  # its first octet is that of a key packet, too
        "\u01a0a\n".encode(),
        b"SSID,NAME\n",
        b"<?xml version='1.0'?>",
        b"-----BEGIN PGP MESSAGE-----\n",
        b"a -----BEGIN PGP PUBLIC KEY BLOCK-----\n",
    ],
)
def test_what_is_none(content: bytes) -> None:
    assert not key_block.is_key(content)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (SECRET, "key-secret"),
        (validity.binary(SECRET), "key-secret"),
        (PUBLIC + b"and more", "key-unreadable"),
        (PUBLIC + PUBLIC, "key-unreadable"),
        (validity.binary(PUBLIC) * 2, "key-unreadable"),
        (validity.binary(PUBLIC)[:-3], "key-unreadable"),
        (b"\x99", "key-unreadable"),
        (b"\x99" + bytes(MOST), "key-unreadable"),
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----\n", "key-unreadable"),
    ],
)
def test_what_cannot_be_a_public_key(content: bytes, code: str) -> None:
    assert key_block.is_key(content)
    with pytest.raises(Refused) as refused:
        key_block.read(content, LEA, MOST)
    assert refused.value.code == code
