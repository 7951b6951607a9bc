"""The two shapes of a sealed packet: envelope outside, letter inside; and decompression that stops."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.errors import Refused
from broker.core.openpgp import frames, message
from broker.core.openpgp.frames import packet
from broker.core.openpgp.message import Bounds
from tests.support.craft import compressed, in_parts, literal, squeezed

BOUNDS = Bounds(content=4_000_000, ratio=100, floor=100_000, packets=64)
KEY = packet(frames.PKESK, b"\x03" + bytes(range(8)) + b"\x12" + bytes(40))
BODY = packet(frames.SEIPD, b"\x01" + bytes(60))
ONE_PASS = packet(frames.ONE_PASS, bytes(13))
SIGNATURE = packet(frames.SIGNATURE, b"\x04" + bytes(70))
SIGNED = ONE_PASS + literal(b"content") + SIGNATURE
MARKER = packet(frames.MARKER, b"PGP")


def envelope_code(data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        message.envelope(memoryview(data), 64, 4)
    return refused.value.code


def letter_code(data: bytes, bounds: Bounds = BOUNDS) -> str:
    with pytest.raises(Refused) as refused:
        message.letter(memoryview(data), bounds)
    return refused.value.code


def test_envelope() -> None:
    found = message.envelope(memoryview(KEY + KEY + BODY), 64, 4)
    assert [one.key_id for one in found.keys] == ["0001020304050607"] * 2
    assert found.keys[0].algorithm == 18
    assert bytes(found.packet) == BODY
    assert b"".join(found.parts) == bytes(60)


@given(st.integers(9, 12), st.binary(min_size=60, max_size=9000))
def test_envelope_in_parts(power: int, text: bytes) -> None:
    body = in_parts(frames.SEIPD, b"\x01" + text, power)
    found = message.envelope(memoryview(KEY + body), 64, 4)
    assert b"".join(found.parts) == text
    assert bytes(found.packet) == body


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "truncated"),
        (b"%PDF-1.7", "not-openpgp"),
        (b'{"packet": "student-record.v1"}', "not-openpgp"),
        (b"PK\x03\x04", "not-openpgp"),
        (b"\xef\xbb\xbfssid,name\n", "not-openpgp"),
        (b"\xff\xfes\x00s\x00i\x00d\x00", "not-openpgp"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not-openpgp"),
        (KEY, "truncated"),
        (KEY + BODY[:-1], "truncated"),
        (BODY, "bad-structure"),
        (BODY + KEY, "bad-structure"),
        (KEY + BODY + b"\n", "bad-structure"),
        (KEY + BODY + BODY, "bad-structure"),
        (KEY + BODY + KEY + BODY, "bad-structure"),
        (KEY + BODY + literal(b"x"), "bad-structure"),
        (KEY * 5 + BODY, "bad-structure"),
        (MARKER + KEY + BODY, "bad-structure"),
        (KEY + MARKER + BODY, "bad-structure"),
        (packet(frames.PUBLIC_KEY, bytes(60)), "bad-structure"),
        (packet(frames.PKESK, b"\x03") + BODY, "bad-structure"),
        (KEY + bytes([0x80 | frames.SEIPD << 2 & 0x3C | 3]) + b"\x01" + bytes(60), "bad-structure"),
        (packet(frames.SECRET_KEY, bytes(60)), "key-secret"),
        (packet(frames.SKESK, bytes(13)) + BODY, "password-sealed"),
        (packet(frames.SKESK, bytes(13)) + KEY + BODY, "password-sealed"),
        (KEY + packet(frames.SKESK, bytes(13)) + BODY, "password-sealed"),
        (KEY + BODY + packet(frames.SKESK, bytes(13)), "password-sealed"),
        (KEY + packet(frames.SED, bytes(60)), "no-integrity"),
        (packet(frames.SED, bytes(60)), "no-integrity"),
        (KEY + packet(frames.AEAD, b"\x01" + bytes(60)), "unsupported-encryption"),
        (KEY + packet(frames.SEIPD, b"\x02" + bytes(60)), "unsupported-encryption"),
        (KEY + packet(frames.SEIPD, b""), "unsupported-encryption"),
        (packet(frames.PKESK, b"\x06" + bytes(60)) + BODY, "unsupported-encryption"),
        (packet(frames.PKESK, b"\x02" + bytes(60)) + BODY, "unsupported-encryption"),
        (KEY + packet(frames.SEIPD, b"\x01" + bytes(39)), "damaged"),
        (literal(b"in the clear"), "not-sealed"),
        (SIGNED, "not-sealed"),
        (SIGNATURE, "not-sealed"),
        (compressed(literal(b"in the clear"), 2), "not-sealed"),
        (b"\xa3\x01" + squeezed(SIGNED, 1), "not-sealed"),  # as `gpg --sign` writes it: without a length
        (KEY + literal(b"x"), "not-sealed"),
    ],
)
def test_not_an_envelope(data: bytes, expected: str) -> None:
    assert envelope_code(data) == expected


@pytest.mark.parametrize("algorithm", [1, 2, 3])
@pytest.mark.parametrize("wrap", [packet, in_parts, lambda tag, body: bytes([0x80 | tag << 2 | 3]) + body])
def test_letter_compressed(algorithm: int, wrap: object) -> None:
    assert callable(wrap)
    data = wrap(frames.COMPRESSED, bytes([algorithm]) + squeezed(SIGNED, algorithm))
    found = message.letter(memoryview(data), BOUNDS)
    assert found == (b"content", (b"\x04" + bytes(70),))


@given(st.binary(max_size=5000), st.sampled_from([b"b", b"t", b"u"]), st.integers(0, 255))
def test_letter_plain(content: bytes, kind: bytes, name: int) -> None:
    body = kind + bytes([name]) + bytes(name) + bytes(4) + content
    data = ONE_PASS * 2 + in_parts(frames.LITERAL, body) + SIGNATURE * 2
    assert message.letter(memoryview(data), BOUNDS) == (content, (b"\x04" + bytes(70),) * 2)


@pytest.mark.parametrize("algorithm", [1, 2, 3])
def test_padding_after_compressed_data(algorithm: int) -> None:
    data = packet(frames.COMPRESSED, bytes([algorithm]) + squeezed(SIGNED, algorithm) + bytes(3_000_000))
    assert message.letter(memoryview(data), BOUNDS).content == b"content"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "bad-structure"),
        (b"plain", "bad-structure"),
        (literal(b"x"), "unsigned"),
        (compressed(literal(b"x"), 2), "unsigned"),
        (ONE_PASS + literal(b"x"), "bad-structure"),
        (literal(b"x") + SIGNATURE, "bad-structure"),
        (SIGNATURE + literal(b"x"), "bad-structure"),
        (ONE_PASS + SIGNATURE, "bad-structure"),
        (SIGNED + SIGNED, "bad-structure"),
        (ONE_PASS + literal(b"x") + literal(b"y") + SIGNATURE, "bad-structure"),
        (ONE_PASS * 9 + literal(b"x") + SIGNATURE * 9, "bad-structure"),
        (ONE_PASS * 40 + literal(b"x") + SIGNATURE * 40, "bad-structure"),
        (MARKER + SIGNED, "bad-structure"),
        (SIGNED + MARKER, "bad-structure"),
        (ONE_PASS + MARKER + literal(b"x") + SIGNATURE, "bad-structure"),
        (ONE_PASS + compressed(literal(b"x"), 2) + SIGNATURE, "bad-structure"),
        (compressed(compressed(SIGNED, 2), 2), "bad-structure"),
        (compressed(SIGNED, 2) + SIGNED, "bad-structure"),
        (compressed(SIGNED, 0), "bad-structure"),
        (compressed(SIGNED, 9), "bad-structure"),
        (packet(frames.COMPRESSED, b""), "bad-structure"),
        (compressed(KEY + BODY, 2), "bad-structure"),
        (SIGNED[:-1], "bad-structure"),
        (compressed(SIGNED[:-1], 2), "bad-structure"),
        (ONE_PASS + packet(frames.LITERAL, b"b\x09abc") + SIGNATURE, "bad-structure"),
        (ONE_PASS + packet(frames.LITERAL, b"") + SIGNATURE, "bad-structure"),
        (ONE_PASS + literal(b"x", b"l") + SIGNATURE, "bad-structure"),
        (packet(frames.COMPRESSED, b"\x02" + zlib.compress(SIGNED)[:-1]), "damaged"),
        (packet(frames.COMPRESSED, b"\x02no zlib"), "damaged"),
        (packet(frames.COMPRESSED, b"\x03no bzip2"), "damaged"),
        (packet(frames.COMPRESSED, b"\x01\xff\xff"), "damaged"),
    ],
)
def test_not_a_letter(data: bytes, expected: str) -> None:
    assert letter_code(data) == expected


@pytest.mark.parametrize("algorithm", [1, 2, 3])
def test_a_small_bomb_stops_at_the_floor(algorithm: int) -> None:
    bomb = compressed(ONE_PASS + literal(bytes(200_000)) + SIGNATURE, algorithm)
    assert len(bomb) < 1000
    assert letter_code(bomb) == "inflates-too-much"
    assert message.letter(memoryview(bomb), BOUNDS._replace(floor=300_000)).content == bytes(200_000)


def test_the_content_has_a_limit_of_its_own() -> None:
    small = BOUNDS._replace(content=1000)
    assert letter_code(ONE_PASS + literal(bytes(1001)) + SIGNATURE, small) == "too-large"
    assert letter_code(compressed(ONE_PASS + literal(bytes(1001)) + SIGNATURE, 2), small) == "inflates-too-much"
    assert len(message.letter(memoryview(SIGNED), small).content) == 7


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes) -> None:
    for code in (envelope_code(data), letter_code(data)):
        assert code != "empty-file"


@given(st.integers(0, 200), st.binary(min_size=1, max_size=4))
def test_changed_letters_are_letters_or_refused(at: int, put: bytes) -> None:
    changed = SIGNED[:at] + put + SIGNED[at + len(put) :]
    code = ""
    try:
        message.letter(memoryview(changed), BOUNDS)
    except Refused as refused:
        code = refused.code
    assert code in {"", "bad-structure", "unsigned", "damaged"}
