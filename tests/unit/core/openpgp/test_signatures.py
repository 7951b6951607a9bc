"""Signature packets: what is read from which area, and what is not understood."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.errors import Refused
from broker.core.openpgp import certificates, frames, signatures

PRINT = "0123456789ABCDEF0123456789ABCDEF01234567"


def area(*subpackets: tuple[int, bytes]) -> bytes:
    """Subpackets with lengths of one octet."""
    return b"".join(bytes([len(value) + 1, kind]) + value for kind, value in subpackets)


def body(hashed: bytes, unhashed: bytes = b"") -> bytes:
    lengths = [len(one).to_bytes(2, "big") for one in (hashed, unhashed)]
    return b"\x04\x00\x16\x0a" + lengths[0] + hashed + lengths[1] + unhashed + b"\xab\xcd" + b"\x00\x08\xff"


CREATED = (2, b"\x00\x00\x10\x00")


def read(data: bytes) -> signatures.Signature:
    found = signatures.parse(data)
    assert found
    return found


def test_our_own_signature_is_read_again() -> None:
    draft = signatures.draft(signatures.TEXT, 22, 10, 1_700_000_000, PRINT)
    done = signatures.finish(draft, PRINT, bytes(64), b"\x00\x08\xff")
    found = read(done)
    assert (found.kind, found.algorithm, found.hash, found.created) == (1, 22, 10, 1_700_000_000)
    assert (found.issuer, found.values, found.hashed) == (PRINT, b"\x00\x08\xff", draft)
    assert found.trailer == signatures.trailer(draft)
    assert signatures.one_pass(done) == b"\x03\x01\x0a\x16" + bytes.fromhex(PRINT[-16:]) + b"\x01"


def test_what_decides_is_hashed() -> None:
    believed = area(CREATED, (3, b"\x00\x00\x00\x0a"), (9, b"\x00\x00\x00\x14"), (27, b"\x0c"), (25, b"\x01"))
    found = read(body(believed))
    assert (found.lifetime, found.key_lifetime, found.flags, found.primary) == (10, 20, 12, True)
    found = read(body(area(CREATED), believed))
    assert (found.lifetime, found.key_lifetime, found.flags, found.primary) == (0, 0, None, False)
    assert signatures.parse(body(b"", area(CREATED))) is None


def test_issuer() -> None:
    by_id, by_print = (16, bytes.fromhex(PRINT[-16:])), (33, b"\x04" + bytes.fromhex(PRINT))
    assert read(body(area(CREATED), area(by_id))).issuer == PRINT[-16:]
    assert read(body(area(CREATED, by_print), area(by_id))).issuer == PRINT
    assert read(body(area(CREATED))).issuer == ""
    assert read(body(area(CREATED), area(by_id))).is_from(PRINT)
    assert not read(body(area(CREATED), area(by_id))).is_from("F" * 40)


@pytest.mark.parametrize(("kind", "understood"), [(2, True), (20, False), (21, True), (100, False), (127, False)])
def test_critical_subpackets(kind: int, understood: bool) -> None:
    critical = area(CREATED, (kind | 0x80, b"\x00\x00\x10\x00"))
    assert bool(signatures.parse(body(critical))) is understood
    assert signatures.parse(body(area(CREATED, (kind, b"\x00\x00\x10\x00"))))


@pytest.mark.parametrize("size", [1, 190, 191, 192, 8000, 9000])
def test_lengths_of_subpackets(size: int) -> None:
    length = frames.header(2, size + 1)[1:]
    assert read(body(area(CREATED) + length + b"\x15" + bytes(size))).created == 0x1000
    five = b"\xff" + (size + 1).to_bytes(4, "big")
    assert read(body(area(CREATED) + five + b"\x15" + bytes(size))).created == 0x1000


@pytest.mark.parametrize("broken", [b"\x00", b"\x05\x02\x00", b"\xff\x00", b"\xc0", b"\xff\xff\xff\xff\xff\x02"])
def test_broken_areas(broken: bytes) -> None:
    assert signatures.parse(body(area(CREATED) + broken)) is None
    assert signatures.parse(body(area(CREATED), broken)) is None


def test_other_versions_and_cuts() -> None:
    whole = body(area(CREATED))
    assert all(signatures.parse(bytes([version]) + whole[1:]) is None for version in (0, 2, 3, 5, 6))
    assert all(signatures.parse(whole[:end]) is None for end in range(len(whole) - 3))


def test_alive() -> None:
    found = read(body(area(CREATED, (3, b"\x00\x00\x00\x0a"))))
    assert [found.is_alive(0x1000 + at) for at in (-1, 0, 9, 10)] == [False, True, True, False]
    assert found.is_alive(0x1000 - 5, tolerance=5)


@given(st.binary(max_size=200))
def test_random_bytes(data: bytes) -> None:
    signatures.parse(data)
    signatures.parse(b"\x04\x00\x16\x0a" + data)
    with suppress(Refused):
        certificates.parse(frames.packet(frames.PUBLIC_KEY, b"\x04" + data))


@given(st.binary(max_size=200), st.sampled_from([1, 16, 17, 18, 19, 22, 99]))
def test_public_part_of_random_secrets(data: bytes, algorithm: int) -> None:
    whole = b"\x04\x00\x00\x00\x00" + bytes([algorithm]) + data
    part = b""
    with suppress(Refused):
        part = certificates.public_part(whole)
    assert whole.startswith(part)
