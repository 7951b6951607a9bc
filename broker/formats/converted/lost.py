"""What a table cannot carry of a document: all that changes on the way from a document to a table and back.

Owns the one list of it, from which the command tells its user, the page for districts has its table, and the test of
round trips knows what may change: all else comes back equal. Promises: pure; sentences hold nothing of a document.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from broker.core import template
from broker.core.files import mangled
from broker.formats import cells
from broker.formats.converted.tabular import TABLES
from broker.formats.enrollment.columns import EXIT
from broker.formats.table import plain_cells

Document = dict[str, Any]
ALL = tuple(TABLES)
_ENROLLMENT, _REQUEST = "enrollment.v1", "ssid-request.v1"
_MOST_GUARDIANS = 2


class Lost(NamedTuple):
    """One thing that changes. `where` is its place, with `*` for any entry of a list; `what` says what becomes of it;
    `carried` makes of a document what comes back of it. `is_told`: the user is told where a document has it; the rest
    goes without saying."""

    where: str
    what: str
    carried: Callable[[Document], Document]
    packets: tuple[str, ...] = ALL
    is_told: bool = True


class Unfit(NamedTuple):
    """A value that is written, but whose line is faulty when the table is read. `is_so` asks it of a place in the
    entry, such as `student/legal_name/last`, and the text there."""

    what: str
    is_so: Callable[[str, str], bool]
    packets: tuple[str, ...] = ALL


def carried(document: Mapping[str, Any]) -> Document:
    """What comes back of a document of one of the types in `TABLES` that becomes a table and is read again."""
    return _by(LOST, document)


def told(document: Mapping[str, Any]) -> list[str]:
    """What a table does not carry of this document, in sentences."""
    rows = [one for one in LOST if document["packet"] in one.packets and one.is_told]
    said = [f"{one.where}: {one.what}" for one in rows if one.carried(dict(document)) != document]
    counts = Counter(one for some in unfit(document) for one in some)
    return said + [
        f"Lines that are faulty when the table is read: {counts[one]}. {one.what}" for one in UNFIT if counts[one]
    ]


def unfit(document: Mapping[str, Any]) -> list[list[Unfit]]:
    """For each entry, why its line is faulty when the table is read; nothing where it is not."""
    asked = [one for one in UNFIT if document["packet"] in one.packets]
    entries = [list(_texts(entry)) for entry in _by(LOST[:-1], document)["students"]]
    return [[one for one in asked if any(one.is_so(*text) for text in texts)] for texts in entries]


def _by(rows: Sequence[Lost], document: Mapping[str, Any]) -> Document:
    found = dict(document)
    for one in rows:
        if document["packet"] in one.packets:
            found = one.carried(found)
    return found


def _texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """The texts within an entry as they stand in cells, each with its place; lists do not count as a step."""
    if isinstance(value, str):
        yield place, plain_cells((value,))[0]
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _texts(part, f"{place}/{key}".lstrip("/"))
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, place)


def _without(name: str) -> Callable[[Document], Document]:
    return lambda document: {key: value for key, value in document.items() if key != name}


def _entries(change: Callable[[Document], Document]) -> Callable[[Document], Document]:
    """A change of each entry."""
    return lambda document: document | {"students": [change(dict(entry)) for entry in document["students"]]}


def _students(change: Callable[[Document], Document]) -> Callable[[Document], Document]:
    """A change of each student's identity block."""
    return _entries(lambda entry: entry | {"student": change(dict(entry["student"]))})


def _names(
    part: str, change: Callable[[Document, Document], Document], most: int | None = None
) -> Callable[[Document], Document]:
    """A change of each of the names in a list, of which so many are kept; it is given the legal name, too."""

    def changed(student: Document) -> Document:
        if part not in student:
            return student
        return student | {part: [change(dict(one), student["legal_name"]) for one in student[part][:most]]}

    return _students(changed)


def _pruned(value: Any, name: str = "") -> Any:
    """The value without what is empty; only a list of opt-outs says something when it is empty, and a first name is
    always there."""
    if isinstance(value, dict):
        kept = {key: _pruned(part, key) for key, part in value.items()}
        return {key: part for key, part in kept.items() if key == "first" or not _is_empty(part, key)}
    return [_pruned(one, name) for one in value] if isinstance(value, list) else value


def _is_empty(value: Any, name: str) -> bool:
    return value is None or (value in ("", {}, []) and not (name == "opt_outs" and value == []))


