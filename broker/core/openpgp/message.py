"""The allowed shape of a sealed packet, outside and inside.

Owns two shapes, narrower than RFC 4880 section 11.3: the envelope (session keys, then one encrypted body, then the end)
and the letter in it (optionally one layer of compression; one-pass signatures, one literal, signatures). Promises: a
file with another shape is refused before any library sees it, and decompression stops at a hard limit.
"""

import bz2
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from broker.core.errors import Refused
from broker.core.openpgp import frames

_NOT_AN_ENVELOPE = {
    frames.SKESK: "password-sealed",
    frames.SED: "no-integrity",
    frames.AEAD: "unsupported-encryption",
    frames.LITERAL: "not-sealed",
    frames.COMPRESSED: "not-sealed",
    frames.SIGNATURE: "not-sealed",
    frames.ONE_PASS: "not-sealed",
    frames.SECRET_KEY: "key-secret",
    frames.SECRET_SUBKEY: "key-secret",
}
# gpg writes these without a length; the tag alone is enough to refuse them
_NAMED_BY_TAG = frozenset({frames.LITERAL, frames.COMPRESSED, frames.SED})
# version, one cipher block and two octets to check, an integrity packet: RFC 4880 sections 5.13 and 5.14
_SHORTEST_BODY = 1 + 18 + 22
_HEADERS = 64 * 1024  # room for packet headers, file name and signatures beside the content
_STEP = 1 << 20
MOST_SIGNATURES = 8  # each costs a hash over the whole content


class SessionKey(NamedTuple):
    """A public-key encrypted session key packet (PKESK) of version 3; `key_id` is 16 upper-case hex digits."""

    key_id: str
    algorithm: int
    body: memoryview


class Envelope(NamedTuple):
    """A message from outside: `packet` is the encrypted body with its header, unchanged; `parts` is its cipher text."""

    keys: tuple[SessionKey, ...]
    packet: memoryview
    parts: tuple[memoryview, ...]


class Letter(NamedTuple):
    """A sealed packet from inside: the content and the bodies of its signature packets."""

    content: bytes
    signatures: tuple[bytes, ...]


class Bounds(NamedTuple):
    """What opening may cost. `content` is the most bytes of a document. Unpacking may yield `ratio` times the packed
    bytes, but always `floor` bytes. `packets` is the most in one layer."""

    content: int
    ratio: int
    floor: int
    packets: int


def envelope(data: memoryview, packets: int, recipients: int) -> Envelope:
    """The session keys and the encrypted body of a binary message.

    `packets` and `recipients` are the largest accepted numbers. Raises Refused with a code that says what it is
    instead.
    """
    if data and frames.tag(data[0]) not in frames.KNOWN_TAGS:
        raise Refused("not-openpgp")  # before its second byte is taken for a length
    keys: list[SessionKey] = []
    body: frames.Frame | None = None
    for frame in frames.walk(data, packets, _NAMED_BY_TAG):
        if body and frame.tag != frames.SKESK:
            raise Refused("bad-structure", hint="Something stands behind its end.")
        if frame.tag == frames.PKESK:
            keys.append(_session_key(frame.body(data)))
        elif frame.tag == frames.SEIPD and keys:
            body = frame
        else:
            raise Refused(_NOT_AN_ENVELOPE.get(frame.tag, "bad-structure"))
        if len(keys) > recipients:
            raise Refused(
                "bad-structure", hint=f"It is sealed with more than {recipients} keys: the exchange's own is enough."
            )
    if not body:
        raise Refused("truncated")
    return Envelope(tuple(keys), data[body.start : body.end], _cipher_text(data, body))


def _session_key(body: memoryview) -> SessionKey:
    if len(body) < 10:
        raise Refused("bad-structure")
    if body[0] != 3:
        raise Refused("unsupported-encryption")
    return SessionKey(body[1:9].hex().upper(), body[9], body)


def _cipher_text(data: memoryview, body: frames.Frame) -> tuple[memoryview, ...]:
    first, end = next(((start, end) for start, end in body.parts if end > start), (0, 0))
    if not end or data[first] != 1:
        raise Refused("unsupported-encryption")
    if body.size < _SHORTEST_BODY:
        raise Refused("damaged")
    return tuple(data[start + (start == first) : end] for start, end in body.parts)


