"""The lines of one part of a record, read into its entries.

Owns this reading. Promises: all that is wrong with a line is told, by the letters and names of its columns; what says
nothing (a line of totals, the header again, the example of a template) is left out. What is missing but follows from
the rest is filled in: the school year from a term's number or the day, what attendance counts from the names of its
columns.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.core import template
from broker.core.days import written
from broker.core.days.written import Order
from broker.core.files import mangled
from broker.formats import heading
from broker.formats.cells import Column, Unfit
from broker.formats.student_record import guide, values
from broker.formats.student_record.faults import Fault, of_cell
from broker.formats.student_record.header import ABOUT, Header
from broker.formats.student_record.part import Part
from broker.formats.table import Row, Table

EXAMPLE = "This line is the example of the template: write over all of it, or delete it."
_FORMULA = re.compile(r"[=@].|[-+].{0,200}(?:\||[A-Za-z]\()", re.DOTALL)
_NO_FORMULA = "must not begin as a formula does (=, @): the receiving school's spreadsheet program would carry it out"
_NO_DAY = "must be a date, such as 2012-03-04, 03/04/2012 or 20120304"
_DUE = frozenset({"review_due", "evaluation_due", "licence_expires"})
_AHEAD, _DUE_AHEAD = 2, 20  # how many years after the signature a day may be, and one that is still to come
_WORDS = frozenset({"title", "sample_title", "text", "description", "test", "subject", "teacher", "school", "action"})
_STAND_IN = "2000-01-01"  # for a day that cannot be read; never shown
_GPA = re.compile(r"(?:(?:cumulative|weighted|unweighted|overall|term|total) ){0,2}gpa\b.{0,80}", re.IGNORECASE)
_MOST_OF_GPA = 4  # cells in a line with an average below the courses


@dataclass(frozen=True, slots=True)
class Reading:
    """What all tables of a document share: how dates are read, the year of the signature, and the school year that is
    said of the student as a whole, 0 for none."""

    order: Order
    year: int
    school_year: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """One line that is an entry of the record: its row, where in the record it goes, its values by field, and what is
    wrong with it. Repr hidden."""

    row: Row
    place: str
    values: Mapping[str, Any] = field(repr=False)
    faults: tuple[Fault, ...] = ()


def dates_of(table: Table, top: Header) -> Iterator[tuple[int, Row]]:
    """The cells of a table that are days: the column, from 1, and the row."""
    about = {f"{ABOUT}birth_date"}
    days = about | (top.part.dates if top.part else frozenset())
    columns = [n for n, name in enumerate(top.fields, 1) if name in days]
    return ((n, row) for row in table.rows for n in columns if n <= len(row.cells))


def without_rest(table: Table, top: Header) -> tuple[Row, ...]:
    """The rows that are lines: without totals and averages below them, the header again, and the template's example."""
    said = [n for n, name in enumerate(top.fields) if name and not _is_number(top.part, name)]
    rows, _ = heading.without_totals(table.rows, said)
    while rows and _is_average(rows[-1]):
        rows, _ = heading.without_totals(rows[:-1], said)
    return tuple(row for row in rows if row.cells != table.header.cells and not _is_example(row, top))


def _is_number(part: Part | None, name: str) -> bool:
    return bool(part and name in part.columns and part.columns[name].read is values.number)


def _is_average(row: Row) -> bool:
    filled = [cell for cell in row.cells if cell]
    return 0 < len(filled) <= _MOST_OF_GPA and any(_GPA.fullmatch(cell) for cell in filled)


def _said(row: Row, top: Header) -> dict[str, str]:
    return {name: cell for name, cell in zip(top.fields, row.cells, strict=False) if name and cell}


def _is_example(row: Row, top: Header) -> bool:
    """Whether a line is the template's example as it was: all that stands there is."""
    if not any(map(template.is_example, row.cells)):
        return False
    return _said(row, top) == {name: cell for name, cell in guide.examples(top.part).items() if name in top.fields}


def needed_of(top: Header, reading: Reading) -> list[str]:
    """The fields without which no line of this table can be an entry, and that it has no column for."""
    part = top.part
    if part is None:
        return []
    has_year = bool(reading.school_year or "term_id" in top.fields or part.dates & {"date"} & set(top.fields))
    given = {"school_year": has_year, "unit": bool(top.unit)}
    return [name for name in part.needed if name not in top.fields and not given.get(name)]


