"""The columns of a table of students who enter and leave, and their places in `enrollment.v1`.

Owns the one table of them: documents are made from it. Promises: what describes a student or a stay is read as in an
SSID request, by the same names; names are compared without case, blanks and punctuation, and never guessed.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from broker.formats import cells
from broker.formats.cells import Column, Unfit, plain
from broker.formats.ssid import columns as ssid

ENTRY, EXIT = "entry", "exit"
_ENTRIES = ("e", "en", "entry", "enter", "entered", "enroll", "enrolled", "enrollment", "new", "add", "in", "admit")
_EXITS = ("w", "x", "exit", "exited", "withdraw", "withdrawal", "withdrawn", "leave", "left", "drop", "dropped", "out")
_EVENTS = dict.fromkeys(_ENTRIES, ENTRY) | dict.fromkeys(_EXITS, EXIT)


def event(text: str) -> str:
    """What happened: entry or exit. Raises Unfit."""
    found = _EVENTS.get(plain(text))
    if found is None:
        raise Unfit("must be entry or exit")
    return found


def whole_name(text: str) -> Mapping[str, str]:
    """A whole name, divided at its comma. Raises Unfit where nobody can tell which part is the last name."""
    last, comma, first = (part.strip() for part in text.partition(","))
    if not comma or not last or "," in first:
        raise Unfit('must be "Last, First"; or make two columns of it, one for the last name and one for the first')
    return {"first": first, "last": last}


_SHARED = {name: one for name, one in ssid.COLUMNS.items() if name != "request_type"}
_ENTRY_NAMES = tuple(name for name in ssid.COLUMNS["entry_date"].names if name != "date")

COLUMNS: Mapping[str, Column] = MappingProxyType(
    _SHARED
    | {
        "school_year": ssid.COLUMNS["school_year"]._replace(place=()),  # the dates say it
        "event": Column(("event",), ("entry or exit", "entry exit", "enrollment event", "action", "movement"), event),
        "date": Column(("date",), ("event date", "effective date"), cells.day),
        "entry_date": ssid.COLUMNS["entry_date"]._replace(names=_ENTRY_NAMES),
        "whole_name": Column(
            ("student", "legal_name"),
            ("student name", "name", "full name", "student", "student full name", "last first", "last name first name"),
            whole_name,
        ),
        "guardian": Column(
            ("student", "guardians", 0),
            ("guardian name", "parent", "parent name", "guardian 1", "parent guardian", "parent guardian name"),
            cells.person,
        ),
    }
)
DATES = frozenset({"birth_date", "entry_date", "exit_date", "date"})
NAMES = frozenset(name for name in COLUMNS if name.endswith(("name", "guardian", "suffix")))
REQUIRED = ("last_name", "first_name", "birth_date", "school")

# What may be the name of a column where no other one has a plainer name of that kind.
WEAK: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "entry_date": ("enrolled", "entered", "started", "start", "admitted", "first day", "first day of school"),
        "exit_date": ("left", "withdrew", "withdrawn", "exited", "dropped", "last day of school"),
        "birth_date": ("born", "birth", "born on", "b day", "bday"),
        "local_number": ("number", "no", "stu nbr", "student nbr", "nbr"),
    }
)
_WEAK = {plain(name): field for field, names in WEAK.items() for name in names}
_FIELDS = {plain(name): field for field, one in COLUMNS.items() for name in (field, *one.names)}
_PLACES = {"/".join(map(str, one.place)): field for field, one in COLUMNS.items() if one.place}


def field_of(cell: str) -> str:
    """The column that a cell of the header names; '' for none."""
    return _FIELDS.get(plain(cell), "")


def fields_of(header: Sequence[str]) -> list[str]:
    """The column that each cell of the header names; '' for none."""
    fields = [field_of(cell) for cell in header]
    weak = [_WEAK.get(plain(cell), "") for cell in header]
    return [one or (other if other not in fields else "") for one, other in zip(fields, weak, strict=True)]


def known_in(header: Sequence[str]) -> int:
    """How many of these cells are names of columns."""
    return sum(map(bool, fields_of(header)))


def at(place: str, happened: str) -> str:
    """The column from which a place in an entry, or the list around it, is read; '' for none."""
    if place in ("date", "code"):
        return f"{happened}_{place}"
    return _PLACES.get(place) or _PLACES.get(place.rpartition("/")[0], "")


def missing(fields: Sequence[str]) -> list[str]:
    """The columns without which no line can be an enrollment."""
    has_name = "whole_name" in fields
    lacking = [name for name in REQUIRED if name not in fields and not (has_name and name.endswith("_name"))]
    return lacking if is_meant(fields) else [*lacking, "entry_date or exit_date"]


def is_meant(fields: Sequence[str]) -> bool:
    """Whether a table with these columns tells of students who enter or leave."""
    return bool({"entry_date", "exit_date"} & set(fields)) or {"event", "date"} <= set(fields)
