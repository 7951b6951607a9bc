"""SSID requests as student information systems send them: CSV, read into `ssid-request.v1`.

Owns this reading; `columns` has the columns, `name` the file's name, `answer` the answer. Promises: a faulty line stops
no other line; the schema says, line by line, what a good line is; no refusal holds anything of a student's line.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, pairwise
from typing import Any

from broker.core import template
from broker.core.errors import Refused
from broker.core.files import texts
from broker.core.model import LeaId
from broker.formats import no_ssn, table
from broker.formats.ssid import answer, columns
from broker.formats.ssid import header as ssid_header
from broker.formats.ssid import name as ssid_name
from broker.formats.ssid.columns import COLUMNS, NEEDED_BY, PLACES, REQUIRED, Unfit
from broker.formats.table import Row

Entry = dict[str, Any]
Check = Callable[[Mapping[str, Any]], object]

PACKET = "ssid-request.v1"
SHEET = "sheet"  # only a document made of a CSV has this property: no schema allows it, so no JSON can bring it
# values for properties that the schema requires; they are never shown
STAND_INS = {"request_type": "new", "last_name": "x", "birth_date": "2000-01-01"}
_EXAMPLE = "This line is the example of the template: write a student of yours over it, or delete it."
_KNOWN_CELLS = 3  # so many known cells make a first line the header of a request
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
    name, the line of each of the document's `students`, and the lines that are not among them. Repr hidden."""

    form: str
    day: str
    numbers: tuple[int, ...]
    unread: tuple[Unread, ...]


def sheet_of(said: Mapping[str, Any]) -> Sheet:
    """The sheet that was written as JSON. Raises KeyError or TypeError for another form."""
    unread = tuple(Unread(**one | {"fields": tuple(one["fields"])}) for one in said["unread"])
    return Sheet(said["form"], said["day"], tuple(said["numbers"]), unread)


def is_csv(content: bytes, file: str) -> bool:
    """Whether the content is meant to be a CSV: it is not JSON, and its file name or its column names say so."""
    if content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return False
    return ssid_name.is_meant(file) or columns.known_in(table.first_cells(content)) >= _KNOWN_CELLS


def read(content: bytes, file: str, lea: LeaId, most_lines: int, check: Check) -> dict[str, Any]:
    """The request as a `ssid-request.v1` document, with a `Sheet` as its property `sheet`.

    `check` raises Refused `schema` for a document that does not fit. Raises Refused `request-name`, `from-mismatch`,
    `not-utf8`, `inflates-too-much`, `csv-form`, `unknown-column`, `ssn-column`, `has-ssn`.
    """
    name = ssid_name.read(file, lea)
    found = table.read(content, most_lines)
    fields = ssid_header.fields_of(found.header, found.rows)
    no_ssn.check_rows(texts.plain(content), found.rows, [_last_step(name) for name in fields])
    if not found.rows:
        raise Refused("csv-form", f"line {found.header.number}", "It has a header and no line below it.")
    header = {"packet": PACKET, "id": name.id, "from": str(lea), "created": f"{name.day}T00:00:00+00:00"}
    lines = [_line(row, fields, lea) for row in found.rows]
    lines = _checked(lines, lambda entries: check(header | {"students": entries}))
    good = [(one.echo.line, one.entry) for one in lines if one.is_good]
    sheet = Sheet(
        form=answer.form_of(found),
        day=name.day,
        numbers=tuple(number for number, _ in good),
        unread=tuple(_told(one) for one in lines if not one.is_good),
    )
    return header | {"students": [entry for _, entry in good], SHEET: sheet}


def _last_step(field: str) -> str:
    place = COLUMNS[field].place if field else ()
    return str(place[-1]) if place else ""


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


def _line(row: Row, fields: Sequence[str], lea: LeaId) -> _Line:
    if row.fault:
        return _Line(Unread(row.number), faults={"": f"In this line {row.fault}."})
    cells = {name: cell for name, cell in zip(fields, row.cells, strict=False) if cell}
    echo = _echo(row.number, cells)
    if len(row.cells) < len(fields) or any(row.cells[len(fields) :]):
        must = f"The header has {len(fields)} columns, this line {len(row.cells)}."
        return _Line(echo, faults={"": must})
    if template.is_example(cells.get("last_name", "")):
        return _Line(Unread(row.number), faults={"": _EXAMPLE})
    if _bare(cells.get("lea", lea)) != _bare(lea):
        return _Line(replace(echo, reason="other-lea", fields=("lea",)))
    return _read_line(echo, cells)


