"""How the cells of a table are read, whichever document the table becomes.

Owns the forms that spreadsheets and information systems write: dates, school years, boxes, parts of a day. Promises:
names of columns are compared without case, blanks and punctuation; a cell that cannot be read says what it must be, and
shows nothing of itself; columns of social security numbers are recognised by their names (Utah R277-419-10).
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple
from unicodedata import normalize

Read = Callable[[str], Any]


class Unfit(ValueError):
    """A cell cannot be read; the message says what the cell must be, and holds nothing of it."""


class Column(NamedTuple):
    """One column. `place` is the path to its value in an entry of the document; `names` are its other names."""

    place: tuple[str | int, ...]
    names: tuple[str, ...]
    read: Read = str


_DATES = (
    (re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{1,2})-(?P<d>[0-9]{1,2})")),
    (re.compile(r"(?P<m>[0-9]{1,2})/(?P<d>[0-9]{1,2})/(?P<y>[0-9]{4})")),
    (re.compile(r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})")),
)
_YEAR = re.compile(r"([0-9]{4})(?:[-/]([0-9]{2}|[0-9]{4}))?")
_GENDERS = {"female": "F", "male": "M", "nonbinary": "X", "non-binary": "X", "unknown": "U"}
_BOXES = dict.fromkeys(("y", "yes", "true", "1", "x"), True) | dict.fromkeys(("n", "no", "false", "0"), False)
_PART = re.compile(r"(?P<number>[0-9]{0,3}\.?[0-9]{1,6})\s*(?:/\s*(?P<whole>[0-9]{1,3})|(?P<percent>%))?")
_NOT_IN_NUMBERS = str.maketrans("", "", " -")


def day(text: str) -> str:
    """The ISO 8601 form of a date written as YYYY-MM-DD, M/D/YYYY or YYYYMMDD. Raises Unfit."""
    found = next((match for one in _DATES if (match := one.fullmatch(text))), None)
    try:
        return date(*(int(found[part]) for part in "ymd")).isoformat() if found else _no_day()
    except ValueError:
        return _no_day()


def _no_day() -> str:
    raise Unfit("must be a date, such as 2012-03-04, 03/04/2012 or 20120304")


def school_year(text: str) -> int:
    """The year in which a school year ends: 2027, 2026-27 and 2026-2027 are the same."""
    found = _YEAR.fullmatch(text)
    if not found or (found[2] and int(found[2][-2:]) != (int(found[1]) + 1) % 100):
        raise Unfit("must be the year in which the school year ends, such as 2027, or both, such as 2026-27")
    return int(found[1]) + bool(found[2])


def number(text: str) -> str:
    """A number without the blanks and dashes that divide it."""
    return text.translate(_NOT_IN_NUMBERS)


def programme(text: str) -> str:
    """The schedule of a school, as the schemas write it."""
    return text.lower().replace(" ", "-").replace("_", "-")


def birth_order(text: str) -> int:
    """A place among twins. Raises Unfit."""
    if not re.fullmatch("[0-9]{1,2}", text):
        raise Unfit("must be a whole number from 1 to 20")
    return int(text)


def yes_or_no(text: str) -> bool:
    """A ticked or empty box, as systems export it. An empty cell says neither, and is never read."""
    said = _BOXES.get(text.lower())
    if said is None:
        raise Unfit("must be Y or N")
    return said


def part(text: str) -> float:
    """A part of the school day, from 0 to 1: 0.5, 50% and 1/2 are the same."""
    found = _PART.fullmatch(text)
    if not found or (found["whole"] and not int(found["whole"])):
        raise Unfit("must be a part of the school day, such as 0.5, 50% or 1/2")
    return float(Fraction(found["number"]) / int(found["whole"] or (100 if found["percent"] else 1)))


def purposes(text: str) -> list[str]:
    """The purposes that a parent opts out of, one or several; `none` ends earlier opt-outs."""
    words = [word for word in re.split("[;,|\\s]+", text.lower()) if word]
    return [] if words == ["none"] else [word.replace("_", "-") for word in words]


def person(text: str) -> dict[str, str]:
    """A guardian's whole name: the last word is the last name, unless a comma says otherwise."""
    last, comma, first = text.partition(",")
    if not comma:
        first, _, last = text.rpartition(" ")
    return {"first": first.strip(), "last": last.strip()}


def gender(text: str) -> str:
    """The code of a gender; other codes stay as they are."""
    return _GENDERS.get(text.lower(), text)


_NOT_LETTERS = re.compile(r"[\W_]+")
_SSN = re.compile(
    "(students?|stu|pupils?|child)?(ssn(no|num|number|last4)?|last4ssn|ssno|ssnumber|soc(ial)?sec(urity)?(no|num|number|id)?"
    "|social|tin|taxpayerid(entificationnumber)?)"
)


def plain(name: str) -> str:
    """The name of a column as it is compared: `Stu #` is `stunumber`; accents do not count either."""
    return _NOT_LETTERS.sub("", normalize("NFKD", name.casefold()).replace("#", "number"))


def is_secret(cell: str) -> bool:
    """Whether a cell of the header names a column of social security numbers."""
    return bool(_SSN.fullmatch(plain(cell)))


def put(entry: dict[str, Any], place: Sequence[str | int], value: object) -> None:
    """Set a value deep in an entry; lists are still objects with numbers as keys."""
    at: Any = entry
    for step, _ in pairwise(place):
        at = at.setdefault(step, {})
    at[place[-1]] = value


def whole(entry: dict[str, Any]) -> dict[str, Any]:
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
