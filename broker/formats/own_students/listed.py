"""Lists of an LEA's students, read to be compared: out of its own system, or as the exchange has written them.

Owns this reading. Promises: names of columns, dates and totals are read as in a table of enrollments, but no column is
needed besides those by which a student can be found; a line that cannot be read stops no other one, and its fault shows
nothing of it; columns of social security numbers are never read (Utah R277-419-10).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from broker.core import template
from broker.core.days import written as dates
from broker.core.days.written import Order
from broker.core.errors import Refused
from broker.core.files import mangled
from broker.formats import canonical, cells, heading, returned, sheets
from broker.formats.cells import Unfit
from broker.formats.enrollment import columns
from broker.formats.enrollment.columns import COLUMNS, DATES, ENTRY, EXIT, NAMES
from broker.formats.own_students.written import FIELDS, PART, Part, part_of
from broker.formats.ssid import answer
from broker.formats.table import Row, Table, letters, place_of

MOST_LINES = 500_000
_DEPTH = 16  # of a list in JSON
_AHEAD_YEARS = 2  # a birth is never later than the list, another day may be so many years later
_READ = frozenset({*FIELDS, "event", "date", "whole_name"})
_NO_DAY = "must be a date, such as 2012-03-04, 03/04/2012 or 20120304"
_FOUND_BY = (frozenset({"ssid"}), frozenset({"local_number", "birth_date"}), frozenset({"last_name", "birth_date"}))


class Label(NamedTuple):
    """A column as the LEA's program shows it: its letter, and its name in the file."""

    letter: str
    name: str


@dataclass(frozen=True, slots=True, repr=False)
class Stay:
    """One line. `line` is its number in the file, of a list in JSON that of the entry, 1 for the first; `said` is what
    stands in it, by field, in the form of the exchange, without what is empty; `faults` says what is wrong with its
    cells, by field. Repr hidden."""

    line: int
    said: Mapping[str, str] = field(repr=False)
    faults: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """What stands in this field; '' for nothing."""
        return self.said.get(name, "")


@dataclass(frozen=True, slots=True, repr=False)
class Listed:
    """A list. `fields` are those that it has columns for; `labels` names the columns of a table; `parts` are the parts
    of the exchange's list that its lines name. Repr hidden."""

    stays: tuple[Stay, ...] = field(repr=False)
    fields: frozenset[str]
    labels: Mapping[str, Label] = field(default_factory=dict)
    parts: frozenset[Part] = frozenset()


def read(content: bytes, year: int) -> Listed:
    """The list in `content`, a table or JSON; `year` is the present one.

    Raises Refused: the codes of `sheets.read` and `canonical.parse`; `csv-form` where the columns do not say who the
    students are, `dates-contradict`.
    """
    if not sheets.is_workbook(content) and content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
        return _document(canonical.parse(content, _DEPTH))
    found = heading.headed(sheets.read(content, MOST_LINES, columns.known_in), columns.known_in)
    own, _ = returned.without_added(found.table)
    return _table(own, year)


def _table(own: Table, year: int) -> Listed:
    fields = list(_fields(own.header))
    known = frozenset(filter(None, fields))
    if "whole_name" in known:
        known |= {"last_name", "first_name"}
    if not any(some <= known for some in _FOUND_BY):
        hint = (
            "It has no columns by which a student can be found: the SSID; or the birth date, with the local number or"
            " the name."
        )
        raise Refused("csv-form", place_of(own.header), hint)
    needed = [fields.index(name) for name in ("last_name", "whole_name", "birth_date") if name in fields]
    rows, _ = heading.without_totals(own.rows, needed)
    order = _order(rows, fields)
    part_at = next((at for at, cell in enumerate(own.header.cells) if cells.plain(cell) == PART), -1)
    parts = {part_of(row.cells[part_at]) for row in rows if -1 < part_at < len(row.cells)} - {None}
    named = {name: Label(letters(at), own.header.cells[at - 1]) for at, name in enumerate(fields, 1) if name}
    stays = tuple(_line(row, fields, order, year) for row in rows)
    return Listed(stays, known, named, frozenset(one for one in parts if one))


