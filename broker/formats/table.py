"""CSV as spreadsheets and information systems write it: RFC 4180, with comma, semicolon, tab or pipe.

Owns how bytes become lines of cells. Promises: any encoding that spreadsheets save (`core.files.texts`); everything is
bounded before it is built; a file is read row by row, and what is in memory of it does not grow with it; a line that
cannot be read is told of and stops no other one, not even one with a quotation mark too many; cells are data, whatever
they begin with, and without the apostrophe that keeps a formula from being one. No refusal holds a cell.
"""

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, takewhile
from typing import BinaryIO, NamedTuple, TextIO

from broker.core.errors import Refused
from broker.core.files import formulas, separators, texts
from broker.core.files.kinds_text import decoded
from broker.core.files.letters import letters
from broker.core.files.separators import SAID, SEPARATORS

MOST_BYTES = 32 * 1024 * 1024
MOST_COLUMNS = 200
MOST_CELL = 4_000  # characters
_MOST_LINE = 256 * 1024  # characters of one line of the file
_MOST_LINES = 25  # of the file, over which one row may be spread
_MOST_HEAD = 100_000  # lines of the file, blank ones too, in which the header is looked for
_FIRST_LINES = 20  # in which anything stands; the header is among them

__all__ = ["SEPARATORS", "Place", "Row", "Stream", "Table", "first_lines", "lettered", "letters", "place_of"]
__all__ += ["plain_cells", "read", "resumed", "stream"]

