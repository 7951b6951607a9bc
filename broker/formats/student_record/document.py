"""The tables of one student's record, read into `student-record.v1`, or into `backpack.v1` where they say its mode.

Owns the whole of this reading. Promises: a record is taken whole or not at all: a transcript without one of its courses
is a wrong one, and the receiving school could not see it, so one faulty cell refuses the file, with all faults of all
lines at once; a file is one student's, and never a guess whose. The schema says what a good value is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from broker.core.days import written
from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.formats import no_ssn
from broker.formats.heading import Headed
from broker.formats.made import Made
from broker.formats.ssid.lines import SHEET, Sheet
from broker.formats.student_record import checked, faults, header, lines, sheets, student
from broker.formats.student_record.columns import BACKPACK, STUDENT
from broker.formats.student_record.faults import Fault
from broker.formats.student_record.header import ABOUT
from broker.formats.student_record.lines import Reading
from broker.formats.student_record.part import Part
from broker.formats.student_record.sheets import OneTable
from broker.formats.student_record.student import Known, Said
from broker.formats.table import place_of

Document = dict[str, Any]
Check = Callable[[Mapping[str, Any]], object]
"""Raises Refused `schema` or `impossible-date` for a document that does not fit."""

RECORD, BACKPACKS = "student-record", "backpack"
_ALONE = (
    "Put them into each line, into lines above the names of the columns (Birth Date: 3/4/2012), or on a sheet Student."
)


def read(headed: Headed, plain: bytes, lea: LeaId, made: Made, check: Check) -> Document:
    """The document in a record's file; `plain` is all its text, with a byte for each digit. Raises Refused `csv-form`,
    `strange-sheet`, `ssn-column`, `has-ssn`, `dates-contradict`, `several-students`, `table-lines`."""
    tables = sheets.tables_of(headed)
    _check_numbers(tables, headed, plain)
    reading = _reading(tables, made)
    known = _student(tables, reading)
    about, wrong = student.values_of(known)
    reading = replace(reading, school_year=about.get("school_year", 0))
    _check_columns(tables, known, reading)
    read_lines = [(one, line) for one in tables for line in lines.read(one.table, one.top, reading)]
    if not read_lines:
        raise Refused("csv-form", place_of(tables[0].table.header), "It has names of columns, and no line below.")
    kind = BACKPACKS if _is_backpack(tables, known) else RECORD
    wrong += [
        *_of_mode(tables, known, kind),
        *(fault for one in tables for fault in lines.of_student(one.table, one.top)),
    ]
    top = {
        "packet": f"{kind}.v1",
        "id": made.id_of(_name(kind, tables), lea, headed.table, *headed.table.others, whose=_whose(about)),
        "from": str(lea),
        "created": made.signed_at.isoformat(timespec="seconds"),
    }
    whole, found = checked.document(top, about, known, read_lines, wrong, check)
    if found:
        raise faults.refusal(_in_order(found, tables))
    return whole | {SHEET: Sheet(form="", day="", numbers=(), unread=(), is_named_by_rows=True)}


def _check_numbers(tables: Sequence[OneTable], headed: Headed, plain: bytes) -> None:
    """Raises Refused where a social security number, or a column of them, is in the file."""
    secret = [one.top.secret for one in tables if one.top.secret]
    if secret:
        raise Refused("ssn-column", secret[0])
    for one in tables:
        steps = [_last_step(one.top.part, name) for name in one.top.fields]
        no_ssn.check_rows(plain, (*one.above, *one.pairs, one.table.header, *one.table.rows), steps)
    known = {one.table.header.sheet for one in tables}
    no_ssn.check_rows(plain, [row for row in headed.table.aside if row.sheet not in known], ())


def _last_step(part: Part | None, name: str) -> str:
    column = (
        STUDENT.get(name.removeprefix(ABOUT)) if name.startswith(ABOUT) else part.columns.get(name) if part else None
    )
    return str(column.place[-1]) if column and column.place else ""


def _reading(tables: Sequence[OneTable], made: Made) -> Reading:
    decided = written.decide(_dates(tables))
    if decided.is_contradiction:
        said = f"{decided.month} has the month before the day, {decided.day} the day before the month."
        raise Refused("dates-contradict", decided.day, said)
    return Reading(decided.order, made.signed_on.year)


def _dates(tables: Sequence[OneTable]) -> Iterator[tuple[str, str]]:
    for one in tables:
        for column, row in lines.dates_of(one.table, one.top):
            yield place_of(row, column), row.cells[column - 1]
        birth = student.in_pairs(one.above or one.pairs).get("birth_date")
        if birth:
            yield place_of(birth.row, birth.column), birth.text


def _student(tables: Sequence[OneTable], reading: Reading) -> Known:
    """The student. Raises Refused `several-students`."""
    known = Known(reading)
    for said in _said(tables):
        known.add(said)
    if known.others is not None:
        one, other = known.others
        raise Refused("several-students", other, f"{one} and {other} are about two.")
    return known


def _said(tables: Sequence[OneTable]) -> Iterator[Said]:
    for one in sorted(tables, key=lambda one: one.top.part is not None):  # a sheet about the student comes first
        yield student.in_pairs(one.above or one.pairs)
        yield from student.in_lines(one.table, one.top, lines.without_rest(one.table, one.top))


def _check_columns(tables: Sequence[OneTable], known: Known, reading: Reading) -> None:
    """Raises Refused `csv-form` for all that is wrong with the columns of all tables."""
    said = [fault for one in tables for fault in one.top.faults]
    first = next((one for one in tables if one.top.faults), None)
    for one in tables:
        lacking = lines.needed_of(one.top, reading)
        if lacking and one.top.part:
            first = first or one
            said.append(
                f"{header.where(one.table)}: these columns are missing for {one.top.part.title}: {', '.join(lacking)}."
            )
    if known.lacks:
        first = first or tables[0]
        said.append(f"These columns about the student are missing: {', '.join(known.lacks)}. {_ALONE}")
    if first is not None:
        raise Refused("csv-form", place_of(first.table.header), " ".join(said))


def _is_backpack(tables: Sequence[OneTable], known: Known) -> bool:
    return BACKPACK in known.cells or any(one.top.at(ABOUT + BACKPACK) for one in tables)


def _of_mode(tables: Sequence[OneTable], known: Known, kind: str) -> list[Fault]:
    """The fault of a backpack whose column Mode is empty."""
    if kind != BACKPACKS or BACKPACK in known.cells:
        return []
    one = next(one for one in tables if one.top.at(ABOUT + BACKPACK))
    return [faults.of_cell(one.table.header, one.table.rows[0], one.top.at(ABOUT + BACKPACK), "must be filled in")]


def _name(kind: str, tables: Sequence[OneTable]) -> str:
    """The kind of document, and its part where it has only one: such ones stand beside each other."""
    parts = {one.top.part.title for one in tables if one.top.part}
    return f"{kind}/{parts.pop()}" if kind == RECORD and len(parts) == 1 else kind


def _whose(about: Mapping[str, Any]) -> str:
    """What tells the student of a record from others of the LEA."""
    told = about.get("ssid") or [
        about.get(name, "") for name in ("whole_name", "last_name", "first_name", "birth_date")
    ]
    return str(told)


def _in_order(found: Sequence[Fault], tables: Sequence[OneTable]) -> list[Fault]:
    """The faults in the order of the file."""
    order = {one.table.header.sheet: n for n, one in enumerate(tables)}
    return sorted(found, key=lambda one: (order.get(one.sheet, 0), one.row, len(one.letter), one.letter))