def _fields(header: Row) -> Iterator[str]:
    """The field of each column; '' for one that is not read, or that stands there twice."""
    seen: set[str] = set()
    every = list(columns.fields_of(header.cells))
    if {"last_name", "first_name"} <= set(every):
        seen.add("whole_name")
    for name in every:
        yield name if name in _READ and name not in seen else ""
        seen.add(name)


def _order(rows: Sequence[Row], fields: Sequence[str]) -> Order:
    dated = [at for at, name in enumerate(fields) if name in DATES]
    places = ((place_of(row, at + 1), row.cells[at]) for row in rows for at in dated if at < len(row.cells))
    decided = dates.decide(places)
    if decided.is_contradiction:
        said = f"{decided.month} has the month before the day, {decided.day} the day before the month."
        raise Refused("dates-contradict", decided.day, said)
    return decided.order


def _line(row: Row, fields: Sequence[str], order: Order, year: int) -> Stay:
    if row.fault:
        return Stay(row.number, {}, {"": f"In this line {row.fault}."})
    said: dict[str, str] = {}
    faults: dict[str, str] = {}
    for name, cell in zip(fields, row.cells, strict=False):
        if name and cell:
            try:
                said |= _value(name, cell if row.sheet else answer.plain(cell), order, year)
            except Unfit as error:
                faults[name] = str(error)
    if template.is_example(said.get("last_name", "")):
        return Stay(row.number, {}, {"": "This line is the example of the template."})
    return Stay(row.number, _dated(said), faults)


def _value(name: str, cell: str, order: Order, year: int) -> dict[str, str]:
    must = mangled.fault(cell, is_name=name in NAMES or name in DATES)
    if must:
        raise Unfit(must)
    if name == "whole_name":
        parts = columns.whole_name(cell)
        return {"last_name": parts["last"], "first_name": parts["first"]}
    if name in DATES:
        found = dates.read(cell, order, year if name == "birth_date" else year + _AHEAD_YEARS)
        if found is None:
            raise Unfit(_NO_DAY)
        return {name: found.isoformat()}
    if name in ("event", "ssid", "gender", "programme"):
        return {name: str(COLUMNS[name].read(cell))}
    return {name: cell}


def _dated(said: dict[str, str]) -> Mapping[str, str]:
    """The line with its days where an entry and an exit have them: a list may say what happened, and when."""
    event, day = said.pop("event", ""), said.pop("date", "")
    if event and day:
        said[f"{event}_date"] = day
    return said


def _document(document: Mapping[str, Any]) -> Listed:
    """A list in JSON: the exchange's own, or an enrollment. An exit belongs to the entry before it."""
    entries = document.get("students")
    if not isinstance(entries, list):
        raise Refused("schema", "", "It must have `students`, as the exchange's list and an enrollment have.")
    stays: list[Stay] = []
    for number, entry in enumerate(entries, 1):
        try:
            said = dict(_of_entry(entry))
        except (KeyError, TypeError, AttributeError):
            stays.append(Stay(number, {}, {"": "It does not have the form of an entry of an enrollment."}))
            continue
        if entry.get("event") == EXIT and stays and _is_same(stays[-1], said):
            stays[-1] = Stay(stays[-1].line, {**stays[-1].said, **said})
        else:
            stays.append(Stay(number, said))
    part = part_of(str(document.get("roster", "")))
    return Listed(tuple(stays), frozenset(FIELDS), {}, frozenset({part} if part else ()))


def _is_same(stay: Stay, said: Mapping[str, str]) -> bool:
    names = ("ssid", "local_number", "last_name", "first_name", "birth_date", "school")
    return all(stay.of(name) == said.get(name, "") for name in names)


def _of_entry(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in FIELDS:
        place = COLUMNS[name].place
        at: Any = entry if name not in ("entry_date", "entry_code", "exit_date", "exit_code") else {}
        for step in place:
            at = at.get(step) if isinstance(at, dict) else None
        if at not in (None, "", False):
            yield name, "Y" if at is True else str(at)
    what = EXIT if entry["event"] == EXIT else ENTRY
    yield f"{what}_date", str(entry["date"])
    if entry.get("code"):
        yield f"{what}_code", str(entry["code"])
