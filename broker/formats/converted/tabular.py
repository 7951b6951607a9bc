"""Enrollments and SSID requests as tables, by the same table of columns by which they are read.

Owns how a value becomes a cell. Promises: what is written is read back as the same document, but for what `lost` lists;
one line for each entry, in their order; the columns are those that some entry uses, and those without which no table of
its kind is read; cells are data, not yet neutralised for spreadsheets.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from broker.formats import cells
from broker.formats.cells import Column, Read
from broker.formats.enrollment import columns as enrollment
from broker.formats.ssid import columns as ssid
from broker.formats.table import plain_cells

Entry = Mapping[str, Any]
_TITLES = {"ssid": "SSID", "lea": "LEA"}  # where the words of the field are not its title
_CONFIRMED = "confirmed"


class Written(NamedTuple):
    """The table of one packet type: its columns, those that are always there, and an entry with its values where the
    columns have their places."""

    columns: Mapping[str, Column]
    always: tuple[str, ...]
    placed: Callable[[Entry], Entry]


class Table(NamedTuple):
    """The names of the columns, and the rows below them."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def table_of(document: Mapping[str, Any]) -> Table:
    """The table of a checked document of one of the types in `TABLES`. Raises KeyError for another one."""
    written = TABLES[document["packet"]]
    year = document.get("school_year")
    entries = [written.placed({"school_year": year} | entry if year else entry) for entry in document["students"]]
    lines = [{name: _cell(one, name, written.columns[name]) for name in written.columns} for one in entries]
    used = [name for name in written.columns if name in written.always or any(line[name] for line in lines)]
    rows = tuple((str(document["from"]), *(line[name] for name in used if name != "lea")) for line in lines)
    return Table(tuple(title(name) for name in ("lea", *(name for name in used if name != "lea"))), rows)


def title(name: str) -> str:
    """The name of a column as it is written above it."""
    return _TITLES.get(name, name.replace("_", " ").title())


def _cell(entry: Entry, name: str, column: Column) -> str:
    value = _at(entry, column.place)
    if value is None or (name == "lea"):
        return ""
    write = _WRITERS.get(column.read, str)
    return plain_cells((write(value),))[0]


def _at(entry: Any, place: Sequence[str | int]) -> Any:
    for step in place:
        if isinstance(step, int):
            entry = dict(enumerate(entry))
        entry = entry.get(step)
        if entry is None:
            return None
    return entry if place else None


def _box(value: bool) -> str:
    return "Y" if value else "N"


def _purposes(value: Sequence[str]) -> str:
    return " ".join(value) or "none"


def _dated(value: Sequence[str]) -> str:
    return ", ".join({"date": "entry_date"}.get(one, one) for one in value)


def _part(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _whole(value: float) -> str:
    return str(int(value))


def _request(value: str) -> str:
    return value.title()


_WRITERS: Mapping[Read, Callable[[Any], str]] = MappingProxyType(
    {
        cells.yes_or_no: _box,
        cells.purposes: _purposes,
        cells.part: _part,
        cells.birth_order: _whole,
        cells.school_year: _whole,
        ssid.COLUMNS["request_type"].read: _request,
        ssid.COLUMNS[_CONFIRMED].read: _dated,
    }
)
"""How a cell is written, by how it is read; any other one as it is."""


def _of_enrollment(entry: Entry) -> Entry:
    """The day and the code of an exit have columns of their own."""
    if entry["event"] != enrollment.EXIT:
        return entry
    placed = {name: value for name, value in entry.items() if name not in ("date", "code")}
    placed |= {f"exit_{name}": entry[name] for name in ("date", "code") if name in entry}
    if _CONFIRMED in entry:
        placed[_CONFIRMED] = ["exit_date" if one == "date" else one for one in entry[_CONFIRMED]]
    return placed


def _without(columns: Mapping[str, Column], names: Iterator[str] | Sequence[str]) -> Mapping[str, Column]:
    left = set(names)
    return MappingProxyType({name: one for name, one in columns.items() if name not in left})


TABLES: Mapping[str, Written] = MappingProxyType(
    {
        "enrollment.v1": Written(
            _without(enrollment.COLUMNS, ("event", "date", "whole_name", "guardian", "school_year")),
            ("school", "last_name", "first_name", "birth_date", "entry_date"),
            _of_enrollment,
        ),
        "ssid-request.v1": Written(
            ssid.COLUMNS,
            ("request_type", "school", "last_name", "first_name", "birth_date", "ssid"),
            lambda entry: entry,
        ),
    }
)
"""The packet types that are written as tables; a further one is one row."""