def letter(plain: memoryview, bounds: Bounds) -> Letter:
    """The content and signatures in a decrypted body (without its integrity packet).

    Raises Refused: `bad-structure`, `unsigned`, `damaged` (decompression fails), `inflates-too-much`, `too-large`.
    """
    try:
        first = next(frames.walk(plain, 1, frozenset({frames.COMPRESSED})), None)
        if not first or first.tag != frames.COMPRESSED:
            return _signed(plain, bounds, "too-large")
        if first.end != len(plain):
            raise Refused("bad-structure")
        return _signed(memoryview(_unpacked(plain, first, bounds)), bounds, "inflates-too-much")
    except Refused as refused:
        # the integrity code has shown that nothing was lost on the way: the sender built it like this
        raise refused if refused.code not in ("truncated", "not-openpgp") else Refused("bad-structure") from None


def content_of(plain: memoryview, bounds: Bounds) -> bytes:
    """The content of the first literal packet of a message that is not sealed, signed or not; only to tell what it is.
    Raises Refused as `letter` does, and `bad-structure` where there is no literal packet."""
    open_ended = frozenset({frames.COMPRESSED, frames.LITERAL})
    for frame in frames.walk(plain, bounds.packets, open_ended):
        if frame.tag == frames.COMPRESSED:
            unpacked = memoryview(_unpacked(plain, frame, bounds))
            inside = (one for one in frames.walk(unpacked, bounds.packets, open_ended) if one.tag == frames.LITERAL)
            if (literal := next(inside, None)) is not None:
                return _literal(unpacked, literal, bounds.content, "too-large")
        elif frame.tag == frames.LITERAL:
            return _literal(plain, frame, bounds.content, "too-large")
    raise Refused("bad-structure")


def _signed(data: memoryview, bounds: Bounds, excess: str) -> Letter:
    """One-pass signatures, one literal, as many signatures."""
    shape, signatures, content = "", [], b""
    for frame in frames.walk(data, bounds.packets):
        shape += {frames.ONE_PASS: "o", frames.LITERAL: "l", frames.SIGNATURE: "s"}.get(frame.tag, "x")
        if frame.tag == frames.LITERAL and shape.count("l") == 1:
            content = _literal(data, frame, bounds.content, excess)
        elif frame.tag == frames.SIGNATURE:
            signatures.append(bytes(frame.body(data)))
    if shape == "l":
        raise Refused("unsigned")
    if shape != "o" * len(signatures) + "l" + "s" * len(signatures) or len(signatures) > MOST_SIGNATURES:
        raise Refused("bad-structure")
    return Letter(content, tuple(signatures))


def _literal(data: memoryview, frame: frames.Frame, most: int, excess: str) -> bytes:
    """The content of a literal packet, RFC 4880 section 5.9: after format, file name and date."""
    head = b"".join(data[start : min(end, start + 2)] for start, end in frame.parts[:3])[:2]
    skip = 6 + head[1] if len(head) == 2 else 6
    if frame.size < skip or head[:1] not in (b"b", b"t", b"u"):
        raise Refused("bad-structure")
    if frame.size - skip > most:
        raise Refused(excess)
    return b"".join(_without(skip, data, frame.parts))


def _without(skip: int, data: memoryview, parts: Sequence[tuple[int, int]]) -> Iterator[memoryview]:
    for start, end in parts:
        left_out = min(skip, end - start)
        skip -= left_out
        yield data[start + left_out : end]


def _unpacked(data: memoryview, frame: frames.Frame, bounds: Bounds) -> bytearray:
    """The packets in a compressed data packet, RFC 4880 section 5.6."""
    if not frame.size:
        raise Refused("bad-structure")
    most = min(bounds.content + _HEADERS, max(bounds.floor, bounds.ratio * frame.size))
    algorithm = next(_without(0, data, [part for part in frame.parts if part[0] < part[1]]))[0]
    try:
        return _inflated(algorithm, _without(1, data, frame.parts), most)
    except (zlib.error, OSError, EOFError):
        raise Refused("damaged") from None


def _inflated(algorithm: int, parts: Iterable[memoryview], most: int) -> bytearray:
    if algorithm not in (1, 2, 3):
        raise Refused("bad-structure")
    # 1: raw deflate, 2: zlib, 3: bzip2
    engine: Any = bz2.BZ2Decompressor() if algorithm == 3 else zlib.decompressobj(-15 if algorithm == 1 else 15)
    out = bytearray()
    for part in parts:
        for at in range(0, len(part), _STEP):
            piece, full = part[at : at + _STEP], False
            while piece or full:
                step = engine.decompress(piece, _STEP)
                out += step
                if len(out) > most:
                    raise Refused("inflates-too-much")
                piece = memoryview(b"" if algorithm == 3 else engine.unconsumed_tail)
                full = len(step) == _STEP and not engine.eof
                if engine.eof:  # the rest is padding, which Sequoia writes to hide the length
                    return out
    raise Refused("damaged")
