"""The names of the columns of a record's table: which part it is, and which column is which.

Owns this judgement. Promises: a column is never guessed; one that is no part of a record is passed over; all faults of
the columns are told at once, and none of them shows a cell.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from broker.formats.cells import is_secret, plain
from broker.formats.ssid.header import places_of
from broker.formats.student_record.columns import (
    BACKPACK,
    BESIDE,
    COURSES,
    IDENTIFYING,
    PARTS,
    STUDENT,
    STUDENT_SHEETS,
    student_field,
)
from broker.formats.student_record.part import Part
from broker.formats.table import Row, Table, place_of

ABOUT = "student."  # begins the fields of columns about the student
_GRADE_LEVELS = frozenset({"pk", "ps", "k", "kg", *map(str, range(1, 13)), *(f"{one:02}" for one in range(1, 10))})


class Header(NamedTuple):
    """The part of a table, None for one about the student alone; the field of each column, '' for one that is passed
    over; what attendance counts by the names of its columns, '' where they do not say; and what is wrong with the
    columns, in sentences."""

    part: Part | None
    fields: tuple[str, ...]
    unit: str
    faults: tuple[str, ...]
    secret: str

    def at(self, field: str) -> int:
        """The column of a field, counted from 1; 0 for none."""
        return self.fields.index(field) + 1 if field in self.fields else 0


def part_of(header: Sequence[str], sheet: str = "") -> Part | None:
    """The part whose table has this header; None for none. The name of a sheet says it, if any column is the part's."""
    named = [one for one in PARTS if plain(sheet) in one.names and one.known_in(header)]
    told = named or [one for one in PARTS if one.is_told_by(header)]
    return max(told, key=lambda one: one.known_in(header), default=None)


def is_about_student(header: Sequence[str], sheet: str = "") -> bool:
    """Whether a sheet says who the student is: by its name and a column, or by a name and a birth date."""
    found = {student_field(cell) for cell in header}
    if plain(sheet) in STUDENT_SHEETS:
        return bool(found.intersection(IDENTIFYING))
    return "birth_date" in found and bool(found & {"last_name", "whole_name"})


def read(table: Table, part: Part | None) -> Header:
    """The columns of a table of this part, or about the student."""
    cells = table.header.cells
    fields = [_field(cell, part) for cell in cells]
    if part is not None and part.columns is COURSES.columns:
        fields = _courses(cells, fields, table.rows)
    if {f"{ABOUT}last_name", f"{ABOUT}first_name"} <= set(fields):
        fields = ["" if field == f"{ABOUT}whole_name" else field for field in fields]
    faults = list(_doubled(table.header, fields, table.rows))
    secret = [place for place, cell in enumerate(cells, 1) if is_secret(cell)]
    units = {_unit(cell) for cell, field in zip(cells, fields, strict=True) if field in _COUNTED} - {""}
    unit = next(iter(units)) if len(units) == 1 else ""
    return Header(part, tuple(fields), unit, tuple(faults), places_of(table.header, secret) if secret else "")


_COUNTED = frozenset({"membership", "present", "absent_excused", "absent_unexcused"})


def _field(cell: str, part: Part | None) -> str:
    own = part.fields.get(plain(cell), "") if part is not None else ""
    about = student_field(cell)
    is_beside = about and (part is None or about in BESIDE)
    return own or (ABOUT + about if is_beside and about in (*STUDENT, BACKPACK) else "")


def _courses(cells: Sequence[str], fields: list[str], rows: Sequence[Row]) -> list[str]:
    """Two names of columns mean different things in different systems: `Course` is the code where another column has
    the title, and `Grade` the student's grade where another column has the mark and all its cells are grades."""
    for name, field, other in (("course", "title", "course_code"), ("grade", "mark", "grade_level")):
        places = [n for n, one in enumerate(fields) if one == field]
        plainly = [n for n in places if plain(cells[n]) == name]
        if len(places) > 1 and len(plainly) == 1 and other not in fields:
            said = {row.cells[plainly[0]].lower() for row in rows if plainly[0] < len(row.cells)} - {""}
            if field == "title" or said <= _GRADE_LEVELS:
                fields[plainly[0]] = other
    return fields


def _doubled(header: Row, fields: list[str], rows: Sequence[Row]) -> Iterator[str]:
    """A sentence for each field that several columns tell otherwise; of those that tell the same, the first is used."""
    for field in dict.fromkeys(filter(None, fields)):
        places = [place for place, one in enumerate(fields) if one == field]
        told = [["".join(row.cells[place : place + 1]) for row in rows] for place in places]
        if any(one != told[0] for one in told):
            named = places_of(header, [place + 1 for place in places])
            shown = field.removeprefix(ABOUT)
            yield f"Several columns are {shown} ({named}), and do not say the same: leave one of them."
        for place in places[1:]:
            fields[place] = ""


def _unit(cell: str) -> str:
    said = plain(cell)
    return "days" if "day" in said else "periods" if "period" in said else ""


def where(table: Table) -> str:
    """The place of a table's header, to begin a sentence with."""
    named = place_of(table.header)
    return f"{named[:1].upper()}{named[1:]}"
