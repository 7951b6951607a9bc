"""Which sheets of a workbook are one record, and the tables of a record's file.

Owns this judgement. Promises: a workbook that is plainly another document is none of a record; because a record travels
to another school as it is, every sheet with something in it must be a part, or explain: another one is refused by name,
for it may be about other students.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from broker.core.errors import Refused
from broker.formats import heading
from broker.formats.cells import plain
from broker.formats.enrollment import columns as enrollment
from broker.formats.heading import Headed
from broker.formats.student_record import header
from broker.formats.student_record.columns import ASSESSMENTS, COURSES, STUDENT_SHEETS, known_in, student_field
from broker.formats.student_record.header import Header
from broker.formats.table import Row, Table

_ABOVE = 20  # rows, among which the header is
_ONE_LINE = 2  # the header, and one line
_PLAIN = (COURSES, ASSESSMENTS)  # no list of students has their columns

Cells = Sequence[str]


class OneTable(NamedTuple):
    """A table of the file, the rows above its header, and what its columns are; `pairs` are the rows of a sheet about
    the student with names beside their values, which has no header."""

    table: Table
    above: tuple[Row, ...]
    top: Header
    pairs: tuple[Row, ...] = ()


def joined(sheets: Sequence[tuple[str, Sequence[Cells]]]) -> tuple[int, ...]:
    """The places of those of these sheets (name and first rows) that are one record together; none where they are
    another document: a record has a part, and an enrollment of several students is one."""
    found = [_what(name, rows) for name, rows in sheets]
    if "part" not in found or any(_is_enrollment(*one) for one in sheets):
        return ()
    return tuple(at for at, what in enumerate(found) if what)


def _what(name: str, rows: Sequence[Cells]) -> str:
    head = max(rows[:_ABOVE], key=known_in)
    if header.part_of(head, name) is not None:
        return "part"
    named = [tuple(cell for row in rows[:_ABOVE] for cell in row[:1])]
    return "student" if any(header.is_about_student(one, name) for one in (head, *named)) else ""


def _is_enrollment(name: str, rows: Sequence[Cells]) -> bool:
    """Whether a sheet has all that an enrollment needs, and is not the one about a record's student."""
    head = max(rows[:_ABOVE], key=enrollment.known_in)
    at = next(n for n, one in enumerate(rows) if one is head)
    is_whole = not enrollment.missing([enrollment.field_of(cell) for cell in head])
    is_list = len(rows) - at > _ONE_LINE or plain(name) not in STUDENT_SHEETS
    return is_whole and is_list and header.part_of(head) not in _PLAIN


def is_meant(table: Table) -> bool:
    """Whether a table is a part of a record, and not a list of students who enter and leave that has some of its
    columns."""
    part = header.part_of(table.header.cells, table.header.sheet)
    fields = [enrollment.field_of(cell) for cell in table.header.cells]
    if part is None or (part not in _PLAIN and enrollment.is_meant(fields)):
        return bool(table.others)
    return True


_NAMED = ("course_title", "test", "days_present", "vaccine")


def missing(cells: Sequence[str]) -> list[str]:
    """The columns that a header lacks for a record: of the student, and of the part."""
    part = header.part_of(cells)
    found = {student_field(cell) for cell in cells}
    lacking = [name for name in ("last_name", "birth_date") if name not in found]
    if "whole_name" in found:
        lacking = [name for name in lacking if name != "last_name"]
    return lacking if part is not None else [*_NAMED, *lacking]


def tables_of(headed: Headed) -> tuple[OneTable, ...]:
    """The tables of a record's file. Raises Refused `strange-sheet` for a sheet that is no part of it."""
    read = [headed, *(heading.headed(one, known_in) for one in headed.table.others)]
    known = {one.table.header.sheet for one in read}
    strange = next(
        (row for row in headed.table.aside if row.sheet not in known and not _explains(row.sheet, headed)), None
    )
    if strange is not None:
        raise Refused("strange-sheet", f'sheet "{strange.sheet}"')
    return tuple(map(_one, read))


def _explains(sheet: str, headed: Headed) -> bool:
    return sheet in headed.table.explains


def _one(headed: Headed) -> OneTable:
    table = headed.table
    part = header.part_of(table.header.cells, table.header.sheet)
    rows = (*headed.above, table.header, *table.rows)
    if part is None and _is_in_pairs(rows):
        none = header.Header(None, ("",) * len(table.header.cells), "", (), "")
        return OneTable(replace(table, rows=()), (), none, rows)
    return OneTable(table, headed.above, header.read(table, part))


def _is_in_pairs(rows: Sequence[Row]) -> bool:
    """Whether a sheet about the student has the names in its first column, and the values beside them."""
    named = [row for row in rows if row.cells and student_field(row.cells[0].rstrip(": "))]
    return len(named) > 1 and all(len([cell for cell in row.cells if cell]) <= 2 for row in named)
