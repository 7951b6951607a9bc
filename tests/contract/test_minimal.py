"""The published form of a key: bounded, without what proves nothing, and still good for gpg."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from broker.core import frames, signatures
from broker.edge import keyring, minimal, openpgp, validity
from tests.support import craft
from tests.support.gpg import Gpg

NOW = datetime.now(UTC)
NAME = "Mesa School District <m@mesa.example>"
SECRET = keyring.generate(NAME, "cv25519", NOW, None)
OWN = craft.packets(validity.binary(keyring.public(SECRET)))
OTHER = craft.packets(validity.binary(keyring.public(keyring.generate("Other", "cv25519", NOW, None))))


@pytest.fixture
def gpg() -> Iterator[Gpg]:
    with Gpg() as made:
        yield made


def tags(shown: str) -> list[int]:
    return [tag for tag, _ in craft.packets(validity.binary(shown.encode()))]


def published(packets: list[tuple[int, bytes]], user_id: str | None = NAME) -> str:
    return minimal.published(craft.joined(packets), None if user_id is None else user_id.encode())


def certified(more: bytes, user_id: bytes = NAME.encode()) -> tuple[int, bytes]:
    """A further self-signature of a user id, with these signed subpackets."""
    primary = b"\x99" + len(OWN[0][1]).to_bytes(2, "big") + OWN[0][1]
    signed = primary + b"\xb4" + len(user_id).to_bytes(4, "big") + user_id
    return frames.SIGNATURE, craft.signature(SECRET, 0x13, signed, more)


def notation(size: int) -> bytes:
    body = b"\x00\x00\x00\x00" + (3).to_bytes(2, "big") + size.to_bytes(2, "big") + b"a@b" + b"x" * size
    return b"\xff" + (len(body) + 1).to_bytes(4, "big") + b"\x14" + body


def test_an_honest_key_is_published_as_it_is() -> None:
    shown = published(OWN)
    assert tags(shown) == [tag for tag, _ in OWN]
    assert keyring.check(shown.encode(), datetime.now(UTC)).fingerprint == openpgp.load_secret(SECRET).fingerprint
    assert minimal.published(shown.encode(), NAME.encode()) == shown  # and that again is the same


def test_without_a_user_id_no_gpg_takes_it_in(gpg: Gpg) -> None:
    shown = published(OWN, None)
    assert frames.USER_ID not in tags(shown)
    _, status = gpg.run("--import", stdin=shown.encode())
    assert "no user ID" in status
    assert "IMPORT_OK" not in status


def test_nobodys_key_fills_everybodys_folder(gpg: Gpg) -> None:
    """Neither by many signatures, nor by large ones, nor by many subkeys."""
    many = [certified(notation(2000 + number)) for number in range(150)]
    large = [certified(notation(30_000))]
    keys = [keyring.generate("x", "cv25519", NOW, None) for _ in range(6)]
    subkeys = [
        one
        for key in keys
        for _ in range(9)
        for one in craft.binding(
            SECRET, next(b for t, b in craft.packets(validity.binary(keyring.public(key))) if t == 14), 0x0C
        )
    ]
    whole = [*OWN[:3], *many, *large, *OWN[3:], *subkeys]
    shown = published(whole)
    assert len(shown) < 128 * 1024
    gpg.import_(shown.encode())
    signed = openpgp.clearsign("hello\n", openpgp.load_secret(SECRET)).encode()
    assert f'Good signature from "{NAME}"' in gpg.verify(signed)


def test_a_user_id_that_its_owner_keeps_to_itself_is_not_shown() -> None:
    local = bytes([2, 4, 0])
    whole = [OWN[0], (frames.USER_ID, NAME.encode()), certified(local)]
    assert minimal.user_ids(craft.joined(whole), datetime.now(UTC)) == []
    both = [OWN[0], OWN[1], certified(local), OWN[2]]
    assert [one.text for one in minimal.user_ids(craft.joined(both), datetime.now(UTC))] == [NAME]
    assert tags(published(both)) == [frames.PUBLIC_KEY, frames.USER_ID, frames.SIGNATURE]


def test_a_user_id_signature_that_has_ended_does_not_count() -> None:
    ended = bytes([5, 3]) + (1).to_bytes(4, "big")
    whole = [OWN[0], (frames.USER_ID, NAME.encode()), certified(ended)]
    assert minimal.user_ids(craft.joined(whole), datetime.now(UTC) + timedelta(seconds=5)) == []


@pytest.mark.parametrize("flags", [0, 0x20, signatures.SIGN, signatures.SIGN | 0x0C, 0x01])
def test_a_subkey_that_proves_nothing_is_not_shown(flags: int) -> None:
    for body in (OTHER[0][1], next(body for tag, body in OTHER if tag == frames.PUBLIC_SUBKEY)):
        assert tags(published([*OWN, *craft.binding(SECRET, body, flags)])) == [tag for tag, _ in OWN]


def test_a_signing_key_is_not_shown_as_one_to_encrypt_to() -> None:
    assert tags(published([*OWN, *craft.binding(SECRET, OTHER[0][1], 0x0C)])) == [tag for tag, _ in OWN]


def test_what_follows_the_numbers_of_a_signature_is_gone() -> None:
    loud = [(tag, body + b"\x00\x08slipped in" if tag == frames.SIGNATURE else body) for tag, body in OWN]
    if keyring.inspect(craft.joined(loud), datetime.now(UTC)).fault is None:
        assert b"slipped in" not in validity.binary(published(loud).encode())


def test_a_revocation_is_shown() -> None:
    whole = keyring.merge(keyring.public(SECRET), keyring.revocation(SECRET, datetime.now(UTC)))
    shown = minimal.published(whole, NAME.encode())
    assert keyring.inspect(shown.encode(), datetime.now(UTC)).fault == "key-revoked"
