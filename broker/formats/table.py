"""CSV as spreadsheets and information systems write it: RFC 4180, with comma, semicolon, tab or pipe.

Owns how bytes become lines of cells. Promises: any encoding that spreadsheets save (`core.files.texts`); everything is
bounded before it is built; a line that cannot be read is told of and stops no other one, not even one with a quotation
mark too many; cells are data, whatever they begin with. No refusal holds a cell.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from broker.core.errors import Refused
from broker.core.files import texts
from broker.core.files.kinds_text import decoded

MOST_BYTES = 32 * 1024 * 1024
MOST_COLUMNS = 200
MOST_CELL = 4_000  # characters
_MOST_LINE = 256 * 1024  # characters of one line of the file
_MOST_LINES = 25  # of the file, over which one row may be spread

SEPARATORS = (",", ";", "\t", "|")
_SAID = re.compile(r'"?sep=([,;\t|])"?[\r\n]*', re.IGNORECASE)  # a first line that tells Excel what separates the cells
_BLANKS = re.compile("[ \t\r\n\u00a0]+")
_QUOTED = re.compile('"[^"]*"')


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One row of cells, without blanks around them; line ends within a cell are one blank. `number` is the line of the
    file on which the row begins, 1 for the first; in a workbook, whose sheet is named then, the number that its program
    shows. `fault` says why it cannot be read. Repr hidden."""

    number: int
    cells: tuple[str, ...]
    fault: str = ""
    sheet: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """A header, and the rows below it but for blank ones. `encoding` is Python's name of it, `marked` tells of a byte
    order mark; a workbook has no separator. `told` are sentences about what the sender may not know of its workbook,
    `aside` the rows of it that are no part of the table. Repr hidden."""

    separator: str
    encoding: str
    marked: bool
    header: Row
    rows: tuple[Row, ...]
    told: tuple[str, ...] = ()
    aside: tuple[Row, ...] = ()


def read(content: bytes, most_rows: int) -> Table:
    """The table in `content`.

    Raises Refused: `not-utf8`, `inflates-too-much` (over `MOST_BYTES`, or far too many lines), `csv-form` for no header
    line, or for more than `most_rows` rows below it.
    """
    if len(content) > MOST_BYTES:
        raise Refused("inflates-too-much", "", f"A CSV may have {MOST_BYTES >> 20} MiB.")
    if content.count(b"\n") + content.count(b"\r") > 2 * _MOST_LINES * (most_rows + 1):
        raise Refused("inflates-too-much", "", "It has far too many lines.")
    found = texts.read(content)
    lines = list(io.StringIO(found.text, newline=""))
    first, separator = _beginning(lines)
    rows = _rows(lines, first, separator)
    header = next(rows, None)
    if header is None or header.fault or len(header.cells) < 2:
        raise Refused("csv-form", f"line {first + 1}", "It has no header line with the names of the columns.")
    if len(header.cells) > MOST_COLUMNS:
        raise Refused("csv-form", f"line {header.number}", f"It has more than {MOST_COLUMNS} columns.")
    kept: list[Row] = []
    for row in rows:
        if len(kept) == most_rows:
            hint = f"It has more than {most_rows} lines of students: divide it into files with counters of their own."
            raise Refused("csv-form", f"line {row.number}", hint)
        kept.append(row)
    return Table(separator, found.encoding, found.marked, header, tuple(kept))


def first_cells(content: bytes) -> tuple[str, ...]:
    """The cells of the first line, as far as they can be read; for telling what a file is."""
    text = decoded(content[: 64 * 1024]).removeprefix("\ufeff").lstrip(" \t\r\n")
    lines = list(islice(io.StringIO(text.replace("\r", "\n")), 20))
    try:
        first, separator = _beginning(lines)
    except Refused:
        return ()
    return plain_cells(next(csv.reader([lines[first]], delimiter=separator), []))


def place_of(row: Row, *columns: int) -> str:
    """A place as the sender's program shows it, with columns counted from 1: `line 2 column 3 (C)`, or in a workbook
    `sheet "Students" row 2 column C`; without a column the row alone."""
    if not columns:
        return f'sheet "{row.sheet}" row {row.number}' if row.sheet else f"line {row.number}"
    named = letters if row.sheet else lettered
    return f"{place_of(row)} column {', '.join(map(named, columns))}"


def lettered(column: int) -> str:
    """The number of a column, with a spreadsheet's letters for it: `3 (C)`."""
    return f"{column} ({letters(column)})"


def letters(column: int) -> str:
    """A spreadsheet's letters for a column, counted from 1."""
    found, rest = "", column
    while rest:
        rest, letter = divmod(rest - 1, 26)
        found = chr(ord("A") + letter) + found
    return found


def _beginning(lines: Sequence[str]) -> tuple[int, str]:
    """Which line is the header, and the separator. Raises Refused `csv-form` where all are blank."""
    first = _first(lines, 0)
    said = _SAID.fullmatch(lines[first])
    if said is None:
        return first, _separator(lines[first])
    return _first(lines, first + 1), said[1]


def _first(lines: Sequence[str], at: int) -> int:
    """The first line from there on in which anything stands."""
    found = next((number for number in range(at, len(lines)) if _BLANKS.sub("", lines[number])), None)
    if found is None:
        raise Refused("csv-form", f"line {at + 1}", "It is empty.")
    return found


def _separator(line: str) -> str:
    plain = _QUOTED.sub("", line)
    return max(SEPARATORS, key=plain.count)


def _rows(lines: Sequence[str], at: int, separator: str) -> Iterator[Row]:
    """The rows that are not blank, from line `at` on."""
    while at < len(lines):
        row, used = _row(lines, at, separator)
        if row.fault or any(row.cells):
            yield row
        at += used


def _row(lines: Sequence[str], at: int, separator: str) -> tuple[Row, int]:
    """The row that begins on this line, and how many lines it takes. A row whose quotation marks do not fit takes one
    line: the next line is read by itself."""
    if len(lines[at]) > _MOST_LINE:
        return Row(at + 1, (), "far too much is written"), 1
    window = lines[at : at + (_MOST_LINES if '"' in lines[at] else 1)]
    bounded = takewhile(lambda line: len(line) <= _MOST_LINE, window)
    reader = csv.reader(bounded, delimiter=separator, strict=True)
    try:
        cells = plain_cells(next(reader))
    except csv.Error:
        return Row(at + 1, (), "the quotation marks do not fit together: double those within a cell"), 1
    if max(map(len, cells), default=0) > MOST_CELL:
        return Row(at + 1, (), f"a cell has more than {MOST_CELL} characters"), reader.line_num
    return Row(at + 1, cells), reader.line_num


def plain_cells(raw: Sequence[str]) -> tuple[str, ...]:
    """The cells without blanks around them; line ends within one are one blank."""
    return tuple(_BLANKS.sub(" ", cell).strip(" ") for cell in raw)
