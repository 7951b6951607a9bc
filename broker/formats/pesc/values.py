"""The values of PESC elements, and what the canonical packet has for them.

Owns the simple types: text, words of a closed list, numbers, dates, and the few words for which the packet has its own.
Promises: `read` and `write` undo each other, except for blanks and for digits without meaning; a value that does not
fit raises ValueError.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

_BLANKS = re.compile("[ \t\r\n]+")
_DIGITS = 60  # after the point
_DECIMAL = re.compile(rf"[+-]?([0-9]{{1,20}}([.][0-9]{{0,{_DIGITS}}})?|[.][0-9]{{1,{_DIGITS}}})")  # XML Schema 2, 3.2.3
_WHOLE = re.compile(r"[+]?[0-9]{1,9}")
_ZONE = "(?:Z|[+-][0-9]{2}:[0-9]{2})?"
_DATE = re.compile(f"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}){_ZONE}")
_MONTH = re.compile(f"([0-9]{{4}}-(?:0[1-9]|1[0-2])){_ZONE}")
_YEAR = re.compile(f"([0-9]{{4}}){_ZONE}")
_SCHOOL_YEAR = re.compile("([0-9]{4})-([0-9]{4})")
_TIME = re.compile(
    "[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3])(:[0-5][0-9]){2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_FARTHEST = timedelta(hours=14)  # XML Schema part 2, 3.2.7.3


@dataclass(frozen=True, slots=True)
class Value:
    """One simple type. `read` gets trimmed text that is not empty; `must` says in words what the value must be."""

    read: Callable[[str], Any]
    write: Callable[[Any], str]
    must: str


def trimmed(text: str) -> str:
    """`text` without XML white space around it; a line break or tab within it, with the blanks around, becomes one
    blank."""
    return _BLANKS.sub(lambda blanks: " " if blanks[0].strip(" ") else blanks[0], text.strip(" \t\r\n"))


def _matching(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError("has another form")
    return found


def _to_number(text: str) -> int | float:
    number = Decimal(_matching(_DECIMAL, text)[0])
    return int(number) if number == number.to_integral_value() else float(number)


def _from_number(number: float, digits: int = _DIGITS) -> str:
    if not math.isfinite(number):
        raise ValueError("is no decimal number")
    text = f"{Decimal(repr(number)):.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _to_date(text: str) -> str:
    return date.fromisoformat(_matching(_DATE, text)[1]).isoformat()


def _to_school_year(text: str) -> int:
    begins, ends = _matching(_SCHOOL_YEAR, text).groups()
    if int(ends) != int(begins) + 1:
        raise ValueError("is not one school year")
    return int(ends)


def words(rows: dict[str, Any]) -> Value:
    """A type with the packet's word for each PESC word; where two PESC words mean the same, the first is written."""
    back = {own: word for word, own in reversed(rows.items())}

    def read(text: str) -> Any:
        if text not in rows:
            raise ValueError("is not in the list")
        return rows[text]

    return Value(read, lambda own: back[own], f"one of {', '.join(rows)}")


def read_time(text: str, zone: tzinfo) -> str:
    """A date and time with an offset, RFC 3339. A time without an offset is in `zone`. Raises ValueError."""
    moment = datetime.fromisoformat(_matching(_TIME, text)[0])
    return text if moment.tzinfo is not None else moment.replace(tzinfo=zone).isoformat()


def write_time(text: str) -> str:
    """The same moment with an offset that XML Schema allows: at most 14 hours."""
    moment = datetime.fromisoformat(text)
    offset = moment.utcoffset()
    return text if offset is not None and abs(offset) <= _FARTHEST else moment.astimezone(UTC).isoformat()


_GRADES = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth", "Eleventh")
_LEVELS = {"PreKindergarten": "PK", "Kindergarten": "KG"}
_LEVELS |= {f"{word}Grade": f"{number:02}" for number, word in enumerate((*_GRADES, "Twelfth"), 1)}
_LEVELS |= {"Grade13": "13"}
_LEVEL_WORDS = {own: word for word, own in _LEVELS.items()}

TEXT = Value(str, str, "text")
NUMBER = Value(_to_number, _from_number, "a decimal number")
THOUSANDTHS = Value(_to_number, lambda number: _from_number(number, 3), "a decimal number")
WHOLE = Value(
    lambda text: int(_matching(_WHOLE, text)[0]), lambda number: str(int(number)), "a whole number of at most 9 digits"
)
DATE = Value(_to_date, _to_date, "a date such as 2012-03-04")
MONTH = Value(lambda text: _matching(_MONTH, text)[1], lambda own: _matching(_MONTH, own)[1], "a month such as 2012-03")
YEAR = Value(lambda text: _matching(_YEAR, text)[1], lambda own: _matching(_YEAR, own)[1], "a year such as 2012")
YEAR_NUMBER = Value(lambda text: int(_matching(_YEAR, text)[1]), lambda own: f"{int(own):04}", "a year such as 2012")
SCHOOL_YEAR = Value(_to_school_year, lambda ends: f"{int(ends) - 1:04}-{int(ends):04}", "a year such as 2026-2027")
LEVEL = Value(lambda text: _LEVELS.get(text, text), lambda own: _LEVEL_WORDS.get(own, own), "a level")
GENDER = Value(
    words({"Female": "F", "Male": "M", "Unreported": "U"}).read,
    lambda code: {"F": "Female", "M": "Male"}.get(code.upper(), "Unreported"),
    "Female, Male or Unreported",
)
FLAG = words({"true": True, "false": False, "1": True, "0": False})
OFFICIAL = words({"Official": True, "Unofficial": False})
COMPLETE = words({"Complete": True, "Partial": False})
TRIAL = words({"TEST": True, "PRODUCTION": False})
