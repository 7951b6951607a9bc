"""SSID requests as student information systems send them: CSV or a workbook, read into `ssid-request.v1`.

Owns this reading; `columns` has the columns, `name` the file's name, `answer` the answer. Promises: a faulty line stops
no other line; the schema says, line by line, what a good line is; no refusal holds anything of a student's line.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, NamedTuple

from broker.core import template
from broker.core.days import written
from broker.core.days.written import Order
from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.formats import cells, heading, no_ssn, sheets
from broker.formats.cells import Column, Unfit
from broker.formats.heading import WHOLE, Part
from broker.formats.made import Made
from broker.formats.returned import Back, back_of
from broker.formats.ssid import answer, columns, orders
from broker.formats.ssid import header as ssid_header
from broker.formats.ssid import name as ssid_name
from broker.formats.ssid.columns import COLUMNS, NEEDED_BY, PLACES, REQUIRED
from broker.formats.table import Row, Table, place_of

Entry = dict[str, Any]
Check = Callable[[Mapping[str, Any]], object]

PACKET = "ssid-request.v1"
SHEET = "sheet"  # only a document made of a CSV has this property: no schema allows it, so no JSON can bring it
STAND_INS = {"request_type": "new", "last_name": "x", "birth_date": "2000-01-01"}  # for what is required; never shown
EXAMPLE = "This line is the example of the template: write a student of yours over it, or delete it."
MOVED = "a separator is missing or too many, or its cells have moved aside"
_AHEAD_YEARS = 2  # a birth is never later than the request, another day may be so many years later
_ECHOED = 100  # characters of a cell that the answer repeats as it came
_MOST_EXPLAINED = 100  # lines: explaining how one does not fit the schema takes 0.3 ms


@dataclass(frozen=True, slots=True, repr=False)
class Unread:
    """A line that is no request. `fields` names the faulty columns, `must` says what is wrong; the rest identifies the
    line to the LEA, as far as it could be read. Repr hidden."""

    line: int
    reason: str = "unreadable"
    fields: tuple[str, ...] = ()
    must: str = ""
    last_name: str = field(default="", repr=False)
    first_name: str = field(default="", repr=False)
    local_number: str = field(default="", repr=False)
    school_year: str = ""
    ssid: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, repr=False)
class Sheet:
    """The facts that `ssid-request.v1` has no place for: the form of the file (see `answer.table`), the day in its
    name, the line of each of the document's `students`, and the lines that are not among them. `back` is the table,
    where it is given back; `is_named_by_rows` tells that its rows made the document's id; `is_whole`: all of it is
    carried out or nothing. Where the file is no table, `places` has the place of each of `students`. Repr hidden."""

    form: str
    day: str
    numbers: tuple[int, ...]
    unread: tuple[Unread, ...]
    back: Back | None = None
    is_named_by_rows: bool = False
    places: tuple[str, ...] = ()
    is_whole: bool = False


def sheet_of(said: Mapping[str, Any]) -> Sheet:
    """The sheet that was written as JSON. Raises KeyError or TypeError for another form."""
    unread = tuple(Unread(**one | {"fields": tuple(one["fields"])}) for one in said["unread"])
    back = None if said["back"] is None else back_of(said["back"])
    facts = (said["is_named_by_rows"], tuple(map(str, said["places"])), said["is_whole"])
    return Sheet(said["form"], said["day"], tuple(said["numbers"]), unread, back, *facts)


class Way(NamedTuple):
    """How an LEA's tables are read: `known` counts the names of columns among some cells, `mapped` is a table, of which
    a text with a byte for each digit is given, under our names, and whether it is to be carried out as a whole; `order`
    is that of dates which the table does not show."""

    known: sheets.Known = columns.known_in
    mapped: Callable[[Table, bytes], tuple[Table, bool]] = lambda found, _: (found, False)
    order: Order = Order.MONTH


_USUAL = Way()


def read(content: bytes, file: str, lea: LeaId, most_lines: int, check: Check, way: Way = _USUAL) -> dict[str, Any]:
    """The request in a file that is named as one, as a `ssid-request.v1` document, with a `Sheet` as its property
    `sheet`.

    `check` raises Refused `schema` for a document that does not fit. Raises Refused `request-name`, `from-mismatch`,
    `unknown-column`, `ssn-column`, `has-ssn`, and the codes of `sheets.read`.
    """
    name = ssid_name.read(file, lea)
    found = sheets.read(content, most_lines, way.known)
    plain = sheets.plain(content, found)
    header = {"packet": PACKET, "id": name.id, "from": str(lea), "created": f"{name.day}T00:00:00+00:00"}
    own, is_whole = way.mapped(heading.headed(found, way.known).table, plain)
    document = _document(own, plain, header, name.day, check, way.order, WHOLE)
    return document | {SHEET: replace(document[SHEET], is_whole=is_whole)}


def of_table(
    found: Table, plain: bytes, of_rows: str, made: Made, lea: LeaId, check: Check, order: Order, part: Part
) -> dict[str, Any]:
    """The same of a table under any name, or of a part of one, whose rows have made the id `of_rows`; `plain` is its
    text with a byte for each digit."""
    created = made.signed_at.isoformat(timespec="seconds")
    header = {"packet": PACKET, "id": of_rows, "from": str(lea), "created": created}
    document = _document(found, plain, header, made.signed_on.isoformat(), check, order, part)
    return document | {SHEET: replace(document[SHEET], is_named_by_rows=True)}


def _document(
    found: Table, plain: bytes, header: dict[str, str], day: str, check: Check, unless: Order, part: Part
) -> dict[str, Any]:
    # of a part it is not known which columns no line of the whole can do without: each line says what it lacks
    fields = ssid_header.fields_of(found.header, found.rows if part is WHOLE else ())
    no_ssn.check_rows(plain, found.rows, [_last_step(name) for name in fields])
    no_ssn.check_rows(plain, found.aside, ())
    if not found.rows:
        raise Refused("csv-form", place_of(found.header), "It has a header and no line below it.")
    order = part.order or orders.order_of(found.rows, fields, unless)
    form = _Form(fields, len(found.header.came), LeaId(header["from"]), order, int(day[:4]))
    lines = [_line(row, form) for row in found.rows]
    lines = _checked(lines, lambda entries: check(header | {"students": entries}))
    good = [(one.echo.line, one.entry) for one in lines if one.is_good]
    sheet = Sheet(
        form=answer.form_of(found),
        day=day,
        numbers=tuple(number for number, _ in good),
        unread=tuple(_told(one) for one in lines if not one.is_good),
    )
    return header | {"students": [entry for _, entry in good], SHEET: sheet}


def _last_step(field: str) -> str:
    return str(COLUMNS[field].place[-1]) if field and COLUMNS[field].place else ""


@dataclass(slots=True)
class _Line:
    """One line. `echo` identifies it; `entry` is None where the line cannot be divided into cells; `missing` are needed
    columns without a value; `faults` says for each faulty column what is wrong ('' for the whole line). A faulty entry
    has stand-ins for the values that cannot be read, so that the schema judges the rest, too."""

    echo: Unread
    entry: Entry | None = None
    missing: tuple[str, ...] = ()
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        return self.entry is not None and not self.missing and not self.faults


class _Form(NamedTuple):
    """What all lines share: the field of each column, how many columns came, and how dates are read."""

    fields: Sequence[str]
    width: int
    lea: LeaId
    order: Order
    year: int


def _line(row: Row, form: _Form) -> _Line:
    fields, lea = form.fields, form.lea
    said = {name: cell for name, cell in zip(fields, row.cells, strict=False) if cell}
    echo = echo_of(row.number, said)
    if row.fault:
        return _Line(echo, faults={"": f"In this line {row.fault}."})
    if len(row.came) < form.width or any(row.cells[len(fields) :]):
        must = f"The header has {form.width} columns, this line {len(row.came)}: {MOVED}."
        return _Line(echo, faults={"": must})
    if template.is_example(said.get("last_name", "")):
        return _Line(Unread(row.number), faults={"": EXAMPLE})
    if bare(said.get("lea", lea)) != bare(lea):
        return _Line(replace(echo, reason="other-lea", fields=("lea",)))
    return _read_line(echo, said, {fields[place]: must for place, must in row.unfit}, form)


def _read_line(echo: Unread, said: dict[str, str], unfit: Mapping[str, str], form: _Form) -> _Line:
    faults = {"": "Something stands in a column that has no name."} if said.pop("", "") else {}
    faults |= unfit
    entry: Entry = {}
    for name, cell in said.items():
        column = COLUMNS[name]
        try:
            if column.place and name not in unfit:
                cells.put(entry, column.place, _value(column, name, cell, form))
        except Unfit as error:
            faults[name] = str(error)
    missing = tuple(name for name in REQUIRED if name not in said and name != "first_name")
    if missing or faults:
        needs = (name for name, kinds in NEEDED_BY.items() if entry.get("request") in kinds and name not in said)
        missing += tuple(needs)
    for name in STAND_INS.keys() & {*missing, *faults}:
        cells.put(entry, COLUMNS[name].place, STAND_INS[name])
    return _Line(echo, cells.whole(entry), missing, faults)


def _value(column: Column, name: str, cell: str, form: _Form) -> object:
    """What a cell says. Raises Unfit."""
    if name in orders.DATES and form.order is Order.DAY:
        found = written.read(cell, form.order, form.year + (0 if name == "birth_date" else _AHEAD_YEARS))
        if found is not None:
            return found.isoformat()
    return column.read(cell)


def _told(line: _Line) -> Unread:
    """The answer to a faulty line, with all its faults at once."""
    if not line.missing and not line.faults:
        return line.echo
    missing = dict.fromkeys(line.missing, "must be filled in") if line.faults else {}
    musts = [f"{name} {must}." if name else must for name, must in (missing | line.faults).items()]
    fields = tuple(filter(None, (*line.missing, *line.faults)))
    reason = "unreadable" if line.faults else "missing"
    return replace(line.echo, reason=reason, fields=fields, must=" ".join(musts))


def echo_of(number: int, said: Mapping[str, str]) -> Unread:
    """A line as its LEA knows it, by its columns' cells."""
    year, ssid = (_read(name, said.get(name, "")) for name in ("school_year", "ssid"))
    last, first, local = (_shown(said.get(name, "")) for name in ("last_name", "first_name", "local_number"))
    return Unread(number, last_name=last, first_name=first, local_number=local, school_year=year, ssid=ssid)


