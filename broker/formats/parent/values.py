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

from broker.formats.parent.term import Form

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

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_KINDERGARTEN = {"PK": "Preschool", "KG": "Kindergarten"}
_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_JOINTS = re.compile(r"(?<=[a-z])(?=[A-Z])")
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
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}"


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


def split(raw: str) -> str:
    """`AdvancedPlacement` as `Advanced Placement`."""
    return line(_JOINTS.sub(" ", raw))


def month(raw: str) -> str:
    """A month written as `2026-06`: `June 2026`; a day or a year as it is."""
    found = _MONTH.fullmatch(raw)
    return f"{MONTHS[int(found[2]) - 1]} {found[1]}" if found else free(raw)


def free(raw: str) -> str:
    """A text of unknown kind: a day or a moment in words, other text with its own line breaks."""
    found = _MOMENT.fullmatch(raw)
    if found is None:
        return prose(raw)
    try:
        when = spoken(date(int(found[1]), int(found[2]), int(found[3])))
    except ValueError:
        return line(raw)
    zone = "" if found[5] is None else " (UTC)" if found[5] == "Z" else f" (UTC{found[5]})"
    return f"{when}, {found[4]}{zone}" if found[4] else when


_PLAIN = (Form.TEXT, Form.SPLIT, Form.FREE)
_WRITERS: dict[Form, Callable[[Any], str]] = {
    Form.TEXT: line,
    Form.PROSE: prose,
    Form.DATE: day,
    Form.YEAR: lambda value: year(int(value)),
    Form.GRADE: _grade,
    Form.PERCENT: lambda value: f"{number(value)}%",
    Form.NAME: name,
    Form.TEACHER: line,
    Form.FILE: line,
    Form.SPLIT: split,
    Form.FREE: free,
    Form.MONTH: month,
}


def written(form: Form, value: Any, words: Mapping[str, str] = WORDS) -> str:
    """A simple value, or a name, in words; empty for null. `words` has the words of closed lists. Raises KeyError for
    an unknown one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and form in _PLAIN:
        return number(value)
    if form is Form.WORD:
        return words[value]
    return _WRITERS[form](value)