_BLANKS = re.compile("[ \t\r\n\u00a0]+")


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One row of cells, without blanks around them; line ends within a cell are one blank. `number` is the line of the
    file on which the row begins, 1 for the first; in a workbook, whose sheet is named then, the number that its program
    shows. `fault` says why it cannot be read. Where the LEA's mapping has changed the cells, `written` has them as they
    came, and `unfit` what is wrong with single ones, by their places from 0. Repr hidden."""

    number: int
    cells: tuple[str, ...]
    fault: str = ""
    sheet: str = ""
    written: tuple[str, ...] = ()
    unfit: tuple[tuple[int, str], ...] = ()

    @property
    def came(self) -> tuple[str, ...]:
        """The cells as they came."""
        return self.written or self.cells


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """A header, and the rows below it but for blank ones. `encoding` is Python's name of it, `marked` tells of a byte
    order mark; a workbook has no separator. `told` are sentences about what the sender may not know of its workbook;
    `above` are the rows above its header, `aside` those of its other sheets. Where several sheets are one document
    together, `others` are those after the first, and `explains` are names of sheets that say only what a table is.
    Repr hidden."""

    separator: str
    encoding: str
    marked: bool
    header: Row
    rows: tuple[Row, ...]
    told: tuple[str, ...] = ()
    above: tuple[Row, ...] = ()
    aside: tuple[Row, ...] = ()
    others: tuple["Table", ...] = ()
    explains: tuple[str, ...] = ()


class Place(NamedTuple):
    """Behind a row of a file: where the text goes on (`TextIOBase.tell`), the line of the file before it, and lines
    that were read already."""

    at: int
    line: int
    held: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Stream:
    """The same as `Table`, whose rows are read from a file one by one, and only once. `rows` raises Refused `csv-form`
    after the most rows; `place` is the one behind the last row that was read. Repr hidden."""

    separator: str
    encoding: str
    marked: bool
    header: Row
    rows: Iterator[Row]
    place: Callable[[], Place]


def read(content: bytes, most_rows: int) -> Table:
    """The table in `content`.

    Raises Refused: `not-utf8`, `inflates-too-much` (over `MOST_BYTES`, or far too many lines), `csv-form` for no header
    line, or for more than `most_rows` rows below it.
    """
    if len(content) > MOST_BYTES:
        raise Refused("inflates-too-much", "", f"A CSV may have {MOST_BYTES >> 20} MiB.")
    if content.count(b"\n") + content.count(b"\r") > 2 * _MOST_LINES * (most_rows + 1):
        raise Refused("inflates-too-much", "", "It has far too many lines.")
    found = stream(io.BytesIO(content), most_rows)
    return Table(found.separator, found.encoding, found.marked, found.header, tuple(found.rows))


def stream(file: BinaryIO, most_rows: int, known: texts.Encoding | None = None) -> Stream:
    """The table in a file of any size, read twice from its beginning: first for its encoding, unless that is `known`,
    then row by row. The file belongs to the stream from then on, and is closed with it.

    Raises Refused: `not-utf8`, `csv-form` for no header line.
    """
    found = known or texts.encoding_of(file)
    file.seek(found.mark_bytes)
    text = io.TextIOWrapper(file, found.encoding, newline="")
    lines = _lines(text)
    head = _head(lines)
    first, separator = _beginning(head)
    left = _Lines(head[first:], lines, first)
    rows = _rows(left, separator)
    header = next(rows, None)
    if header is None or header.fault or not any(separator in line for line in _beginnings(head)):
        raise Refused("csv-form", f"line {first + 1}", "It has no header line with the names of the columns.")
    if len(header.cells) > MOST_COLUMNS:
        raise Refused("csv-form", f"line {header.number}", f"It has more than {MOST_COLUMNS} columns.")
    marked = found.mark_bytes > 0
    return Stream(separator, found.encoding, marked, header, _at_most(most_rows, rows), lambda: left.place(text))


def resumed(file: BinaryIO, begun: Stream, place: Place) -> Stream:
    """The rest of the table in the same file, behind this place. The file belongs to it from then on."""
    text = io.TextIOWrapper(file, begun.encoding, newline="")
    text.seek(place.at)
    left = _Lines(place.held, _lines(text), place.line)
    return replace(begun, rows=_rows(left, begun.separator), place=lambda: left.place(text))


def first_lines(content: bytes) -> tuple[tuple[str, ...], ...]:
    """The cells of the first lines, one of which may be the header, as far as they can be read; for telling what a file
    is."""
    text = decoded(content[: 64 * 1024]).removeprefix("\ufeff")
    lines = _beginnings(io.StringIO(text.replace("\r", "\n")).readlines())
    return tuple(plain_cells(next(csv.reader([line], delimiter=separators.of_line(line)), [])) for line in lines)


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


def _beginning(lines: Sequence[str]) -> tuple[int, str]:
    """Which line is the header, and the separator. Raises Refused `csv-form` where all are blank."""
    first = _first(lines, 0)
    said = SAID.fullmatch(lines[first])
    if said is not None:
        return _first(lines, first + 1), said[1]
    return first, separators.of_lines(_beginnings(lines))


def _beginnings(lines: Sequence[str]) -> list[str]:
    """The first lines in which anything stands, one of which may be the header."""
    return list(islice((line for line in lines if _BLANKS.sub("", line)), _FIRST_LINES))


def _first(lines: Sequence[str], at: int) -> int:
    """The first line from there on in which anything stands."""
    found = next((number for number in range(at, len(lines)) if _BLANKS.sub("", lines[number])), None)
    if found is None:
        raise Refused("csv-form", f"line {at + 1}", "It is empty.")
    return found


def _at_most(most_rows: int, rows: Iterator[Row]) -> Iterator[Row]:
    for number, row in enumerate(rows):
        if number == most_rows:
            hint = f"It has more than {most_rows} lines of students: divide it into files with counters of their own."
            raise Refused("csv-form", f"line {row.number}", hint)
        yield row


def _lines(text: TextIO) -> Iterator[str]:
    """Each line of the file; of one that is too long, only so much that this is seen."""
    while line := text.readline(_MOST_LINE + 1):
        if len(line) > _MOST_LINE:
            _pass_rest(text, line)
        yield line


def _pass_rest(text: TextIO, piece: str) -> None:
    """Go to the end of the line that begins with this piece."""
    while piece and piece[-1] not in "\r\n":
        piece = text.readline(_MOST_LINE + 1)
    behind = text.tell()
    if piece.endswith("\r") and text.read(1) != "\n":  # else the cut lies within the two letters of its end
        text.seek(behind)


def _head(lines: Iterator[str]) -> list[str]:
    """The first lines, as far as the header can stand; of a blank one nothing but its end."""
    head: list[str] = []
    written = 0
    for line in islice(lines, _MOST_HEAD):
        is_blank = not _BLANKS.sub("", line)
        head.append("\n" if is_blank else line)
        written += not is_blank
        if written == _FIRST_LINES:
            break
    return head


class _Lines:
    """The lines of a file from the one behind the first `passed` on: `head`, then `rest`."""

    def __init__(self, head: Iterable[str], rest: Iterator[str], passed: int) -> None:
        self._held, self._rest = deque(head), rest
        self.passed = passed
        """How many lines have been taken: the number of the last one."""

    def take(self) -> str:
        """The next line; empty behind the last one."""
        line = self._held.popleft() if self._held else next(self._rest, "")
        self.passed += 1
        return line

    def ahead(self, most: int) -> Iterator[str]:
        """The next lines, at most so many, which remain to be taken."""
        for place in range(most):
            if place == len(self._held):
                self._held.extend(islice(self._rest, 1))
            if place == len(self._held):
                return
            yield self._held[place]

    def place(self, text: TextIO) -> Place:
        return Place(text.tell(), self.passed, tuple(self._held))


def _rows(lines: _Lines, separator: str) -> Iterator[Row]:
    """The rows that are not blank."""
    while line := lines.take():
        row = _row(line, lines, separator)
        if row.fault or any(row.cells):
            yield row


def _row(line: str, lines: _Lines, separator: str) -> Row:
    """The row that begins on this line; the other lines of it are taken. A row whose quotation marks do not fit takes
    one line: the next line is read by itself."""
    number = lines.passed
    if len(line) > _MOST_LINE:
        return Row(number, (), "far too much is written")
    if '"' not in line:
        cells = _plain(line, separator)
    else:
        try:
            cells, used = _quoted(chain((line,), lines.ahead(_MOST_LINES - 1)), separator)
        except csv.Error:
            return Row(number, (), "the quotation marks do not fit together: double those within a cell")
        for _ in range(used - 1):
            lines.take()
    if max(map(len, cells)) > MOST_CELL:
        return Row(number, (), f"a cell has more than {MOST_CELL} characters")
    if "'" in line or '"' in line:
        cells = tuple(map(formulas.plain, cells))
    return Row(number, cells)


def _plain(line: str, separator: str) -> tuple[str, ...]:
    """The cells of a line without a quotation mark: what `_quoted` would find, in a third of the time."""
    if separator == "\t":
        return plain_cells(line.rstrip("\r\n").split(separator))
    return tuple([cell.strip(" ") for cell in _BLANKS.sub(" ", line).split(separator)])


def _quoted(window: Iterable[str], separator: str) -> tuple[tuple[str, ...], int]:
    """The cells of the row with which these lines begin, and how many lines it takes. Raises csv.Error."""
    reader = csv.reader(takewhile(lambda line: len(line) <= _MOST_LINE, window), delimiter=separator, strict=True)
    return plain_cells(next(reader)), reader.line_num


def plain_cells(raw: Sequence[str]) -> tuple[str, ...]:
    """The cells without blanks around them; line ends within one are one blank."""
    return tuple(_BLANKS.sub(" ", cell).strip(" ") for cell in raw)
