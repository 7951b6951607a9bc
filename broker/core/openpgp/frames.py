"""OpenPGP packet framing: where each packet of a message begins and ends, but not what it means.

Owns RFC 4880 section 4.2: old and new headers, definite, partial and indeterminate lengths. Promises: only `Frame.body`
copies a body, and only one that comes in parts; the work is bounded by the number of packets and parts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from broker.core.errors import Refused

PKESK, SIGNATURE, SKESK, ONE_PASS, SECRET_KEY, PUBLIC_KEY, SECRET_SUBKEY, COMPRESSED = 1, 2, 3, 4, 5, 6, 7, 8
SED, MARKER, LITERAL, TRUST, USER_ID, PUBLIC_SUBKEY, ATTRIBUTE, SEIPD, MDC, AEAD = 9, 10, 11, 12, 13, 14, 17, 18, 19, 20
KNOWN_TAGS = frozenset({*range(1, 15), *range(17, 21)})

_KEY_VERSIONS = b"\x02\x03\x04\x05\x06"
# the octet that the body of a packet begins with: mostly its version
BEGINNINGS = {PKESK: b"\x02\x03\x06", SKESK: b"\x04\x05\x06", SEIPD: b"\x01\x02", AEAD: b"\x01", MARKER: b"P"}
BEGINNINGS |= {ONE_PASS: b"\x03\x06", LITERAL: b"btuml", COMPRESSED: b"\0\1\2\3", SIGNATURE: _KEY_VERSIONS}
BEGINNINGS |= dict.fromkeys((PUBLIC_KEY, PUBLIC_SUBKEY, SECRET_KEY, SECRET_SUBKEY), _KEY_VERSIONS)

# RFC 4880 section 4.2.2.4: only data packets may come in parts
_IN_PARTS = frozenset({COMPRESSED, SED, LITERAL, SEIPD, AEAD})
# Parts of one byte each would make a large message a long loop: senders use 512 bytes and more, RFC 4880 4.2.2.4
_BYTES_PER_PART = 256
_FREE_PARTS = 16
_LONGEST_HEADER = 6


@dataclass(frozen=True, slots=True)
class Frame:
    """One packet: its tag, and the offsets of the packet and of the parts of its body, as (start, end)."""

    tag: int
    start: int
    parts: tuple[tuple[int, int], ...]
    end: int

    @property
    def size(self) -> int:
        """Bytes in the body."""
        return sum(end - start for start, end in self.parts)

    def body(self, data: memoryview) -> memoryview:
        """The body within `data`: a view where it is one part, a joined copy where it is many."""
        if len(self.parts) == 1:
            start, end = self.parts[0]
            return data[start:end]
        return memoryview(b"".join(data[start:end] for start, end in self.parts))


class Reader:
    """Reads the headers of packets from a buffer or a file, and counts the parts that may still come."""

    def __init__(self, read: Callable[[int, int], bytes], size: int, open_ended: frozenset[int]) -> None:
        self.read = read
        self.size = size
        self.open_ended = open_ended
        self.parts_left = _FREE_PARTS + size // _BYTES_PER_PART

    def frame(self, start: int) -> Frame:
        """The packet at `start`."""
        head = self.read(start, _LONGEST_HEADER)
        if not head:  # the file became shorter while it was read
            raise Refused("truncated")
        if not head[0] & 0x80:
            raise Refused("bad-structure" if start else "not-openpgp")
        if head[0] & 0x40:
            return self._new_format(start, head[0] & 0x3F)
        return self._old_format(start, head)

    def part(self, tag: int, at: int) -> tuple[int, int, bool]:
        """The part of a packet whose length stands at `at`: where the part begins and ends, and whether more follow."""
        body, length, partial = self._length(at)
        if partial:
            self.parts_left -= 1
            if tag not in _IN_PARTS or self.parts_left < 0:
                raise Refused("bad-structure", hint="A piece of it comes in parts that are not allowed.")
        return body, self._within(body + length), partial

    def _old_format(self, start: int, head: bytes) -> Frame:
        tag, kind = (head[0] >> 2) & 0x0F, head[0] & 0x03
        if kind == 3:
            if tag not in self.open_ended:
                raise Refused("bad-structure", hint="A piece of it does not say how long it is.")
            return Frame(tag, start, ((start + 1, self.size),), self.size)
        octets = 1 << kind
        if len(head) < 1 + octets:
            raise Refused("truncated")
        body = start + 1 + octets
        end = self._within(body + int.from_bytes(head[1 : 1 + octets], "big"))
        return Frame(tag, start, ((body, end),), end)

    def _new_format(self, start: int, tag: int) -> Frame:
        parts: list[tuple[int, int]] = []
        at, partial = start + 1, True
        while partial:
            body, at, partial = self.part(tag, at)
            parts.append((body, at))
        return Frame(tag, start, tuple(parts), at)

    def _length(self, at: int) -> tuple[int, int, bool]:
        """A new-format length at `at`: where the body begins, how long it is, and whether more parts follow."""
        head = self.read(at, 5)
        need = 1 if not head or head[0] < 192 or 224 <= head[0] < 255 else 2 if head[0] < 224 else 5
        if len(head) < need:
            raise Refused("truncated")
        if need == 1:
            return at + 1, (1 << (head[0] & 0x1F)) if head[0] >= 224 else head[0], head[0] >= 224
        if need == 2:
            return at + 2, ((head[0] - 192) << 8) + head[1] + 192, False
        return at + 5, int.from_bytes(head[1:5], "big"), False

    def _within(self, end: int) -> int:
        if end > self.size:
            raise Refused("truncated")
        return end


def walk(data: memoryview, most: int, open_ended: frozenset[int] = frozenset()) -> Iterator[Frame]:
    """The packets of `data`, one by one, to its exact end.

    `most` is the largest number of packets; `open_ended` are the tags that may have an indeterminate length (to the end
    of `data`). Raises Refused: `truncated`, `bad-structure`, or `not-openpgp` where the first byte is no header.
    """
    yield from _walk(Reader(lambda at, count: bytes(data[at : at + count]), len(data), open_ended), most)


def _walk(reader: Reader, most: int) -> Iterator[Frame]:
    at = 0
    while at < reader.size:
        most -= 1
        if most < 0:
            raise Refused("bad-structure", hint="It is made of too many pieces.")
        frame = reader.frame(at)
        yield frame
        at = frame.end


def tag(first: int) -> int:
    """The tag in the first octet of a packet, RFC 4880 section 4.2; -1 where the octet begins no packet."""
    if not first & 0x80:
        return -1
    return first & 0x3F if first & 0x40 else (first >> 2) & 0x0F


def may_begin(head: bytes) -> bool:
    """Whether a message or a key may begin with these bytes (six, or all there are). The tag of the first packet and
    the first octet of its body decide; that octet may be a zero that is not written yet. Pictures, and text that begins
    with an accented letter, begin otherwise."""
    if not head or not head[0] & 0x80:
        return False
    found = tag(head[0])
    if head[0] & 0x40:
        length = 5 if head[1:2] == b"\xff" else 2 if b"\xc0" <= head[1:2] < b"\xe0" else 1
    else:
        length = (1, 2, 4, 0)[head[0] & 3]
    body = head[1 + length : 2 + length]
    return found in BEGINNINGS and (not body or body[0] in b"\0" + BEGINNINGS[found])


def packet(tag: int, body: bytes | bytearray | memoryview) -> bytes:
    """One packet with a new-format header of definite length."""
    return header(tag, len(body)) + bytes(body)


def header(tag: int, length: int) -> bytes:
    """A new-format packet header, RFC 4880 section 4.2.2."""
    first = bytes([0xC0 | tag])
    if length < 192:
        return first + bytes([length])
    if length < 8384:
        return first + bytes([((length - 192) >> 8) + 192, (length - 192) & 0xFF])
    return first + b"\xff" + length.to_bytes(4, "big")
