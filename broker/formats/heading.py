"""Where a table begins and ends: its header below a title, and the line of totals under it.

Owns this judgement, for every form of table. Promises: the header is the first of the first lines that names most
columns; a line above it, or of totals, is left out only as a whole, and is handed back, so that its sender is told;
where a table lies in a way that cannot be read, that is said.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import NamedTuple

from broker.core.days.written import Order
from broker.formats.table import SEPARATORS, Row, Table, place_of

_FIRST_LINES = 20  # the header is among these
_LEAST_NAMED = 3  # so many known columns make a line the header
_TOTAL = re.compile(
    r"(?:grand |sub)?totals?\b.{0,80}|(?:record |student |row )?count\b.{0,80}|sum\b.{0,80}"
    r"|number of (?:students|records|rows)\b.{0,80}|[0-9]{1,9} (?:students|records|rows)(?: total| in total)?\.?",
    re.IGNORECASE,
)
_MOST_OF_TOTALS = 4  # cells that are filled in a line of totals


class Headed(NamedTuple):
    """A table whose header is the right line; `above` are the rows before it."""

    table: Table
    above: tuple[Row, ...]


class Part(NamedTuple):
    """Which part of a table is read: `order` is that of the dates of the file as a whole, None where these rows are all
    of it; totals stand below the last part alone."""

    order: Order | None
    is_last: bool


WHOLE = Part(None, is_last=True)


def headed(found: Table, known: Callable[[Sequence[str]], int]) -> Headed:
    """The table with the line as header that names most columns; `known` counts them."""
    lines = (found.header, *found.rows[:_FIRST_LINES])
    named = [0 if row.fault else known(row.cells) for row in lines]
    at = named.index(max(named))
    if at == 0 or named[at] < _LEAST_NAMED:
        return Headed(found, found.above)
    return Headed(replace(found, header=lines[at], rows=found.rows[at:]), (*found.above, *lines[:at]))


def askew(table: Table, above: Sequence[Row], known: Callable[[Sequence[str]], int]) -> str:
    """A sentence about a table that lies in another way than with one cell for each name in one line; '' for others."""
    header = [cell for cell in table.header.cells if cell]
    if len(header) == 1 and any(known(header[0].split(one)) >= _LEAST_NAMED for one in SEPARATORS):
        return (
            "All of a line stands in one cell: divide it into columns (in a spreadsheet program: Data, Text to"
            " Columns), and save it again."
        )
    lines = (table.header, *table.rows[:_FIRST_LINES])
    here = known(table.header.cells)
    if known([row.cells[0] for row in lines if row.cells]) > max(here, _LEAST_NAMED - 1):
        return (
            "The names of the columns stand below each other: they must stand beside each other in one line (copy all,"
            " then Paste Special with Transpose)."
        )
    beside = [(above[-1], table.header)] if above else []
    beside += [(table.header, table.rows[0])] if table.rows else []
    for upper, lower in beside:
        names = _joined(upper.cells, lower.cells, known)
        own = [one for cell, one, below in zip(upper.cells, names, lower.cells, strict=False) if cell and one != below]
        if own and known(names) >= max(here, _LEAST_NAMED):
            both = f"{place_of(upper)} and {place_of(lower)}"
            return f"The names of the columns are spread over two lines, {both}: write each into one cell of one line."
    return ""


def _joined(upper: Sequence[str], lower: Sequence[str], known: Callable[[Sequence[str]], int]) -> list[str]:
    """Names that are spread over two lines, where they are names only together; one above several cells is that of
    each."""
    names, group = [], ""
    for above, below in zip_longest(upper, lower, fillvalue=""):
        group = above or group
        both = f"{group} {below}"
        names.append(both if known([both]) else below)
    return names


def without_totals(rows: Sequence[Row], needed: Sequence[int]) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """The rows, and the lines of totals below them. `needed` are the places of columns of which a student's line has
    one at least."""
    end = len(rows)
    while end and _is_total(rows[end - 1], needed):
        end -= 1
    return tuple(rows[:end]), tuple(rows[end:])


def _is_total(row: Row, needed: Sequence[int]) -> bool:
    """A student may be called Sum or Count: so a line that has what a student's line needs is none of totals."""
    filled = [cell for cell in row.came if cell]
    if not filled or len(filled) > _MOST_OF_TOTALS or not any(_TOTAL.fullmatch(cell) for cell in filled):
        return False
    return sum(1 for place in needed if place < len(row.cells) and row.cells[place]) <= 1
