"""An LEA's own table, given back with what became of each line.

Owns the four columns that are added. Promises: the table comes back in its own form, with nothing in it that did not
come with it but the four columns; a spreadsheet takes no cell for a formula; a table that comes in with the columns is
read as if it had none, so that it can be mended in place and sent again.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from broker.core.files import texts
from broker.edge import workbook_writer
from broker.formats.cells import plain
from broker.formats.sheets import WORKBOOK
from broker.formats.ssid import answer
from broker.formats.table import Row, Table

ADDED = ("status", "SSID", "what is wrong", "what to do")
_ADDED = [plain(name) for name in ADDED]
_NO_LISTS: Mapping[int, Sequence[str]] = MappingProxyType({})


class Said(NamedTuple):
    """What is written behind a line, in the order of the columns."""

    status: str
    ssid: str
    wrong: str
    todo: str


@dataclass(frozen=True, slots=True, repr=False)
class Back:
    """The table as it came, for giving it back: all its lines in order with their numbers, of which `header` is the
    header's. `told` are sentences about the table as a whole; `sheet` is the name of a workbook's sheet. Repr
    hidden."""

    encoding: str
    marked: bool
    separator: str
    header: int
    rows: tuple[tuple[int, tuple[str, ...]], ...] = field(repr=False)
    told: tuple[str, ...] = ()
    sheet: str = ""


def back_of(said: Mapping[str, Any]) -> Back:
    """The table that was written as JSON. Raises KeyError or TypeError for another form."""
    rows = tuple((int(number), tuple(map(str, cells))) for number, cells in said["rows"])
    return Back(**dict(said) | {"rows": rows, "told": tuple(map(str, said["told"]))})


def header_of(back: Back) -> tuple[str, ...]:
    """The cells of its header."""
    return next(cells for number, cells in back.rows if number == back.header)


def without_added(found: Table, above: tuple[Row, ...] = ()) -> tuple[Table, tuple[Row, ...]]:
    """The table, and the rows above it, as they were before the four columns were added; others are unchanged."""
    at = added_at(found.header)
    if at is None:
        return found, above
    own = replace(found, header=_cut(found.header, at), rows=tuple(_cut(row, at) for row in found.rows))
    return own, tuple(_cut(row, at) for row in above)


def added_at(header: Row) -> int | None:
    """The place of the first of the four columns, from 0; None where the table has none of them."""
    names = [plain(cell) for cell in header.came]
    return next((n for n in range(len(names)) if names[n : n + len(_ADDED)] == _ADDED), None)


def _cut(row: Row, at: int) -> Row:
    return replace(row, cells=(*row.cells[:at], *row.cells[at + len(ADDED) :]))


def kept(found: Table, above: Sequence[Row], below: Sequence[Row], told: Sequence[str]) -> Back:
    """What is kept of a table until it is answered."""
    rows = tuple((row.number, row.came) for row in (*above, found.header, *found.rows, *below))
    return Back(
        found.encoding, found.marked, found.separator, found.header.number, rows, tuple(told), found.header.sheet
    )


def written(back: Back, said: Mapping[int, Said], lists: Mapping[int, Sequence[str]] = _NO_LISTS) -> bytes:
    """The table in its own form. `said` has what became of the lines, by their numbers; other lines get empty cells. A
    workbook offers the values of `lists` to choose from, by the number of the column, 0 for the first."""
    rows = list(_rows(back, said))
    if back.encoding == WORKBOOK:
        wrong = {number for number, one in said.items() if one.wrong}
        return workbook_writer.given_back(back.sheet, rows, back.header, len(ADDED), wrong, back.told, lists)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=back.separator, lineterminator="\r\n")
    writer.writerows(map(answer.safe, cells) for _, cells in rows)
    return texts.encoded(out.getvalue(), back.encoding, marked=back.marked)


def _rows(back: Back, said: Mapping[int, Said]) -> Iterator[tuple[int, tuple[str, ...]]]:
    width = max(len(cells) for _, cells in back.rows)
    for number, cells in back.rows:
        more = ADDED if number == back.header else said.get(number, ("",) * len(ADDED))
        yield number, (*cells, *[""] * (width - len(cells)), *more)
