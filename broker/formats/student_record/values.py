"""How the cells of a record's tables are read: numbers, marks in boxes, lists, school years.

Owns the forms that information systems write them in. Promises: pure; the schema says which values are good, and only
what cannot be read at all raises Unfit, which holds nothing of the cell.
"""

import re
from datetime import date

from broker.formats import cells
from broker.formats.cells import Unfit, plain

_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,9}(?:[.,][0-9]{0,9})?|[.,][0-9]{1,9})")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3}){1,3}(?:\.[0-9]{0,9})?")
_WHOLE = re.compile(r"[0-9]{1,3}(?:\.0{1,4})?")
_SHORT_YEARS = re.compile(r"([0-9]{2})\s?[-/]\s?([0-9]{2})")
_LONG_YEARS = re.compile(r"((?:19|20|21)[0-9]{2})\s?[-/\u2013]\s?((?:19|20|21)?[0-9]{2})")
_TERM_ID = re.compile(r"([0-9]{2,3})[0-9]{2}")
_FIRST_TERM_YEAR = 1991  # the school year that ends in 1991 is year 0 of PowerSchool's numbers of terms
_CENTURY, _THIS_CENTURY = 100, 2000
_JULY = 7
_BETWEEN = re.compile("[;|\n]")
_FLAGS = {"y": True, "yes": True, "true": True, "1": True, "x": True, "si": True}
_FLAGS |= {"n": False, "no": False, "false": False, "0": False}
_KINDS = {"formative": "formative", "interim": "interim", "benchmark": "interim", "summative": "summative"}
STATEWIDE = "statewide"
_KINDS |= dict.fromkeys(("statewide", "state", "state test", "state assessment", "state summative"), STATEWIDE)
_UNITS = dict.fromkeys(("d", "day", "days", "daily"), "days")
_UNITS |= dict.fromkeys(("p", "period", "periods", "class", "classes", "class periods", "meeting"), "periods")
_STATES = dict.fromkeys(("completed", "complete", "passed"), "completed")
_STATES |= dict.fromkeys(("withdrawn", "withdrew", "dropped", "w"), "withdrawn")
_STATES |= dict.fromkeys(("incomplete", "inc"), "incomplete")
_STATES |= dict.fromkeys(("transferred", "transfer", "transfer credit"), "transferred")
_STATES |= dict.fromkeys(("in progress", "in-progress", "current", "enrolled", "active", "ip"), "in-progress")
_MODES = dict.fromkeys(("replace", "replaces", "r", "all"), "replace") | dict.fromkeys(("add", "adds", "a"), "add")


def number(text: str) -> float | int:
    """A number: `.5`, `0,5`, `1,250` and `91.5 %` are read. Raises Unfit."""
    said = text.removesuffix("%").strip()
    if _THOUSANDS.fullmatch(said):
        said = said.replace(",", "")
    if not _NUMBER.fullmatch(said):
        raise Unfit("must be a number")
    found = float(said.replace(",", "."))
    return int(found) if found == int(found) else found


def whole_number(text: str) -> int:
    """A small whole number. Raises Unfit."""
    if not _WHOLE.fullmatch(text):
        raise Unfit("must be a whole number")
    return int(float(text))


def flag(text: str) -> bool:
    """A box that is ticked or not. Raises Unfit."""
    said = _FLAGS.get(plain(text))
    if said is None:
        raise Unfit("must be Y or N")
    return said


def listed(text: str) -> list[str]:
    """Several values in one cell, with semicolons or bars between them."""
    return [one.strip() for one in _BETWEEN.split(text) if one.strip()]


def year(text: str) -> int:
    """The year in which a school year ends: 2027, 2026-27, 26-27 and 2026-2027 are the same. Raises Unfit."""
    if found := _SHORT_YEARS.fullmatch(text):
        first, last = int(found[1]), int(found[2])
        if last == (first + 1) % _CENTURY:
            return _THIS_CENTURY + first + 1
    if found := _LONG_YEARS.fullmatch(text):
        return cells.school_year(f"{found[1]}-{found[2]}")
    return cells.school_year(text)


def term_year(text: str) -> int:
    """The school year of one of PowerSchool's numbers of terms: 3400 to 3499 are in 2024-25. Raises Unfit."""
    found = _TERM_ID.fullmatch(text)
    if found is None:
        raise Unfit("must be a term's number, such as 3401; or make a column School Year")
    return _FIRST_TERM_YEAR + int(found[1])


def year_of(day: str) -> int:
    """The school year in which a day (ISO 8601) lies: it begins in July."""
    found = date.fromisoformat(day)
    return found.year + (found.month >= _JULY)


def grade_level(text: str) -> str:
    """A grade: 9, 9th, Grade 9 and 09 are the same; what is none of these stays as it is."""
    said = re.sub(r"(?:st|nd|rd|th)?(?: grade)?$", "", text.lower().removeprefix("grade").strip())
    return said.zfill(2) if said.isascii() and said.isdigit() else text


def kind(text: str) -> str:
    """What an assessment is for. Raises Unfit."""
    return _one_of(text, _KINDS, "formative, interim, summative or statewide")


def unit(text: str) -> str:
    """What attendance counts. Raises Unfit."""
    return _one_of(text, _UNITS, "days or periods")


def status(text: str) -> str:
    """How far a course is. Raises Unfit."""
    return _one_of(text, _STATES, "completed, withdrawn, incomplete, transferred or in-progress")


def mode(text: str) -> str:
    """What a backpack does to those before it. Raises Unfit."""
    return _one_of(text, _MODES, "replace or add")


def lower(text: str) -> str:
    """A word of a closed list, which the schema checks."""
    return text.lower()


def _one_of(text: str, known: dict[str, str], must: str) -> str:
    found = known.get(text.lower().strip())
    if found is None:
        raise Unfit(f"must be {must}")
    return found
