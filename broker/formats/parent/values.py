"""How one value of a record is written for a parent.

Owns dates, numbers, names and words of closed lists in plain English. Promises: pure; nothing is shortened; a character
that is invisible or changes the writing direction is shown by its number, so a page hides nothing.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from broker.formats.parent.terms import Form

NOT_GIVEN = "not given"

# every word of a closed list in record.v1
WORDS = {
    "completed": "finished",
    "withdrawn": "left before the end",
    "incomplete": "not finished yet",
    "transferred": "taken over from another school",
    "in-progress": "under way",
    "days": "days",
    "periods": "class periods",
    "formative": "during lessons",
    "interim": "between lessons",
    "summative": "at the end",
    "eligible": "yes, your child has a right to it",
    "exited": "no longer",
    "referred": "being looked into",
    "none": "no",
    "medical": "medical reasons",
    "religious": "religious reasons",
    "personal": "personal reasons",
    "immune": "already immune",
}

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_KINDERGARTEN = {"PK": "Preschool", "KG": "Kindergarten"}
_SPACES = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
# invisible, private or unassigned characters; combining marks ("Mn" and others) stay, because they belong to letters
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
_JOINERS = "\u200c\u200d"  # some languages need them, and they do not change the writing direction


def line(raw: str) -> str:
    """Text on one line; empty where there is none."""
    return _visible(_SPACES.sub(" ", raw)).strip()


def prose(raw: str) -> str:
    """Text with its own line breaks."""
    return "\n".join(_visible(one.replace("\t", " ")).rstrip() for one in raw.splitlines()).strip("\n")


def _visible(raw: str) -> str:
    if raw.isascii() and raw.isprintable():
        return raw
    return "".join(_shown(letter) for letter in unicodedata.normalize("NFC", raw))


def _shown(letter: str) -> str:
    is_hidden = unicodedata.category(letter) in _HIDDEN and letter not in _JOINERS
    return f"[U+{ord(letter):04X}]" if is_hidden else letter


def day(iso: str) -> str:
    """An ISO 8601 date, or date and time, as `4 March 2012`. Raises ValueError for anything else."""
    return spoken(datetime.fromisoformat(iso).date())


def spoken(when: date) -> str:
    """A day as `4 March 2012`, whatever the language of the machine."""
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def year(ends: int) -> str:
    """The school year that ends in that calendar year: 2027 is `2026–27`."""
    return f"{ends - 1}–{ends % 100:02}"


def number(value: float) -> str:
    """A number without an exponent, and without a fraction that is zero."""
    if value == int(value):
        return str(int(value))
    return format(Decimal(repr(value)), "f")


def name(part: Mapping[str, str]) -> str:
    """A person's name, first name first."""
    return " ".join(filter(None, (line(part.get(one, "")) for one in ("first", "middle", "last", "suffix"))))


def _grade(raw: str) -> str:
    if re.fullmatch("0[1-9]|1[0-2]|[1-9]", raw):
        return f"Grade {int(raw)}"
    return _KINDERGARTEN.get(raw, line(raw))


_WRITERS: dict[Form, Callable[[Any], str]] = {
    Form.TEXT: line,
    Form.PROSE: prose,
    Form.DATE: day,
    Form.YEAR: lambda value: year(int(value)),
    Form.GRADE: _grade,
    Form.PERCENT: lambda value: f"{number(value)}%",
    Form.WORD: WORDS.__getitem__,
    Form.NAME: name,
    Form.TEACHER: line,
    Form.FILE: line,
}


def written(form: Form, value: Any) -> str:
    """A simple value, or a name, in words; empty for null. Raises KeyError for an unknown word."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and form is Form.TEXT:
        return number(value)
    return _WRITERS[form](value)
