"""A table out of what a school has: CSV or a workbook, by content and never by name.

Owns the one entrance, and which sheet of a workbook is the table. Promises: the rest sees a `Table` and need not know
which it was; hidden rows are read like all others, hidden sheets are not, and both are told; where two sheets could be
the table, neither is guessed. No refusal holds a cell.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from broker.core.errors import Refused
from broker.core.files import texts
from broker.core.files.kinds import is_workbook
from broker.edge import workbooks
from broker.edge.workbooks import Sheet
from broker.formats import heading, table
from broker.formats.table import MOST_CELL, MOST_COLUMNS, Row, Table

__all__ = ["first_lines", "is_workbook", "plain", "read"]

Known = Callable[[Sequence[str]], int]

WORKBOOK = "xlsx"  # the `encoding` of a table out of a workbook
_LEAST_KNOWN = 3  # so many known columns make a row the header
_ABOVE = 20  # rows, among which the header may be
_MOST_TOLD = 6  # hidden sheets, and runs of hidden rows, that are named
_SHOWN = re.compile(r"[\w .()#&+-]{1,31}")
_EXPLAINS = re.compile(
    "(?:explanations?|explained|instructions?|read ?me|help|notes?|lists?|codes?|legend|lookups?|examples?)\\b.*",
    re.IGNORECASE,
)


class Joined(NamedTuple):
    """Which sheets are one document together. `places` says it of their names and first rows, none where they are not;
    `known` counts the names of columns among some cells of one of them."""

    places: Callable[[Sequence[tuple[str, Sequence[Sequence[str]]]]], Sequence[int]]
    known: Known


def read(content: bytes, most_rows: int, known: Known, joined: Joined | None = None) -> Table:
    """The table in `content`; `known` counts the names of columns among some cells.

    Raises Refused: the codes of `table.read`; of a workbook also `workbook`, `not-a-document` (it has a password),
    `xml-unsafe`, `empty-document`.
    """
    if not is_workbook(content):
        return table.read(content, most_rows)
    sheets = [one for one in workbooks.read(content) if one.rows]
    several = _several(sheets, joined)
    if joined is None or not several:
        return _table(_chosen(sheets, known), sheets, known, most_rows)
    first, *others = (_table(one, sheets, joined.known, most_rows) for one in several)
    explains = tuple(_name(one, sheets) for one in sheets if _is_explaining(one))
    return replace(first, others=tuple(others), explains=explains)


def _several(sheets: Sequence[Sheet], joined: Joined | None) -> list[Sheet]:
    """The sheets that are one document together; none where one of them is the document."""
    if joined is None:
        return []
    seen = [one for one in sheets if not one.is_hidden and not _is_explaining(one)]
    rows = [(one.name, [table.plain_cells(cells) for _, cells in one.rows[: _ABOVE + 2]]) for one in seen]
    return [seen[at] for at in joined.places(rows)]


def _is_explaining(sheet: Sheet) -> bool:
    return bool(_EXPLAINS.fullmatch(sheet.name.strip()))


def _table(chosen: Sheet, sheets: Sequence[Sheet], known: Known, most_rows: int) -> Table:
    """The table in one of these sheets. Raises Refused."""
    name = _name(chosen, sheets)
    rows = [row for line in chosen.rows if (row := _row(*line, chosen, name)) and (row.cells or row.fault)]
    if not rows:
        raise Refused("empty-document", "", "Nothing stands in the workbook.")
    at = next((at for at, row in enumerate(rows[:_ABOVE]) if known(row.cells) >= _LEAST_KNOWN), 0)
    header = Row(rows[at].number, rows[at].cells, rows[at].fault, name)
    width = len(header.cells)
    if header.fault or width < 2:
        hint = "It has no header line with the names of the columns."
        found = Table("", WORKBOOK, False, header, tuple(rows[at + 1 :]))
        raise Refused("csv-form", table.place_of(header), heading.askew(found, (), known) or hint)
    if width > MOST_COLUMNS:
        raise Refused("csv-form", table.place_of(header), f"It has more than {MOST_COLUMNS} columns.")
    if len(rows) - at - 1 > most_rows:
        hint = f"It has more than {most_rows} lines of students: divide it into files with counters of their own."
        raise Refused("csv-form", table.place_of(rows[at + 1 + most_rows]), hint)
    below = tuple(
        Row(one.number, one.cells + ("",) * (width - len(one.cells)), one.fault, name) for one in rows[at + 1 :]
    )
    others = [_row(*line, one, _name(one, sheets)) for one in sheets if one is not chosen for line in one.rows]
    told = tuple(_told(chosen, sheets, {one.number for one in below}))
    return Table("", WORKBOOK, False, header, below, told, tuple(rows[:at]), tuple(others))


def first_lines(content: bytes) -> tuple[tuple[str, ...], ...]:
    """The cells of the first lines, one of which may be the header; for telling what a file is."""
    if not is_workbook(content):
        return table.first_lines(content)
    try:
        return tuple(table.plain_cells(cells) for one in workbooks.read(content) for _, cells in one.rows[:_ABOVE])
    except Refused:
        return ()


def plain(content: bytes, found: Table) -> bytes:
    """The text of a table that was read from `content`, in which each digit is one byte: all that stands in it, also
    beside the table."""
    if found.encoding != WORKBOOK:
        return texts.plain(content)
    return "\n".join(",".join(row.cells) for row in (*found.above, found.header, *found.rows, *found.aside)).encode()


def _row(number: int, cells: Sequence[str], sheet: Sheet, name: str) -> Row:
    plain = table.plain_cells(cells)
    while plain and not plain[-1]:
        plain = plain[:-1]
    fault = ""
    if sheet.faults:
        faulty = (column for column in range(1, len(cells) + 1) if (number, column) in sheet.faults)
        column = next(faulty, 0)
        fault = f"column {table.letters(column)} {sheet.faults[number, column]}" if column else ""
    if max(map(len, plain), default=0) > MOST_CELL:
        fault = f"a cell has more than {MOST_CELL} characters"
    return Row(number, plain, fault, name)


def _chosen(sheets: Sequence[Sheet], known: Known) -> Sheet:
    """The sheet with the table. Raises Refused."""
    if not sheets:
        raise Refused("empty-document", "", "Nothing stands in the workbook.")
    headed = [one for one in sheets if _score(one, known) >= _LEAST_KNOWN]
    seen = [one for one in headed if not one.is_hidden]
    tables = [one for one in seen if not _is_explaining(one)] or seen
    if len(tables) > 1:
        names = " and ".join(f'"{_name(one, sheets)}"' for one in tables[:_MOST_TOLD])
        hint = f"Several of its sheets have names of columns ({names}): save each as a workbook with a name of its own."
        raise Refused("csv-form", "", hint)
    if tables:
        return tables[0]
    if headed:
        name = _name(headed[0], sheets)
        raise Refused(
            "csv-form", f'sheet "{name}"', "The sheet with the table is hidden: show it, and save the workbook."
        )
    visible = [one for one in sheets if not one.is_hidden]
    if len(visible) != 1:
        raise Refused("csv-form", "", "No sheet of it has a line with the names of the columns.")
    return visible[0]


def _score(sheet: Sheet, known: Known) -> int:
    return max(known(table.plain_cells(cells)) for _, cells in sheet.rows[:_ABOVE])


def _name(sheet: Sheet, sheets: Sequence[Sheet]) -> str:
    """A sheet's name, or its number where a name has signs that could be anything."""
    return (
        sheet.name
        if _SHOWN.fullmatch(sheet.name)
        else str(next(at for at, one in enumerate(sheets, 1) if one is sheet))
    )


def _told(chosen: Sheet, sheets: Sequence[Sheet], kept: set[int]) -> Iterator[str]:
    hidden = [row for row in chosen.hidden if row in kept]
    if hidden:
        yield f"{_runs(hidden)} hidden in your workbook, by a filter perhaps; what stands there was read all the same."
    for one in [one for one in sheets if one is not chosen][:_MOST_TOLD]:
        yield f'The sheet "{_name(one, sheets)}" {"is hidden and " if one.is_hidden else ""}was not read.'


def _runs(rows: Sequence[int]) -> str:
    """`Row 5 is`, `Rows 5 to 7 and 9 are`."""
    numbered = groupby(enumerate(rows), lambda one: one[1] - one[0])
    runs = [[row for _, row in run] for _, run in numbered]
    named = [f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs[:_MOST_TOLD]]
    more = ["others"] if len(runs) > _MOST_TOLD else []
    *first, last = [*named, *more]
    if not first and len(rows) == 1:
        return f"Row {last} is"
    return f"Rows {', '.join(first)} and {last} are" if first else f"Rows {last} are"
