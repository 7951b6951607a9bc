"""`mapping.toml` is read: TOML, bounded, with all its faults at once.

Owns the form of the file. Promises: what it says is judged before any of it is used; a fault names its line and its
place in the file; a column of social security numbers is never mapped (Utah R277-419-10); a sentence repeats only names
that look like those of columns, and no code.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

from broker.core.days.written import Order
from broker.core.errors import Refused
from broker.core.social_security import is_held
from broker.formats.cells import is_secret, plain
from broker.formats.mapping import known
from broker.formats.mapping.rules import IGNORE, Rules, mark_of

VERSION = 1
MOST_BYTES = 64 * 1024
MOST_ENTRIES = 2_000
MOST_LETTERS = 100  # of a name or a code
_MOST_LINE = 1_000  # characters
_MOST_TOLD = 20
_ORDERS = {"month first": Order.MONTH, "day first": Order.DAY}
# what may stand for a column that a table does not have: nothing that describes one student
MAY_DEFAULT = (
    *("school", "school_year", "entry_date", "entry_code", "grade", "programme", "dual", "day_part"),
    *("request_type", "city", "state"),
)
_TOP = ("mapping", "dates", "all_or_nothing", "columns", "codes", "defaults")
_AT = re.compile(r"\(at line ([0-9]{1,6}), column ([0-9]{1,6})\)")
_SHOWN = re.compile(r"[\w ./#()-]{1,40}")
_BARE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_SECTION = re.compile(r"\s{0,20}\[([^\[\]]{1,200})\]")

ColumnOf = Callable[[str], str]
"""Our own name of the column with this name; '' where none of the tables that are read has it."""


class _Fault(NamedTuple):
    place: tuple[str, ...]
    must: str


def read(content: bytes, column_of: ColumnOf) -> Rules:
    """The mapping in a file. Raises Refused `mapping`: its place is that of the first fault, and its sentence has
    all."""
    table, text = _parsed(content)
    faults = list(islice(_faults(table, column_of), _MOST_TOLD))
    if faults:
        lines = text.splitlines()
        told = [f"{_place(lines, one.place)} {one.must}." for one in faults]
        raise Refused("mapping", _place(lines, faults[0].place), " ".join(told))
    columns = {key: "" if name == IGNORE else column_of(name) for key, name in table.get("columns", {}).items()}
    codes = {column_of(name): some for name, some in table.get("codes", {}).items()}
    return Rules(
        columns={plain(key): name for key, name in columns.items()},
        headers={name: key for key, name in reversed(columns.items()) if name},
        codes={name: {key: str(code) for key, code in some.items()} for name, some in codes.items() if some},
        defaults={column_of(name): _text(value) for name, value in table.get("defaults", {}).items()},
        order=_ORDERS[table["dates"]] if "dates" in table else None,
        is_whole=bool(table.get("all_or_nothing", False)),
        mark=mark_of(text),
    )


def _parsed(content: bytes) -> tuple[dict[str, Any], str]:
    """The file as TOML, and its text. Raises Refused."""
    if len(content) > MOST_BYTES:
        raise Refused("mapping", "", f"It has more than {MOST_BYTES >> 10} KiB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Refused("mapping", f"line {line}", "It is not saved as UTF-8.") from None
    for number, line_text in enumerate(text.splitlines(), 1):
        if len(line_text) > _MOST_LINE:
            raise Refused("mapping", f"line {number}", f"The line has more than {_MOST_LINE} characters.")
    try:
        return tomllib.loads(text), text
    except RecursionError:
        raise Refused("mapping", "", "Its brackets are nested too deep.") from None
    except ValueError as error:  # a number of 5,000 digits raises no TOMLDecodeError
        found = _AT.search(str(error))
        place = f"line {found[1]} column {found[2]}" if found else ""
        raise Refused("mapping", place, "There it is not TOML: names and codes stand in quotation marks.") from None


def _faults(table: Mapping[str, Any], column_of: ColumnOf) -> Iterator[_Fault]:
    for key in table:
        if key not in _TOP:
            yield _Fault((key,), f"is not known; known are: {', '.join(_TOP)}")
    if table.get("mapping") != VERSION or isinstance(table["mapping"], bool):
        yield _Fault(("mapping",), f"must be there, and be {VERSION}")
    if table.get("dates", "month first") not in list(_ORDERS):
        yield _Fault(("dates",), 'must be "month first" or "day first"')
    if not isinstance(table.get("all_or_nothing", False), bool):
        yield _Fault(("all_or_nothing",), "must be true or false")
    sections = {name: table.get(name, {}) for name in ("columns", "codes", "defaults")}
    wrong = [name for name, some in sections.items() if not isinstance(some, dict)]
    if wrong:
        yield from (_Fault((name,), f"must be a table, as in [{name}]") for name in wrong)
    elif _count(sections) > MOST_ENTRIES:
        yield _Fault((), f"has more than {MOST_ENTRIES} rows")
    else:
        yield from _of_columns(sections["columns"], column_of)
        yield from _of_codes(sections["codes"], column_of)
        yield from _of_defaults(sections["defaults"], column_of)


def _count(sections: Mapping[str, Any]) -> int:
    codes = [some for some in sections["codes"].values() if isinstance(some, dict)]
    return sum(map(len, (sections["columns"], sections["defaults"], sections["codes"], *codes)))


def _of_columns(columns: Mapping[str, Any], column_of: ColumnOf) -> Iterator[_Fault]:
    seen: dict[str, object] = {}
    for key, value in columns.items():
        place = ("columns", key)
        yield from _of_text(place, key)
        if is_secret(key):
            yield _Fault(place, "is a column of social security numbers, which nobody may send: take it out")
        elif not plain(key):
            yield _Fault(place, "must have a letter or a digit in it")
        elif seen.setdefault(plain(key), value) != value:
            yield _Fault(place, "is named twice, for two of our columns")
        if not isinstance(value, str) or (value != IGNORE and not column_of(value)):
            yield _Fault(place, f'must lead to the name of one of our columns, or to "{IGNORE}"')


def _of_codes(codes: Mapping[str, Any], column_of: ColumnOf) -> Iterator[_Fault]:
    seen: dict[str, str] = {}
    for name, some in codes.items():
        if not column_of(name):
            yield _Fault(("codes", name), "is none of our columns")
        elif not isinstance(some, dict):
            yield _Fault(("codes", name), "must be a table, as in [codes.grade]")
        elif seen.setdefault(column_of(name), name) != name:
            yield _Fault(("codes", name), "is there twice, under two names of one column")
        else:
            yield from (fault for key, code in some.items() for fault in _of_code(name, column_of(name), key, code))


def _of_code(name: str, column: str, key: str, code: object) -> Iterator[_Fault]:
    place = ("codes", name, key)
    if not key:
        yield _Fault(place, "must not be empty")
    yield from _of_text(place, key)
    if isinstance(code, bool) or not isinstance(code, str | int) or not str(code) or len(str(code)) > MOST_LETTERS:
        yield _Fault(place, "must lead to a code of ours, in quotation marks")
    elif must := known.fault(column, str(code)):
        yield _Fault(place, f"leads to a code that {must}")


def _of_defaults(defaults: Mapping[str, Any], column_of: ColumnOf) -> Iterator[_Fault]:
    for name, value in defaults.items():
        place = ("defaults", name)
        if column_of(name) not in MAY_DEFAULT:
            yield _Fault(place, f"is none of the columns that may have a default: {', '.join(MAY_DEFAULT)}")
        elif not isinstance(value, str | int | date) or not _text(value):
            yield _Fault(place, "must be a text, a number or a date such as 2026-08-17")
        elif len(_text(value)) > MOST_LETTERS or is_held(_text(value)):
            yield _Fault(place, "is no such value")
        elif must := known.fault(column_of(name), _text(value)):
            yield _Fault(place, must)


def _of_text(place: Sequence[str], text: str) -> Iterator[_Fault]:
    if len(text) > MOST_LETTERS or not text.isprintable():
        yield _Fault(tuple(place), f"must be at most {MOST_LETTERS} characters on one line")
    elif is_held(text):
        yield _Fault(tuple(place), "must not be a social security number")


def _text(value: object) -> str:
    """A default as a cell would have it."""
    if isinstance(value, bool):
        return "Y" if value else "N"
    return value.isoformat() if isinstance(value, date) else str(value)


def _place(lines: Sequence[str], place: Sequence[str]) -> str:
    """`line 7 (columns."Fam")`; without the line where it is not found; `the file` for the whole."""
    if not place:
        return "the file"
    named = ".".join(map(_shown, place))
    number = _line(lines, place)
    return f"line {number} ({named})" if number else named


def _shown(name: str) -> str:
    """A name as it may be repeated."""
    if is_held(name) or not _SHOWN.fullmatch(name):
        return '"…"'
    return name if _BARE.fullmatch(name) else f'"{name}"'


def _line(lines: Sequence[str], place: Sequence[str]) -> int:
    """The line on which this stands, as far as it is written in the usual way; 0 where it is not found."""
    section, key = ".".join(place[:-1]), place[-1]
    at, found = "", 0
    for number, line in enumerate(lines, 1):
        header = _SECTION.match(line)
        if header:
            at = re.sub(r"[\s\"']", "", header[1])
            found = found or (number if at == ".".join(place) else 0)
        elif at == section and line.partition("=")[0].strip().strip("\"'") == key:
            return number
    return found