def _read_line(echo: Unread, cells: dict[str, str]) -> _Line:
    faults = {"": "Something stands in a column that has no name."} if cells.pop("", "") else {}
    entry: Entry = {}
    for name, cell in cells.items():
        column = COLUMNS[name]
        try:
            if column.place:
                _put(entry, column.place, column.read(cell))
        except Unfit as error:
            faults[name] = str(error)
    missing = tuple(name for name in REQUIRED if name not in cells and name != "first_name")
    if missing or faults:
        needs = (name for name, kinds in NEEDED_BY.items() if entry.get("request") in kinds and name not in cells)
        missing += tuple(needs)
    for name in STAND_INS.keys() & {*missing, *faults}:
        _put(entry, COLUMNS[name].place, STAND_INS[name])
    return _Line(echo, _whole(entry), missing, faults)


def _told(line: _Line) -> Unread:
    """The answer to a faulty line, with all its faults at once."""
    if not line.missing and not line.faults:
        return line.echo
    missing = dict.fromkeys(line.missing, "must be filled in") if line.faults else {}
    musts = [f"{name} {must}." if name else must for name, must in (missing | line.faults).items()]
    fields = tuple(filter(None, (*line.missing, *line.faults)))
    reason = "unreadable" if line.faults else "missing"
    return replace(line.echo, reason=reason, fields=fields, must=" ".join(musts))


def _echo(number: int, cells: Mapping[str, str]) -> Unread:
    year, ssid = (_read(name, cells.get(name, "")) for name in ("school_year", "ssid"))
    last, first, local = (_shown(cells.get(name, "")) for name in ("last_name", "first_name", "local_number"))
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


def _bare(lea: str) -> str:
    """An LEA's id without its leading zeros, which a spreadsheet may drop."""
    return lea.casefold().lstrip("0")


def _put(entry: Entry, place: Sequence[str | int], value: object) -> None:
    """Set a value deep in an entry; lists are still objects with numbers as keys."""
    at: Any = entry
    for step, _ in pairwise(place):
        at = at.setdefault(step, {})
    at[place[-1]] = value


def _whole(entry: Entry) -> Entry:
    """The entry with real lists, where every name has a first and a last name. Parts that an alias lacks come from the
    legal name."""
    student = entry["student"]
    legal = student["legal_name"] = {"first": ""} | student["legal_name"]
    for part, other in (("aliases", legal), ("guardians", {"first": "", "last": ""})):
        if part in student:
            student[part] = [
                {"first": other["first"], "last": other["last"]} | name for _, name in sorted(student[part].items())
            ]
    return entry


def _checked(lines: Sequence[_Line], check: Callable[[list[Entry]], object]) -> list[_Line]:
    """The lines, with the schema's faults added. All lines are checked at once first, because most files are good."""
    entries = [one.entry for one in lines if one.entry is not None]
    if not entries or _fault(entries, check) is None:
        return list(lines)
    at_fault = count()  # lines with faults already: where there are very many, the schema explains only the first ones
    return [
        one
        if one.entry is None or (not one.is_good and next(at_fault) >= _MOST_EXPLAINED)
        else _single(one, one.entry, check)
        for one in lines
    ]


def _single(line: _Line, entry: Entry, check: Callable[[list[Entry]], object]) -> _Line:
    fault = _fault([entry], check)
    if fault is None:
        return line
    said = (text.partition(": ") for text in fault.hint.splitlines())
    found = {_column_at(pointer.removeprefix("/students/0/")): must for pointer, _, must in said}
    found.pop("", None)
    return replace(line, faults=line.faults | found or {"": "It does not have the form that is asked for."})


def _column_at(place: str) -> str:
    """The column that a place in an entry, or the list around it, is read from; '' for none."""
    return PLACES.get(place) or PLACES.get(place.rpartition("/")[0], "")


def _fault(entries: list[Entry], check: Callable[[list[Entry]], object]) -> Refused | None:
    try:
        check(entries)
    except Refused as refused:
        return refused
    return None