def read(table: Table, top: Header, reading: Reading) -> Iterator[Line]:
    """The lines of a table of one part."""
    part = top.part
    if part is None:
        return
    fields = {name: True for name in top.fields if name in part.columns and name != "kind"}
    for row in without_rest(table, top):
        yield _line(row, table, top, part, reading, fields)


def _line(row: Row, table: Table, top: Header, part: Part, reading: Reading, fields: Mapping[str, object]) -> Line:
    whole = row_fault(row, table)
    if whole:
        return Line(row, "", {}, (of_cell(table.header, row, 0, whole),))
    found: dict[str, Any] = {}
    faults = list(formulas_in(table, row))
    for column, name in enumerate(top.fields, 1):
        cell = row.cells[column - 1] if column <= len(row.cells) else ""
        if not cell or name not in part.columns:
            continue
        try:
            found[name] = value(name, cell, part.columns[name], reading, is_day=name in part.dates)
        except Unfit as error:
            faults.append(of_cell(table.header, row, column, str(error)))
            found[name] = None
    _fill_in(found, top, reading)
    missing = [name for name in part.needed if name not in found]
    faults += [of_cell(table.header, row, top.at(name), _must_be_there(name, top)) for name in missing]
    return Line(row, part.place_of(dict(fields) | found), found, tuple(faults))


def _must_be_there(name: str, top: Header) -> str:
    return "must be filled in" if top.at(name) else f"{name} must be filled in"


def _fill_in(found: dict[str, Any], top: Header, reading: Reading) -> None:
    term = found.pop("term_id", None)
    part = top.part
    if part is None:
        return
    if "school_year" in part.columns and "school_year" not in found:
        day = found.get("date") if "date" in part.dates else None
        said = term or (values.year_of(day) if day else 0) or (0 if top.at("school_year") else reading.school_year)
        if said:
            found["school_year"] = said
    if "unit" in part.columns and "unit" not in found and top.unit and not top.at("unit"):
        found["unit"] = top.unit


def of_student(table: Table, top: Header) -> Iterator[Fault]:
    """What is wrong with the rows of a sheet about the student alone, but for the values."""
    if top.part is not None:
        return
    for row in without_rest(table, top):
        whole = row_fault(row, table)
        yield from [of_cell(table.header, row, 0, whole)] if whole else formulas_in(table, row)


def row_fault(row: Row, table: Table) -> str:
    """What is wrong with a row as a whole; '' for nothing."""
    if row.fault:
        return f"In this line {row.fault}"
    width = len(table.header.cells)
    if any(row.cells[width:]):
        return f"The header has {width} columns, this line {len(row.cells)}"
    return EXAMPLE if any(map(template.is_example, row.cells)) else ""


def formulas_in(table: Table, row: Row) -> Iterator[Fault]:
    """The cells of a CSV that a spreadsheet program would take for formulas: the table travels as it is."""
    if row.sheet:
        return
    for column, cell in enumerate(row.cells, 1):
        if _FORMULA.match(cell):
            yield of_cell(table.header, row, column, _NO_FORMULA)


def value(name: str, cell: str, column: Column, reading: Reading, *, is_day: bool) -> Any:
    """The value of a cell. Raises Unfit."""
    must = mangled.fault(cell, is_name=is_day or name in _WORDS or name.endswith("name") or name == "guardian")
    if must:
        raise Unfit(must)
    if not is_day:
        return column.read(cell)
    ahead = 0 if name == "birth_date" else _DUE_AHEAD if name in _DUE else _AHEAD
    found = written.read(cell, reading.order, reading.year + ahead)
    if found is None:
        raise Unfit(_NO_DAY)
    return found.isoformat()


def lists_of(entry: Any) -> Any:
    """An entry in which objects with numbers as keys are lists, as `cells.put` has made them."""
    if not isinstance(entry, dict):
        return entry
    made = {key: lists_of(one) for key, one in entry.items()}
    return [made[key] for key in sorted(made)] if made and all(isinstance(key, int) for key in made) else made
