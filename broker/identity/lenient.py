"""A lenient reading of a student block in which any part may be missing: for blocks that no schema has checked.

Owns this reading. Promises: a missing or null part becomes the model's empty value, an unknown part is ignored, and a
part in the wrong form is refused by its place, never by its value. A missing birth date becomes `features.UNKNOWN_DAY`.
A birth date that no calendar has is kept as written, because its digits may still help.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from broker.core.model import Address, Name, Student
from broker.identity import index
from broker.identity.features import UNKNOWN_DAY, Features
from broker.identity.normalise import MOST_CHARACTERS

MOST_NAMES = 16  # aliases, or guardians
_DAY_FIRST_YEAR = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ].*)?", re.DOTALL)
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


class Unreadable(ValueError):
    """A part of a block has the wrong form; the message is its JSON pointer and what must stand there."""


@dataclass(frozen=True, slots=True, repr=False)
class Lenient:
    """A student. `written` is a birth date (YYYY-MM-DD) that no calendar has, '' for none; with it, the student's birth
    date is unknown. Repr hidden."""

    student: Student = field(repr=False)
    written: str = field(default="", repr=False)

    def variants(self) -> tuple[Features, ...]:
        """The columns for comparison, under each name."""
        return index.variants_of(self.student, self.written)


def student(block: object, place: str = "") -> Student:
    """The student of a block. `place` is the JSON pointer of the block, for the message. Raises Unreadable."""
    found = reading(block, place)
    if found.written:
        raise _no_day(f"{place}/birth_date")
    return found.student


def reading(block: object, place: str = "", *, is_born: bool = True) -> Lenient:
    """The same as `student`, but a birth date that no calendar has is kept in `written`. With `is_born` False, a birth
    date that does not even have the form of a date is ignored. Raises Unreadable."""
    whole = _mapping(block, place)
    try:
        written = _written(whole.get("birth_date"), f"{place}/birth_date")
    except Unreadable:
        if is_born:
            raise
        written = ""
    try:
        born, written = (date.fromisoformat(written), "") if written else (UNKNOWN_DAY, "")
    except ValueError:
        born = UNKNOWN_DAY
    return Lenient(_student(whole, place, born), "" if written.startswith("0000") else written)


def _student(whole: Mapping[str, Any], place: str, born: date) -> Student:
    home = _mapping(whole.get("address"), f"{place}/address")
    return Student(
        legal_name=_name(whole.get("legal_name"), f"{place}/legal_name"),
        birth_date=born,
        gender=_text(whole, "gender", place),
        birth_order=_order(whole.get("birth_order"), f"{place}/birth_order"),
        aliases=_names(whole.get("aliases"), f"{place}/aliases"),
        guardians=_names(whole.get("guardians"), f"{place}/guardians"),
        phone=_text(whole, "phone", place),
        address=Address(
            *(_text(home, part, f"{place}/address") for part in ("street", "city", "state", "postal_code"))
        ),
    )


def _mapping(value: object, place: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Unreadable(f"{place or '/'} must be an object")
    return value


def _text(of: Mapping[str, Any], part: str, place: str) -> str:
    value = of.get(part)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unreadable(f"{place}/{part} must be text")
    return str(value).strip()[:MOST_CHARACTERS]


def _name(value: object, place: str) -> Name:
    name = _mapping(value, place)
    return Name(*(_text(name, part, place) for part in ("first", "last", "middle", "suffix")))


def _names(value: object, place: str) -> tuple[Name, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MOST_NAMES:
        raise Unreadable(f"{place} must be a list of at most {MOST_NAMES} names")
    return tuple(_name(one, f"{place}/{number}") for number, one in enumerate(value))


def _order(value: object, place: str) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int) or not re.fullmatch(r"\d{1,2}", str(value)):
        raise Unreadable(f"{place} must be a whole number")
    return int(value)


def _no_day(place: str) -> Unreadable:
    return Unreadable(f"{place} must be a date, such as 2012-03-04")


def _written(value: object, place: str) -> str:
    """A value in the form of a date, as YYYY-MM-DD, even where there is no such day; '' for no value."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _no_day(place)
    text = str(value).strip()[:MOST_CHARACTERS]
    if found := _DAY_FIRST_YEAR.fullmatch(text):
        year, month, day = found.groups()
    elif found := _AMERICAN.fullmatch(text):
        month, day, year = found.groups()
    else:
        raise _no_day(place)
    return f"{year}-{month:0>2}-{day:0>2}"
