"""Who the student of a record's tables is: one, or the table is none of one record.

Owns what is said of the student, wherever it stands: on a sheet of its own, in each line, or in lines with a name and a
value (`SSID: 1000000019`). Promises: two lines of different students are never joined; where they tell one student
otherwise, the cells are named.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from broker.core.days import written
from broker.formats import cells
from broker.formats.cells import Unfit, plain
from broker.formats.student_record.columns import IDENTIFYING, STUDENT, student_field
from broker.formats.student_record.faults import Fault, of_cell
from broker.formats.student_record.header import ABOUT, Header
from broker.formats.student_record.lines import Reading, value
from broker.formats.table import Row, Table, place_of

_NUMBERS = ("ssid", "local_number")
_MUST_AGREE = "must be the same everywhere in the file: a record is of one student"
_NEEDED = ("last_name", "birth_date")


class Cell(NamedTuple):
    """A cell that says something of the student: its header, its row, and the column from 1."""

    header: Row
    row: Row
    column: int

    @property
    def text(self) -> str:
        """What stands there, for a cell with its name before it without that."""
        found = self.row.cells[self.column - 1]
        label, colon, rest = found.partition(":")
        return rest.strip() if colon and rest.strip() and student_field(label) else found


Said = Mapping[str, Cell]
"""What one line says of a student, by field."""


def in_lines(table: Table, top: Header, rows: Sequence[Row]) -> Iterator[Said]:
    """What each row says, by the columns about the student."""
    columns = [(n, name.removeprefix(ABOUT)) for n, name in enumerate(top.fields, 1) if name.startswith(ABOUT)]
    for row in rows:
        found = {name: Cell(table.header, row, n) for n, name in columns if n <= len(row.cells) and row.cells[n - 1]}
        if found:
            yield found


def in_pairs(rows: Iterable[Row]) -> Said:
    """What is said in rows of names with their values: in the next cell, or behind a colon."""
    found: dict[str, Cell] = {}
    for row in rows:
        for at, cell in enumerate(row.cells):
            label, colon, rest = cell.partition(":")
            name = student_field(label)
            if not name or name in found:
                continue
            if colon and rest.strip():
                found[name] = Cell(Row(0, ()), row, at + 1)
            elif beside := _value_beside(row, at):
                found[name] = Cell(Row(0, ()), row, beside)
    return found


def _value_beside(row: Row, at: int) -> int:
    """The next column, from 1, in which anything stands, unless that is a name itself; 0 for none."""
    beside = next((n for n in range(at + 1, len(row.cells)) if row.cells[n]), 0)
    return beside + 1 if beside and not student_field(row.cells[beside].partition(":")[0]) else 0


@dataclass(slots=True)
class Known:
    """The student, as all lines together tell: the first cell for each field. `faults` are cells that say it
    otherwise; `others` are places of two different students."""

    reading: Reading
    cells: dict[str, Cell] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    others: tuple[str, str] | None = None

    def add(self, said: Said) -> None:
        """Take in what one more line says."""
        if self.others is not None:
            return
        differing = [name for name in IDENTIFYING if name in said and name in self.cells and self._differs(name, said)]
        if _are_two(differing, {name for name in said if name in self.cells}):
            mine, other = (next(iter(one.values())) for one in (self.cells, said))
            self.others = (place_of(mine.row), place_of(other.row))
            return
        for name in differing:
            self.faults.append(of_cell(said[name].header, said[name].row, said[name].column, _MUST_AGREE))
        self.cells = {**said, **self.cells}

    def _differs(self, name: str, said: Said) -> bool:
        mine, other = (compared(name, one[name].text, self.reading) for one in (self.cells, said))
        return mine != other

    @property
    def lacks(self) -> list[str]:
        """The columns without which nobody knows who the student is."""
        missing = [name for name in _NEEDED if name not in self.cells]
        return [name for name in missing if not (name == "last_name" and "whole_name" in self.cells)]


def compared(name: str, text: str, reading: Reading | None = None) -> str:
    """A cell as it is compared: a date in whichever form, if it is known how dates are read, a number without leading
    zeros, a name without accents."""
    if name == "birth_date" and reading is not None:
        found = written.read(text, reading.order, reading.year)
        return found.isoformat() if found else text
    return cells.number(text).lstrip("0") if name in _NUMBERS else plain(text)


def _are_two(differing: Sequence[str], shared: set[str]) -> bool:
    """Whether lines that differ in these fields are about two students: by a number, or without one by a name or a
    birth date."""
    numbers = shared.intersection(_NUMBERS)
    return bool(set(differing) & numbers) or bool(differing and not numbers)


def values_of(known: Known) -> tuple[dict[str, Any], list[Fault]]:
    """The values of the student's fields, and what is wrong with their cells."""
    found: dict[str, Any] = {}
    faults = list(known.faults)
    for name, cell in known.cells.items():
        column = STUDENT[name]
        try:
            found[name] = value(name, cell.text, column, known.reading, is_day=name == "birth_date")
        except Unfit as error:
            faults.append(of_cell(cell.header, cell.row, cell.column, str(error)))
    if {"last_name", "first_name"} <= found.keys():
        found.pop("whole_name", None)
    return found, faults
