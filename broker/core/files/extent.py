"""Does a file end too early? What its headers, or its first and last lines, say about its end.

Owns that judgement. Promises: it reads headers and never bodies, except to find the last line of an armour that does
not end the file; each check goes on where the last one stopped, so a file that grows, or is checked again and again,
costs its headers once; a check ends after a given number of headers, however many the file has. Half a file is never
called whole: where the content has changed since the last check, `broker.edge.home.readiness` checks it once more from
its start.
"""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from broker.core.errors import Refused
from broker.core.openpgp.frames import PKESK, SKESK, Reader, may_begin

_MOST_ZEROS = 8  # as many end a sealed file by chance once in 2 to the 64
_BLOCK = 512  # bytes; writers fill whole blocks, except the last
_MOST_PACKETS = 64
_NOWHERE = -1
ALL = 1 << 62  # headers
_END, _LONGEST_END = b"-----END PGP ", 64  # bytes
_CLOSED = re.compile(rb"-----END PGP [A-Z ]{4,30}+-----")
_PIECE, _HEADERS_PER_PIECE = 64 * 1024, 8  # bytes of an armour's text, and what reading them costs, counted in headers


class Extent(StrEnum):
    """What the headers of a file say about its end."""

    WHOLE = "whole"
    SHORT = "short"  # more bytes must follow: an upload on its way, or one that broke off
    FOREIGN = "foreign"  # no sealed file: waiting cannot complete it
    UNDECIDED = "undecided"  # `most` headers were read, and more are there: ask again


@dataclass(slots=True)
class Progress:
    """How far the check of one file has come: `at` is the offset of the next header, `inside` the tag of a packet whose
    next part begins there (else -1), `last` the tag of the last whole packet; `headers` counts the headers read."""

    at: int = 0
    inside: int = _NOWHERE
    last: int = PKESK
    packets: int = 0
    parts: int = 0
    headers: int = 0


def extent(file: BinaryIO, progress: Progress | None = None, most: int = ALL) -> Extent:
    """Whether a seekable binary file holds a whole message, by its packet headers or by the lines of its armour.

    An empty file is SHORT, and so is one whose length was set before its bytes came (SMB, `rsync --preallocate`): bytes
    that are not written yet read as zeros; no packet and no armour begins with a zero, and no sealed file ends in many.
    `progress` is where an earlier check stopped, and is moved on; `most` is how many headers are read at most.
    """
    progress = Progress() if progress is None else progress
    size = file.seek(0, io.SEEK_END)

    def read(at: int, count: int) -> bytes:
        file.seek(at)
        return file.read(count)

    first = read(0, 256)
    if not any(first):
        return Extent.SHORT
    last = read(max(0, size - 256), 256)
    if not first[0] & 0x80 or first.startswith(b"\xef\xbb\xbf"):
        return _armored(read, size, first, last, progress, most)
    if not may_begin(first):
        return Extent.FOREIGN
    return Extent.SHORT if _is_unwritten(last, size) else _framed(read, size, progress, most)


def _is_unwritten(last: bytes, size: int) -> bool:
    """Whether a file with these last bytes still lacks its end: it ends in many zeros, or in a block of only zeros."""
    zeros = len(last) - len(last.rstrip(b"\0"))
    return zeros >= _MOST_ZEROS or 0 < size % _BLOCK <= zeros


def _framed(read: Callable[[int, int], bytes], size: int, progress: Progress, most: int) -> Extent:
    if progress.at > size:  # the file was begun again
        progress.at, progress.inside, progress.last, progress.packets, progress.parts = 0, _NOWHERE, PKESK, 0, 0
    reader = Reader(read, size, frozenset())
    reader.parts_left -= progress.parts
    until = progress.headers + most
    try:
        while progress.at < size or progress.inside != _NOWHERE:
            if progress.headers >= until:
                return Extent.UNDECIDED
            progress.headers += 1
            _step(reader, progress)
    except Refused as refused:
        is_short = refused.code == "truncated" or (progress.inside == _NOWHERE and read(progress.at, 1) == b"\0")
        return Extent.SHORT if is_short else Extent.FOREIGN
    return Extent.SHORT if progress.last in (PKESK, SKESK) else Extent.WHOLE


def _step(reader: Reader, progress: Progress) -> None:
    """Move on by one header. Where it raises Refused, `progress` has not moved."""
    at = progress.at
    if progress.inside == _NOWHERE:
        if progress.packets >= _MOST_PACKETS:
            raise Refused("bad-structure")
        first = reader.read(at, 1)
        if not first or first[0] & 0xC0 != 0xC0:
            frame = reader.frame(at)  # the old form has no parts
            _ended(progress, frame.tag, frame.end)
            return
        within, at = first[0] & 0x3F, at + 1
    else:
        within = progress.inside
    _, end, is_partial = reader.part(within, at)
    if is_partial:
        progress.at, progress.inside, progress.parts = end, within, progress.parts + 1
    else:
        _ended(progress, within, end)


def _ended(progress: Progress, found: int, end: int) -> None:
    progress.at, progress.inside, progress.last = end, _NOWHERE, found
    progress.packets += 1


def _armored(
    read: Callable[[int, int], bytes], size: int, first: bytes, last: bytes, progress: Progress, most: int
) -> Extent:
    begin, head = b"-----BEGIN PGP ", first.removeprefix(b"\xef\xbb\xbf").lstrip().rstrip(b"\0")
    if not head.startswith(begin[: len(head)] or begin):
        return Extent.FOREIGN
    lines = last.strip().splitlines()
    if lines and lines[-1].strip().startswith(_END) and lines[-1].endswith(b"-----"):
        return Extent.WHOLE
    return _with_text_behind(read, size, progress, most)


def _with_text_behind(read: Callable[[int, int], bytes], size: int, progress: Progress, most: int) -> Extent:
    """Whether the last line of the armour stands before the end of the file; `progress.at` is how far it was
    searched."""
    if read(size - 1, 1) == b"\0":
        return Extent.SHORT  # its length was set before its bytes came
    if progress.at > size:
        progress.at = 0
    until = progress.headers + most
    while progress.at + _LONGEST_END < size or not progress.at:
        if progress.headers >= until:
            return Extent.UNDECIDED
        progress.headers += _HEADERS_PER_PIECE
        if _CLOSED.search(read(progress.at, _PIECE)):
            return Extent.WHOLE
        progress.at = max(min(progress.at + _PIECE, size) - _LONGEST_END, 1)
    return Extent.SHORT
