"""How far the sheets of an old Excel workbook (.xls) reach, and what a reader of values does not tell.

Owns just so much of Microsoft's compound files and BIFF records. Promises: the same bounds and facts as
`workbook_cells`; chains of sectors that run in circles end; one pass over the records.
"""

import struct
from collections.abc import Iterator, Sequence

from broker.core.errors import Refused
from broker.core.files.workbook_cells import ERROR, MANGLED, Seen
from broker.core.files.workbook_zip import DAMAGED, locked

_NO_SECTOR = 0xFFFFFFFA  # from there on a number is no sector
_SMALL = 4096  # bytes below which a stream lies among the small ones
_STREAMS = ("Workbook", "Book")
_BOF, _EOF, _BOUNDSHEET, _FILEPASS, _ROW = (0x0809, 0x0409, 0x0209, 0x0009), 0x000A, 0x0085, 0x002F, 0x0208
_FORMULA, _NUMBER, _BOOLERR, _MULRK = (0x0006, 0x0206, 0x0406), 0x0203, 0x0205, 0x00BD
_OTHERS = frozenset({0x00FD, 0x0204, 0x00D6, 0x027E})  # texts, and numbers in a short form
_MOST_SHEETS = 1_000


def of_xls(content: bytes) -> list[Seen]:
    """Each sheet, in order. Raises Refused: `workbook`, `inflates-too-much`; `not-a-document` for one with a
    password."""
    try:
        stream = _stream(content)
        return [_sheet(stream, at) for at in _sheets(stream)]
    except (struct.error, IndexError):
        raise Refused("workbook", "", DAMAGED) from None


def _stream(content: bytes) -> bytes:
    """The stream with the workbook; the content itself where it is older than compound files."""
    if content[:4] != b"\xd0\xcf\x11\xe0":
        return content
    shift, small_shift = struct.unpack_from("<HH", content, 30)
    size = 1 << min(shift, 16)
    first, _, _, small_first, _, more, _ = struct.unpack_from("<IIIIIII", content, 48)
    fat = _fat(content, size, more)
    directory = _chain(content, fat, first, size)
    entries = [directory[at : at + 128] for at in range(0, len(directory) - 127, 128)]
    found = {_name(one): struct.unpack_from("<II", one, 116) for one in reversed(entries)}
    start, length = next((found[name] for name in _STREAMS if name in found), (_NO_SECTOR, 0))
    if length >= _SMALL:
        return _chain(content, fat, start, size)[:length]
    small = _chain(content, fat, struct.unpack_from("<I", entries[0], 116)[0], size)
    small_fat = _numbers(_chain(content, fat, small_first, size))
    return _chain(small, small_fat, start, 1 << min(small_shift, 16), header=0)[:length]


def _fat(content: bytes, size: int, more: int) -> Sequence[int]:
    """The table that says which sector follows which."""
    sectors = list(struct.unpack_from("<109I", content, 76))
    most = len(content) // size + 1
    while more < _NO_SECTOR and len(sectors) <= most:
        block = struct.unpack_from(f"<{size // 4}I", content, (more + 1) * size)
        sectors += block[:-1]
        more = block[-1]
    known = [one for one in sectors if one < _NO_SECTOR][:most]
    return _numbers(b"".join(content[(one + 1) * size : (one + 2) * size] for one in known))


def _numbers(block: bytes) -> Sequence[int]:
    return struct.unpack(f"<{len(block) // 4}I", block[: len(block) // 4 * 4])


def _chain(content: bytes, fat: Sequence[int], at: int, size: int, header: int = 1) -> bytes:
    pieces: list[bytes] = []
    while at < _NO_SECTOR:
        if len(pieces) > len(content) // size + 1:
            raise Refused("workbook", "", DAMAGED)
        pieces.append(content[(at + header) * size : (at + header + 1) * size])
        at = fat[at]
    return b"".join(pieces)


def _name(entry: bytes) -> str:
    (length,) = struct.unpack_from("<H", entry, 64)
    return entry[: max(min(length, 64) - 2, 0)].decode("utf-16-le", "replace")


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """The records from there on to the end of this part of the stream, without those of charts within it."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        if kind in _BOF:
            depth += 1
        elif kind == _EOF:
            depth -= 1
            if depth <= 0:
                return
        elif depth <= 1:
            yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _sheets(stream: bytes) -> list[int]:
    """Where each sheet begins."""
    found: list[int] = []
    for kind, body in _records(stream, 0):
        if kind == _FILEPASS:
            raise locked()
        if kind == _BOUNDSHEET and body[5] == 0:
            found.append(struct.unpack_from("<I", body)[0])
        if len(found) > _MOST_SHEETS:
            raise Refused("inflates-too-much", "", f"A workbook may have {_MOST_SHEETS} sheets.")
    return found


def _sheet(stream: bytes, at: int) -> Seen:
    seen, hidden = Seen(), set[int]()
    filled = set[int]()
    for kind, body in _records(stream, at):
        if kind == _ROW:
            if body[12] & 0x20:
                hidden.add(struct.unpack_from("<H", body)[0] + 1)
        elif kind in _OTHERS or kind in (_NUMBER, _BOOLERR, _MULRK) or kind in _FORMULA:
            row, column = (one + 1 for one in struct.unpack_from("<HH", body))
            last = struct.unpack_from("<H", body, len(body) - 2)[0] + 1 if kind == _MULRK else column
            seen.value(row, column, len(body), columns=max(last - column + 1, 1))
            filled.add(row)
            if said := _fault(kind, body):
                seen.fault(row, column, said)
    for row in sorted(hidden & filled):
        seen.hide(row)
    return seen


def _fault(kind: int, body: bytes) -> str:
    if kind == _BOOLERR:
        return ERROR if body[7] else ""
    if kind in _FORMULA and body[12:14] == b"\xff\xff":
        return ERROR if body[6] == 2 else ""
    if kind in _FORMULA or kind == _NUMBER:
        return MANGLED if abs(struct.unpack_from("<d", body, 6)[0]) >= 1e15 else ""
    return ""