def _trimmed(value: Any) -> Any:
    if isinstance(value, str):
        return plain_cells((value,))[0]
    if isinstance(value, dict):
        return {key: _trimmed(part) for key, part in value.items()}
    return [_trimmed(one) for one in value] if isinstance(value, list) else value


def _by_line(document: Document) -> Document:
    year = document.get("school_year")
    if year is None:
        return document
    students = [{"school_year": year} | entry for entry in document["students"]]
    return {key: value for key, value in document.items() if key != "school_year"} | {"students": students}


def _gender(student: Document) -> Document:
    return student | {"gender": cells.gender(student["gender"])} if student.get("gender") else student


def _part(entry: Document) -> Document:
    return entry | {"day_part": round(entry["day_part"], 6)} if "day_part" in entry else entry


def _confirmed(entry: Document) -> Document:
    if entry.get("event") != EXIT or "confirmed" not in entry:
        return entry
    return entry | {"confirmed": ["date" if one == "exit_date" else one for one in entry["confirmed"]]}


def _two_parts(name: Document, _: Document) -> Document:
    return {part: name[part] for part in ("first", "last")}


def _alias(name: Document, legal: Document) -> Document:
    return name | {"first": name["first"] or legal["first"]}


LOST: Sequence[Lost] = (
    Lost("/id", "Each reading of a table makes an id of its own.", _without("id"), is_told=False),
    Lost("/created", "A table is made when it is signed.", _without("created"), is_told=False),
    Lost("/to", "A table goes to the exchange.", _without("to"), is_told=False),
    Lost("/school_year", "The dates of each line say the school year.", _without("school_year"), (_ENROLLMENT,)),
    Lost("/school_year", "It is written into each line that has none.", _by_line, (_REQUEST,), is_told=False),
    Lost(
        "any text",
        "Blanks around it, and several in a row, become none and one.",
        lambda one: _trimmed(one),
        ALL,
        False,
    ),
    Lost("/students/*/student/aliases", "Only the first alias has columns.", _names("aliases", lambda one, _: one, 1)),
    Lost(
        "/students/*/student/guardians",
        "Only the first two guardians have columns.",
        _names("guardians", lambda one, _: one, _MOST_GUARDIANS),
    ),
    Lost(
        "/students/*/student/aliases/*",
        "Only the first and last name of an alias have columns.",
        _names("aliases", _two_parts),
    ),
    Lost(
        "/students/*/student/aliases/*/first",
        "An alias without a first name gets the student's.",
        _names("aliases", _alias),
    ),
    Lost(
        "/students/*/student/guardians/*",
        "Only the first and last name of a guardian have columns.",
        _names("guardians", _two_parts),
    ),
    Lost("/students/*/student/gender", "A word such as female becomes its letter.", _students(_gender), is_told=False),
    Lost("/students/*/day_part", "It has at most six decimals.", _entries(_part)),
    Lost(
        "/students/*/confirmed",
        "An exit's `exit_date` becomes `date`: they are the same day.",
        _entries(_confirmed),
        (_ENROLLMENT,),
        is_told=False,
    ),
    Lost(
        "any empty value",
        "An empty text, list or null becomes absent, but for the list of opt-outs and a first name.",
        _entries(lambda one: dict(_pruned(one))),
        is_told=False,
    ),
)
"""In the order in which they change a document; the last one leaves out what is empty, also because of the others."""

_LEGAL = "student/legal_name/"
_PROPER = frozenset(f"{_LEGAL}{part}" for part in ("last", "first", "middle"))


def _is_number(place: str, text: str) -> bool:
    return place in _PROPER and not any(map(str.isalpha, text)) and any(map(str.isdigit, text))


def _is_mangled(place: str, text: str) -> bool:
    whose = place.split("/")[-2:-1]
    return bool(mangled.fault(text, is_name=whose in (["legal_name"], ["aliases"], ["guardians"])))


UNFIT: Sequence[Unfit] = (
    Unfit("A last name of blanks alone.", lambda place, text: place.endswith("/last") and not text),
    Unfit("A school of blanks alone.", lambda place, text: place == "school" and not text, (_ENROLLMENT,)),
    Unfit("A legal name without letters, but with digits.", _is_number, (_ENROLLMENT,)),
    Unfit(
        "A text such as 1.23E+09, 4-Mar or ###, into which spreadsheet programs change others.",
        _is_mangled,
        (_ENROLLMENT,),
    ),
    Unfit(
        "The last name of a template's example line.",
        lambda place, text: place == f"{_LEGAL}last" and template.is_example(text),
    ),
)
