"""The column of a table by which its LEA asks that all of it is carried out or nothing.

Owns its names and its values. Promises: the column is no part of any document; where it says anything, it goes before
the LEA's mapping; Y in one line is enough; what cannot be read there is a fault of its line, and counts as Y; it is
searched for social security numbers.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from broker.formats import cells, no_ssn
from broker.formats.cells import Unfit, plain
from broker.formats.table import Row, Table, letters

NAME = "all_or_nothing"
_NAMES = frozenset({"allornothing", "allornone"})


class Switched(NamedTuple):
    """A table without what stands in the column; `is_whole` is None where nothing is said."""

    table: Table
    is_whole: bool | None


def is_name(cell: str) -> bool:
    """Whether a cell of a header names the column."""
    return plain(cell) in _NAMES


def taken_out(found: Table, plain_text: bytes) -> Switched:
    """The table without what the column says; it comes back as it came. `plain_text` has a byte for each digit. Raises
    Refused `has-ssn`."""
    places = [place for place, cell in enumerate(found.header.cells) if is_name(cell)]
    if not places:
        return Switched(found, None)
    no_ssn.check_rows(plain_text, [_of(row, places, is_kept=True) for row in found.rows], ())
    said = {row.cells[at] for row in found.rows for at in places if at < len(row.cells)} - {""}
    own = replace(
        found, header=_of(found.header, places, is_kept=False), rows=tuple(_row(row, places) for row in found.rows)
    )
    return Switched(own, any(_says(cell) is not False for cell in said) if said else None)


def _says(cell: str) -> bool | None:
    """What a cell says; None where it cannot be read."""
    try:
        return cells.yes_or_no(cell)
    except Unfit:
        return None


def _row(row: Row, places: Sequence[int]) -> Row:
    if row.fault or not row.cells:
        return row
    wrong = [at for at in places if at < len(row.cells) and row.cells[at] and _says(row.cells[at]) is None]
    fault = f"column {letters(wrong[0] + 1)} must be Y or N" if wrong else ""
    return replace(_of(row, places, is_kept=False), fault=fault)


def _of(row: Row, places: Sequence[int], *, is_kept: bool) -> Row:
    """The row with nothing but these cells, or without them."""
    cut = tuple(cell if (place in places) is is_kept else "" for place, cell in enumerate(row.cells))
    return replace(row, cells=cut, written=row.came)
