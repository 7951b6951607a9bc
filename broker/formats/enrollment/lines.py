"""Tables of students who enter and leave, read into `enrollment.v1`.

Owns this reading; `columns` has the columns, `header` which is which. Promises: a faulty line stops no other line; the
schema says, line by line, what a good line is; all that is wrong with a line is told at once, by the letters and names
of its columns, and no sentence holds anything of a student.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from broker.core import template
from broker.core.days import written
from broker.core.days.written import Order
from broker.core.errors import Refused
from broker.core.files import mangled
from broker.core.model import LeaId
from broker.formats import cells, heading, no_ssn, returned
from broker.formats.cells import Unfit
from broker.formats.enrollment import columns
from broker.formats.enrollment import header as enrollment_header
from broker.formats.enrollment.columns import COLUMNS, DATES, ENTRY, EXIT, NAMES
from broker.formats.heading import Headed
from broker.formats.ssid.lines import EXAMPLE, MOVED, Sheet, Unread, bare, echo_of, fault_of
from broker.formats.table import Row, Table, place_of

Entry = dict[str, Any]
Check = Callable[[list[Entry]], object]
"""Raises Refused `schema` for entries that do not fit."""

PACKET = "enrollment.v1"
_STAND_INS = {"last_name": "x", "birth_date": "2000-01-01", "school": "1"}  # for what cannot be read; never shown
_NO_DAY = "must be a date, such as 2012-03-04, 03/04/2012 or 20120304"
_NO_SUCH_DAY = "must be a day of the calendar: there is no such day"
_AHEAD_YEARS = 2  # a birth is never later than the signature, another day may be so many years later
_AT_ONCE = 1000  # entries that the schema checks at once
_MOST_EXPLAINED = 100  # lines
_MOST_TOLD = 20  # lines named in one sentence
_PROPER = frozenset({"last_name", "first_name", "middle_name"})
_DIGITS = frozenset("0123456789")
_NUMBERED = frozenset({"school", "local_number", "ssid", "grade"})
_HAS_PARTS = re.compile("[-/.]")  # eight digits alone may be a number of a student


@dataclass(frozen=True, slots=True, repr=False)
class Lines:
    """The good entries, with the number of each one's line; the other lines; what is told of the table as a whole, and
    the table itself, to be given back. Repr hidden."""

    entries: tuple[Entry, ...]
    sheet: Sheet


@dataclass(frozen=True, slots=True, repr=False)
class _Form:
    """What all lines of a table share: the field and the name of each column, and how dates are read."""

    fields: tuple[str, ...]
    labels: Mapping[str, str]
    order: Order
    year: int
    lea: LeaId


@dataclass(frozen=True, slots=True, repr=False)
class _Line:
    """One line with its entries. `missing` are columns without a value, `faults` says what is wrong with others, and
    with the whole line ('')."""

    echo: Unread
    entries: tuple[Entry, ...] = ()
    missing: tuple[str, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        return not self.missing and not self.faults and bool(self.entries)


def read(
    headed: Headed,
    plain: bytes,
    lea: LeaId,
    year: int,
    check: Check,
    order: Order = Order.MONTH,
    part: heading.Part = heading.WHOLE,
) -> Lines:
    """The lines of a table, or of a part of one; `plain` is its text with a byte for each digit, `year` that of its
    signature, `order` that of dates which the table itself does not show. Raises Refused `csv-form`, `ssn-column`,
    `has-ssn`, `dates-contradict`."""
    found = headed.table
    own, above = returned.without_added(found, headed.above)
    top = enrollment_header.read(own.header, own.rows)
    no_ssn.check_rows(plain, (*headed.above, *found.rows, *found.aside), [_last_step(name) for name in top.fields])
    needed = [top.fields.index(name) for name in ("last_name", "whole_name", "birth_date") if name in top.fields]
    rows, totals = heading.without_totals(own.rows, needed) if part.is_last else (own.rows, ())
    if not rows:
        raise Refused("csv-form", place_of(found.header), "It has a header and no line of a student below it.")
    decided = written.decide(_dates(rows, top.fields), order)
    if decided.is_contradiction:
        said = f"{decided.month} has the month before the day, {decided.day} the day before the month."
        raise Refused("dates-contradict", decided.day, said)
    labels = {name: enrollment_header.label(found.header, n) for n, name in enumerate(top.fields, 1) if name}
    form = _Form(top.fields, labels, part.order or decided.order, year, lea)
    lines = _checked([_line(row, form) for row in rows], check)
    told = (*found.told, *_of_place(headed, totals), *top.told, *_again(rows))
    if form.order is Order.DAY:
        shown = f", as {decided.day} shows" if decided.day and part.order is None else ""
        told += (f"Dates were read with the day before the month{shown}.",)
    back = returned.kept(replace(own, rows=rows), above, totals, told)
    good = [(one.echo.line, entry) for one in lines if one.is_good for entry in one.entries]
    sheet = Sheet(
        form="",
        day="",
        numbers=tuple(number for number, _ in good),
        unread=tuple(_told(one, labels) for one in lines if not one.is_good),
        back=back,
        is_named_by_rows=True,
    )
    return Lines(tuple(entry for _, entry in good), sheet)


def decided_by(own: Table) -> written.Decided:
    """What the dates of a part of a table show of their order. Raises Refused `ssn-column` or `csv-form` for its
    columns."""
    return written.decide(_dates(own.rows, enrollment_header.read(own.header, own.rows).fields))


def _of_place(headed: Headed, totals: Sequence[Row]) -> Iterator[str]:
    if headed.above:
        yield f"The names of the columns are in {place_of(headed.table.header)}; what is above was passed over."
    if totals:
        numbers = ", ".join(str(row.number) for row in totals)
        yield f"Totals are no students, and were left out: line {numbers}."


def _again(rows: Sequence[Row]) -> Iterator[str]:
    first: dict[tuple[str, ...], int] = {}
    again = [row for row in rows if first.setdefault(row.cells, row.number) != row.number and not row.fault]
    if again:
        numbers = ", ".join(str(row.number) for row in again[:_MOST_TOLD])
        more = f" and {len(again) - _MOST_TOLD} more" if len(again) > _MOST_TOLD else ""
        yield f"These lines say the same as an earlier one, which does no harm: line {numbers}{more}."


def _last_step(name: str) -> str:
    place = COLUMNS[name].place if name else ()
    return str(place[-1]) if place else ""


def _dates(rows: Sequence[Row], fields: Sequence[str]) -> Iterator[tuple[str, str]]:
    dated = [n for n, name in enumerate(fields) if name in DATES]
    return ((place_of(row, n + 1), row.cells[n]) for row in rows for n in dated if n < len(row.cells))


def _line(row: Row, form: _Form) -> _Line:
    if row.fault:
        return _Line(Unread(row.number), faults={"": f"In this line {row.fault}."})
    said = {name: cell for name, cell in zip(form.fields, row.cells, strict=False) if name and cell}
    echo = echo_of(row.number, said)
    if any(row.cells[len(form.fields) :]):  # fewer are good: spreadsheet programs leave out separators at the end
        must = f"The header has {len(form.fields)} columns, this line {len(row.cells)}: {MOVED}."
        return _Line(echo, faults={"": must})
    unfit = {form.fields[place]: must for place, must in row.unfit if form.fields[place]}
    if template.is_example(said.get("last_name", "")):
        return _Line(Unread(row.number), faults={"": EXAMPLE})
    if bare(said.get("lea", form.lea)) != bare(form.lea):
        return _Line(replace(echo, reason="other-lea", fields=("lea",)))
    return _read(echo, said, unfit, form)


def _read(echo: Unread, said: Mapping[str, str], unfit: Mapping[str, str], form: _Form) -> _Line:
    values: dict[str, Any] = {}
    faults = dict(unfit)
    for name, cell in said.items():
        if name in unfit:
            continue
        try:
            values[name] = _value(name, cell, form)
        except Unfit as error:
            faults[name] = str(error)
    happened = _happened(said, values, form)
    missing = tuple(name for name in _needed(form, happened) if name not in said)
    if values.get("exit_date", "9") < values.get("entry_date", "0"):
        faults["exit_date"] = "must not be before the day of entry"
    if not happened:
        return _Line(echo, (), missing, faults)
    return _Line(echo, tuple(_entry(values, what, day) for what, day in happened), missing, faults)


def _value(name: str, cell: str, form: _Form) -> object:
    must = mangled.fault(cell, is_name=name in NAMES or name in DATES)
    if must:
        raise Unfit(must)
    if name in _PROPER and not any(map(str.isalpha, cell)) and any(map(str.isdigit, cell)):
        raise Unfit("must be a name")
    if name in _NUMBERED and _HAS_PARTS.search(cell) and written.read(cell, form.order, form.year):
        raise Unfit("must be a number, and a date stands there: perhaps two columns have each other's names")
    if name not in DATES:
        return COLUMNS[name].read(cell)
    latest = form.year if name == "birth_date" else form.year + _AHEAD_YEARS
    found = written.read(cell, form.order, latest)
    if found is None and written.is_no_day(cell):
        raise Unfit(_NO_SUCH_DAY)
    if found is None:
        is_serial = len(cell) == len("41244") and set(cell) <= _DIGITS
        raise Unfit(f"{_NO_DAY}{'; format the column as a date' if is_serial else ''}")
    return found.isoformat()


def _happened(said: Mapping[str, str], values: Mapping[str, Any], form: _Form) -> list[tuple[str, str]]:
    """What the line tells of, entry or exit, each with the column of its day."""
    if "event" in form.fields:
        what = values.get("event", "")
        days = (name for name in ("date", f"{what}_date") if name in said)
        return [(what, next(days, "date"))] if what else []
    return [(what, f"{what}_date") for what in (ENTRY, EXIT) if f"{what}_date" in said]


def _needed(form: _Form, happened: Sequence[tuple[str, str]]) -> Iterator[str]:
    """The columns that this line needs."""
    yield "whole_name" if "last_name" not in form.fields else "last_name"
    yield from ("birth_date", "school")
    if happened:
        yield from (day for _, day in happened)
    elif "event" in form.fields:
        yield "event"
    else:
        yield "entry_date" if "entry_date" in form.fields else "exit_date"


def _entry(values: Mapping[str, Any], what: str, day: str) -> Entry:
    """The entry of a line for one of the things it tells of; what cannot be read is replaced by a stand-in, so that the
    schema judges the rest."""
    entry: Entry = {}
    for name, value in (_STAND_INS | dict(values)).items():
        place = COLUMNS[name].place
        is_own = name in ("entry_date", "exit_date", "entry_code", "exit_code", "date", "event")
        if place and not is_own and not (name == "last_name" and "whole_name" in values):
            cells.put(entry, place, dict(value) if isinstance(value, dict) else value)
    entry |= {"event": what, "date": values.get(day, "2000-01-01")}
    if f"{what}_code" in values:
        entry["code"] = values[f"{what}_code"]
    if what == EXIT and "confirmed" in entry:
        entry["confirmed"] = ["date" if one == "exit_date" else one for one in entry["confirmed"]]
    return cells.whole(entry)


def _checked(lines: Sequence[_Line], check: Check) -> list[_Line]:
    """The lines, with the schema's faults added. Many are checked at once first, because most files are good; where
    very many lines have faults already, the schema explains only the first of them."""
    out: list[_Line] = []
    at_fault = count()
    for start in range(0, len(lines), _AT_ONCE):
        some = lines[start : start + _AT_ONCE]
        entries = [entry for one in some for entry in one.entries]
        is_good = not entries or fault_of(entries, check) is None
        for one in some:
            is_left = is_good or (not one.is_good and next(at_fault) >= _MOST_EXPLAINED)
            out.append(one if is_left else _single(one, check))
    return out


def _single(line: _Line, check: Check) -> _Line:
    faults = dict(line.faults)
    for entry in line.entries:
        fault = fault_of([entry], check)
        if fault is not None:
            faults |= _faults(fault.hint, entry["event"], line) or {"": "It does not have the form that is asked for."}
    return replace(line, faults=faults)


def _faults(hint: str, happened: str, line: _Line) -> dict[str, str]:
    said = (text.partition(": ") for text in hint.splitlines())
    found = {columns.at(pointer.removeprefix("/students/0/"), happened): must for pointer, _, must in said}
    return {name: must for name, must in found.items() if name and name not in line.missing}


def _told(line: _Line, labels: Mapping[str, str]) -> Unread:
    """The answer to a faulty line, with all its faults at once."""
    if not line.missing and not line.faults:
        return line.echo
    musts = dict.fromkeys(line.missing, "must be filled in") | dict(line.faults)
    said = [f"{labels.get(name, name)} {must.rstrip('.')}." if name else must for name, must in musts.items()]
    fields = tuple(filter(None, musts))
    return replace(line.echo, reason="unreadable" if line.faults else "missing", fields=fields, must=" ".join(said))
