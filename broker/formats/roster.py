"""Rosters: many students in one file, as CSV with a header or as JSON lines of student blocks (`student.v1`).

Owns this reading; the columns are those of SSID requests that describe a student. Promises: a file of any length in
bounded memory; a faulty line stops no other line, and its fault says what must stand there, never what does; a social
security number is never read (Utah R277-419-10). Unknown columns are ignored, and listed.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from broker.core.errors import Refused
from broker.formats import canonical, cells, table
from broker.formats.cells import Column, Unfit, plain
from broker.formats.ssid.columns import COLUMNS
from broker.formats.table import Row

MOST_LINES = 5_000_000
_MOST_LINE = 256 * 1024  # bytes
_SLICE = 4 * 1024 * 1024  # bytes read at once
_HELD_BACK = 25  # a row may be spread over so many lines: they are held back, so the end of a slice cuts no row
_FIRST_LINES = 100  # the header is among these
_DEPTH = 8  # of a student block
_JSON = (b"{", b"[")
_SSN = re.compile(r".*(ssn|ssnumber|ssno|socialsecurity|socsec).*")


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """One student. `number` is the line of the file, 1 for the first. `fault` names the field and says why the line
    cannot be read; then there is no block, except where only the birth date is at fault: the block then has it as it
    was written. Repr hidden."""

    number: int
    block: Mapping[str, Any] | None = field(default=None, repr=False)
    fault: str = ""


@dataclass(slots=True)
class Form:
    """The form of a roster: filled in when its first line is read. `passed_over` are the unused columns, 1 for A."""

    is_csv: bool = False
    passed_over: tuple[int, ...] = ()


FIELDS: Mapping[str, Column] = {
    **{name: one._replace(place=one.place[1:]) for name, one in COLUMNS.items() if one.place[:1] == ("student",)},
    "guardian": Column(("guardians", 0), ("guardian name", "parent", "parent name", "guardian 1"), cells.person),
}
REQUIRED = ("last_name", "birth_date")


_NAMED = {plain(name): field for field, one in FIELDS.items() for name in (field, *one.names)}


def read(file: BinaryIO, form: Form | None = None) -> Iterator[Line]:
    """The students of a roster, line by line; blank lines are left out.

    Raises Refused where the file as a whole cannot be read: `not-utf8`, `csv-form`, `ssn-column`, `inflates-too-much`.
    """
    form = form if form is not None else Form()
    first = file.readline(_MOST_LINE)
    while first and not first.strip():
        first = file.readline(_MOST_LINE)
    form.is_csv = not first.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_JSON)
    file.seek(0)
    for number, line in enumerate(_csv(file, form) if form.is_csv else _json(file)):
        if number == MOST_LINES:
            raise Refused("inflates-too-much", f"line {line.number}", f"A roster may have {MOST_LINES} lines.")
        yield line


def _json(file: BinaryIO) -> Iterator[Line]:
    number = 0
    while line := file.readline(_MOST_LINE + 1):
        number += 1
        if len(line) > _MOST_LINE:
            while line and not line.endswith(b"\n"):
                line = file.readline(_MOST_LINE)
            yield Line(number, fault=f"A line may have {_MOST_LINE} bytes.")
        elif line := line.removeprefix(b"\xef\xbb\xbf" if number == 1 else b"").strip():
            yield _block(number, line)


def _block(number: int, line: bytes) -> Line:
    try:
        return Line(number, canonical.parse(line, _DEPTH))
    except Refused as refused:
        return Line(number, fault=f"It must be one student block in JSON. {refused.meaning} {refused.hint}".rstrip())


def _csv(file: BinaryIO, form: Form) -> Iterator[Line]:
    """The lines of a CSV, read slice by slice, each slice behind the header. The last lines of a slice wait for the
    next slice, because a row may go on there."""
    header, lines = "", list[str]()
    fields: Sequence[str] = ()
    done = 0  # lines of the file before `lines`
    for more, is_last in _slices(file):
        lines += more
        if not header:
            found = table.read("".join(lines[:_FIRST_LINES]).encode(), _FIRST_LINES)
            done = found.header.number
            header, fields = lines[done - 1], _fields(found.header, form)
            lines = lines[done:]
        rows = table.read((header + "".join(lines)).encode(), len(lines)).rows
        whole = len(lines) if is_last else _whole(rows, len(lines))
        yield from (_row(row, fields, done - 1) for row in rows if row.number - 2 < whole)
        done, lines = done + whole, lines[whole:]


def _slices(file: BinaryIO) -> Iterator[tuple[list[str], bool]]:
    """The lines of the file, some MiB at a time, each with whether they are the last ones."""
    number, content = 1, file.read(_SLICE)
    while True:
        content += file.readline(_MOST_LINE)
        after = file.read(_SLICE)
        try:
            text = content.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            place = f"line {number + content.count(bytes((10,)), 0, error.start)}"
        else:
            yield io.StringIO(text, newline="").readlines(), not after
            if not after:
                return
            number, content = number + content.count(bytes((10,))), after
            continue
        raise Refused("not-utf8", place, 'In a spreadsheet program, save it as "CSV UTF-8".')


def _whole(rows: Sequence[Row], lines: int) -> int:
    """How many lines of a slice hold rows that cannot go on in the next slice."""
    return next((row.number - 2 for row in rows if row.number - 2 >= lines - _HELD_BACK), lines)


def _fields(header: Row, form: Form) -> tuple[str, ...]:
    """The field of each column; '' for an unused one."""
    for place, cell in enumerate(header.cells, 1):
        if _SSN.fullmatch(plain(cell)):
            hint = "Take the whole column out of the export, for good."
            raise Refused("ssn-column", f"line {header.number} column {place}", hint)
    fields = tuple(_NAMED.get(plain(cell), "") for cell in header.cells)
    missing = [name for name in REQUIRED if name not in fields]
    if missing:
        hint = f"Its first line must name the columns; these are missing: {', '.join(missing)}."
        raise Refused("csv-form", f"line {header.number}", hint)
    twice = next((name for name in fields if name and fields.count(name) > 1), "")
    if twice:
        raise Refused("csv-form", f"line {header.number}", f"Two columns are {twice}: leave one of them out.")
    form.passed_over = tuple(place for place, name in enumerate(fields, 1) if not name)
    return fields


def _row(row: Row, fields: Sequence[str], offset: int) -> Line:
    number = row.number + offset
    if row.fault:
        return Line(number, fault=f"In this line {row.fault}.")
    if len(row.cells) < len(fields) or any(row.cells[len(fields) :]):
        return Line(number, fault=f"The header has {len(fields)} columns, this line {len(row.cells)}.")
    block: dict[str, Any] = {}
    fault = ""
    for name, cell in zip(fields, row.cells, strict=False):
        if name and cell:
            try:
                value = FIELDS[name].read(cell)
            except Unfit as error:
                fault = f"{name} {error}."
                if name != "birth_date":
                    return Line(number, fault=fault)
                value = cell
            cells.put(block, FIELDS[name].place, value)
    for part in ("aliases", "guardians"):
        if part in block:
            block[part] = [name for _, name in sorted(block[part].items())]
    return Line(number, block, fault)
