"""The published form of a key: bounded, without what proves nothing, and still good for gpg."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from broker.core.openpgp import certificates, frames, signatures
from broker.edge.pgp import keyring, minimal, openpgp, validity
from tests.support import craft
from tests.support.gpg import Gpg, GpgFailed

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
    return minimal.published(craft.joined(packets), None if user_id is None else user_id.encode(), datetime.now(UTC))


def certified(more: bytes, user_id: bytes = NAME.encode(), at: float | None = None) -> tuple[int, bytes]:
    """A further self-signature of a user id, with these signed subpackets."""
    primary = b"\x99" + len(OWN[0][1]).to_bytes(2, "big") + OWN[0][1]
    signed = primary + b"\xb4" + len(user_id).to_bytes(4, "big") + user_id
    return frames.SIGNATURE, craft.signature(SECRET, 0x13, signed, more, at=at)


def notation(size: int) -> bytes:
    body = b"\x00\x00\x00\x00" + (3).to_bytes(2, "big") + size.to_bytes(2, "big") + b"a@b" + b"x" * size
    return b"\xff" + (len(body) + 1).to_bytes(4, "big") + b"\x14" + body


def test_an_honest_key_is_published_as_it_is() -> None:
    shown = published(OWN)
    assert tags(shown) == [tag for tag, _ in OWN]
    assert keyring.check(shown.encode(), datetime.now(UTC)).fingerprint == openpgp.load_secret(SECRET).fingerprint
    assert minimal.published(shown.encode(), NAME.encode(), datetime.now(UTC)) == shown  # and that again is the same


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


def _bound(flags: int, created: int = 0, local: bool = False) -> tuple[int, bytes]:
    """A younger binding of the encryption subkey."""
    signed = certificates.parse_key(OWN[0][1]).hashed + certificates.parse_key(OWN[3][1]).hashed
    area = bytes([2, 27, flags]) + (bytes([2, 4, 0]) if local else b"")
    made = craft.signature(SECRET, signatures.SUBKEY_BINDING, signed, area, at=time.time() + created)
    return frames.SIGNATURE, made


@pytest.mark.parametrize(("flags", "local"), [(0, False), (0x20, False), (signatures.SIGN, False), (0x0C, True)])
def test_what_its_owner_has_taken_from_a_subkey_no_older_signature_gives_back(
    gpg: Gpg, flags: int, local: bool
) -> None:
    shown = published([*OWN, _bound(flags, local=local)])
    assert frames.PUBLIC_SUBKEY not in tags(shown)
    gpg.import_(shown.encode())
    with pytest.raises(GpgFailed):
        gpg.seal(b"x", [openpgp.load_secret(SECRET).fingerprint], None)


def test_what_is_dated_tomorrow_is_not_shown_today() -> None:
    assert tags(published([*OWN, _bound(0, 86_400)])) == [tag for tag, _ in OWN]
    assert tags(published([*OWN[:3], certified(bytes([2, 27, 0]), at=time.time() + 86_400), *OWN[3:]])) == [
        tag for tag, _ in OWN
    ]


def test_who_else_may_revoke_it_is_not_shown(gpg: Gpg) -> None:
    """gpg would take that one's revocation, and the exchange does not."""
    revoker = bytes([23, 12, 0x80, 22]) + bytes.fromhex(certificates.parse_key(OTHER[0][1]).fingerprint)
    signed = certificates.parse_key(OWN[0][1]).hashed
    direct = (frames.SIGNATURE, craft.signature(SECRET, signatures.DIRECT, signed, revoker))
    shown = published([OWN[0], direct, *OWN[1:]])
    assert tags(shown) == [tag for tag, _ in OWN]
    gpg.import_(shown.encode())
    assert b"rvk:" not in gpg.run("--with-colons", "--list-keys")[0]


def test_a_revoked_subkey_is_shown_as_such() -> None:
    signed = certificates.parse_key(OWN[0][1]).hashed + certificates.parse_key(OWN[3][1]).hashed
    revoked = (frames.SIGNATURE, craft.signature(SECRET, signatures.SUBKEY_REVOCATION, signed))
    for more in ([revoked], [_bound(0), revoked]):
        assert keyring.inspect(published([*OWN, *more]).encode(), datetime.now(UTC)).fault == "key-revoked"


def _days(kind: int, days: int) -> bytes:
    return bytes([5, kind]) + (days * 86_400).to_bytes(4, "big")


@pytest.mark.parametrize(
    "more",
    [
        bytes([2, 27, 1, 2, 27, 3]),
        bytes([2, 27, 3, 2, 27, 1]),
        _days(9, 1) + _days(9, 3650),
        _days(9, 3650) + _days(9, 1),
        _days(3, 1) + _days(3, 3650),
        bytes([5, 2]) + bytes(4),
        bytes([2, 4, 0, 2, 4, 1]),
        bytes([2, 25, 0, 2, 25, 1]),
        bytes([6, 9, 0, 0, 1, 81, 128]),
        bytes([1, 9]),
    ],
)
def test_what_says_two_things_of_the_same_says_nothing(more: bytes) -> None:
    """gpg goes by the first, the exchange would go by the last."""
    assert minimal.user_ids(craft.joined([OWN[0], OWN[1], certified(more)]), datetime.now(UTC)) == []
    assert tags(published([*OWN[:3], certified(more), *OWN[3:]])) == [tag for tag, _ in OWN]
    twice = certified(bytes([2, 27, 3, 2, 27, 3]))
    assert minimal.user_ids(craft.joined([OWN[0], OWN[1], twice]), datetime.now(UTC)) != []


@pytest.mark.parametrize("more", [bytes([2, 27, 1, 2, 27, 3]), _days(3, 1) + _days(3, 9), bytes([1, 9])])
def test_a_revocation_counts_whatever_it_says_beside(more: bytes) -> None:
    signed = certificates.parse_key(OWN[0][1]).hashed
    revoked = (frames.SIGNATURE, craft.signature(SECRET, signatures.KEY_REVOCATION, signed, more))
    assert keyring.inspect(craft.joined([OWN[0], revoked, *OWN[1:]]), datetime.now(UTC)).fault == "key-revoked"


def test_what_follows_the_numbers_of_a_signature_is_gone() -> None:
    loud = [(tag, body + b"\x00\x08slipped in" if tag == frames.SIGNATURE else body) for tag, body in OWN]
    if keyring.inspect(craft.joined(loud), datetime.now(UTC)).fault is None:
        assert b"slipped in" not in validity.binary(published(loud).encode())


def test_a_revocation_is_shown() -> None:
    whole = keyring.merge(keyring.public(SECRET), keyring.revocation(SECRET, datetime.now(UTC)))
    shown = minimal.published(whole, NAME.encode(), datetime.now(UTC))
    assert keyring.inspect(shown.encode(), datetime.now(UTC)).fault == "key-revoked"
