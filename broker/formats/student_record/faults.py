"""What is wrong in the tables of a record, and the refusal that tells all of it at once.

Owns the words for places. Promises: a fault names sheet, row, and the letter and name of the column, and holds nothing
of a cell; the same fault in many rows is told once. `places_in` takes the refusal's hint apart again.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from broker.core.errors import Refused
from broker.formats.ssid.header import SHOWN
from broker.formats.table import Row, letters

CODE = "table-lines"
_MOST_TOLD = 100  # different faults
_MOST_RUNS = 40  # runs of rows that are named for one fault
_PLACE = re.compile(
    r'(?:sheet "(?P<sheet>[^"]{1,31})", )?(?:lines?|rows?) (?P<rows>[0-9, -]{1,2000})(?: and others)?'
    r'(?:, column (?P<letter>[A-Z]{1,3})(?: "(?P<header>[^"]{1,40})")?)?: (?P<must>.{1,500})'
)


class Fault(NamedTuple):
    """One fault of a row: `letter` and `header` name its column, '' for the whole row; `must` is the end of a
    sentence, or a whole one. In a workbook, `sheet` has a name."""

    sheet: str
    row: int
    letter: str
    header: str
    must: str


def of_cell(header: Row, row: Row, column: int, must: str) -> Fault:
    """The fault of a cell; `column` is counted from 1, 0 for the whole row."""
    if not column:
        return Fault(row.sheet, row.number, "", "", must)
    name = header.cells[column - 1] if column <= len(header.cells) else ""
    return Fault(row.sheet, row.number, letters(column), name if SHOWN.fullmatch(name) else "", must)


def refusal(faults: Sequence[Fault]) -> Refused:
    """The refusal that tells of all these faults, one a line of its hint."""
    groups: dict[tuple[str, str, str, str], list[int]] = {}
    for one in faults:
        groups.setdefault((one.sheet, one.letter, one.header, one.must), []).append(one.row)
    said = [
        f"{_place(sheet, rows, letter, header)}: {must.rstrip('.')}."
        for (sheet, letter, header, must), rows in list(groups.items())[:_MOST_TOLD]
    ]
    if len(groups) > _MOST_TOLD:
        said.append("There are more; correct these first.")
    first = faults[0]
    return Refused(CODE, _place(first.sheet, [first.row], first.letter, first.header), "\n".join(said))


def places_in(hint: str) -> Iterator[Fault]:
    """The faults that a refusal's hint tells, one for each row; sentences without a place have no row."""
    for line in hint.splitlines():
        found = _PLACE.fullmatch(line)
        if found is None:
            yield Fault("", 0, "", "", line)
            continue
        for row in _rows_in(found["rows"]):
            yield Fault(found["sheet"] or "", row, found["letter"] or "", found["header"] or "", found["must"])


def _place(sheet: str, rows: Sequence[int], letter: str, header: str) -> str:
    named = f'sheet "{sheet}", row' if sheet else "line"
    several = "s" if len(set(rows)) > 1 else ""
    column = f", column {letter}" + (f' "{header}"' if header else "") if letter else ""
    return f"{named}{several} {_runs(rows)}{column}"


def _runs(rows: Iterable[int]) -> str:
    """`3, 7-9`."""
    numbered = groupby(enumerate(sorted(set(rows))), lambda one: one[1] - one[0])
    runs = [[row for _, row in run] for _, run in numbered]
    told = ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs[:_MOST_RUNS])
    return told + (" and others" if len(runs) > _MOST_RUNS else "")


def _rows_in(told: str) -> Iterator[int]:
    for one in told.split(","):
        first, _, last = one.strip().partition("-")
        if first:
            yield from range(int(first), int(last or first) + 1)