def _read(name: str, cell: str) -> str:
    """A cell as its column reads it; '' where it cannot be read."""
    try:
        return str(COLUMNS[name].read(cell))
    except Unfit:
        return ""


def _shown(cell: str) -> str:
    short = cell[:_ECHOED]
    return short if short.isprintable() else "".join(filter(str.isprintable, short))


def bare(lea: str) -> str:
    """An LEA's id without its leading zeros, which a spreadsheet may drop."""
    return lea.casefold().lstrip("0")


def _checked(lines: Sequence[_Line], check: Callable[[list[Entry]], object]) -> list[_Line]:
    """The lines, with the schema's faults added. All lines are checked at once first, because most files are good."""
    entries = [one.entry for one in lines if one.entry is not None]
    if not entries or fault_of(entries, check) is None:
        return list(lines)
    at_fault = count()  # lines with faults already: where there are very many, the schema explains only the first ones
    return [
        one
        if one.entry is None or (not one.is_good and next(at_fault) >= _MOST_EXPLAINED)
        else _single(one, one.entry, check)
        for one in lines
    ]


def _single(line: _Line, entry: Entry, check: Callable[[list[Entry]], object]) -> _Line:
    fault = fault_of([entry], check)
    if fault is None:
        return line
    said = (text.partition(": ") for text in fault.hint.splitlines())
    found = {_column_at(pointer.removeprefix("/students/0/")): must for pointer, _, must in said}
    found.pop("", None)
    return replace(line, faults=line.faults | found or {"": "It does not have the form that is asked for."})


def _column_at(place: str) -> str:
    """The column that a place in an entry, or the list around it, is read from; '' for none."""
    return PLACES.get(place) or PLACES.get(place.rpartition("/")[0], "")


def fault_of(entries: list[Entry], check: Callable[[list[Entry]], object]) -> Refused | None:
    """What the schema says against these entries; None where they fit."""
    try:
        check(entries)
    except Refused as refused:
        return refused
    return None
