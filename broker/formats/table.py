"""CSV as spreadsheets and information systems write it: RFC 4180, with comma, semicolon, tab or pipe.

Owns how bytes become lines of cells. Promises: any encoding that spreadsheets save (`core.files.texts`); everything is
bounded before it is built; a line that cannot be read is told of and stops no other one, not even one with a quotation
mark too many; cells are data, whatever they begin with. No refusal holds a cell.
"""

import csv
import io
import re
from collections import Counter
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

_FIRST_LINES = 20  # the header is among these

SEPARATORS = (",", ";", "\t", "|")
_SAID = re.compile(r'"?sep=([,;\t|])"?[\r\n]*', re.IGNORECASE)  # a first line that tells Excel what separates the cells
_BLANKS = re.compile("[ \t\r\n\u00a0]+")
_QUOTED = re.compile('"[^"]*"')


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One row of cells, without blanks around them; line ends within a cell are one blank. `number` is the line of the
    file on which the row begins, 1 for the first. `fault` says why it cannot be read. Repr hidden."""

    number: int
    cells: tuple[str, ...]
    fault: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """A header, and the rows below it but for blank ones. `encoding` is Python's name of it, `marked` tells of a byte
    order mark. Repr hidden."""

    separator: str
    encoding: str
    marked: bool
    header: Row
    rows: tuple[Row, ...]


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
    if header is None or header.fault or not any(separator in line for line in _beginnings(lines)):
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


def first_lines(content: bytes) -> tuple[tuple[str, ...], ...]:
    """The cells of the first lines, one of which may be the header, as far as they can be read; for telling what a file
    is."""
    text = decoded(content[: 64 * 1024]).removeprefix("\ufeff")
    lines = _beginnings(io.StringIO(text.replace("\r", "\n")).readlines())
    return tuple(_cells(next(csv.reader([line], delimiter=_separator(line)), [])) for line in lines)


def place_of(row: Row, column: int) -> str:
    """A place, with the column counted from 1 and in a spreadsheet's letters: `line 2 column 3 (C)`."""
    return f"line {row.number} column {lettered(column)}"


def lettered(column: int) -> str:
    """The number of a column, with a spreadsheet's letters for it: `3 (C)`."""
    letters, rest = "", column
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{column} ({letters})"


def _beginning(lines: Sequence[str]) -> tuple[int, str]:
    """Which line is the header, and the separator. Raises Refused `csv-form` where all are blank."""
    first = _first(lines, 0)
    said = _SAID.fullmatch(lines[first])
    if said is not None:
        return _first(lines, first + 1), said[1]
    return first, _separator_of(_beginnings(lines))


def _beginnings(lines: Sequence[str]) -> list[str]:
    """The first lines in which anything stands, one of which may be the header."""
    return list(islice((line for line in lines if _BLANKS.sub("", line)), _FIRST_LINES))


def _first(lines: Sequence[str], at: int) -> int:
    """The first line from there on in which anything stands."""
    found = next((number for number in range(at, len(lines)) if _BLANKS.sub("", lines[number])), None)
    if found is None:
        raise Refused("csv-form", f"line {at + 1}", "It is empty.")
    return found


def _separator(line: str) -> str:
    plain = _QUOTED.sub("", line)
    return max(SEPARATORS, key=plain.count)


def _separator_of(lines: Sequence[str]) -> str:
    """What divides the cells of these first lines. The first decides, unless no other is divided as it is: a title may
    stand above the header, and have commas of its own."""
    plain = [_QUOTED.sub("", line) for line in lines]
    separator = _separator(plain[0])
    found = {one: Counter(line.count(one) for line in plain) for one in SEPARATORS}
    own = plain[0].count(separator)
    if len(plain) == 1 or (own and found[separator][own] > 1):
        return separator
    return max(SEPARATORS, key=lambda one: max(cells * times for cells, times in found[one].items()))


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
        cells = _cells(next(reader))
    except csv.Error:
        return Row(at + 1, (), "the quotation marks do not fit together: double those within a cell"), 1
    if max(map(len, cells), default=0) > MOST_CELL:
        return Row(at + 1, (), f"a cell has more than {MOST_CELL} characters"), reader.line_num
    return Row(at + 1, cells), reader.line_num


def _cells(raw: Sequence[str]) -> tuple[str, ...]:
    return tuple(_BLANKS.sub(" ", cell).strip(" ") for cell in raw)
