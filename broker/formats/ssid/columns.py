"""The columns of an SSID request in CSV: their names, how a cell is read, and its place in `ssid-request.v1`.

Owns the one table of them. Promises: names are compared without case, blanks and punctuation, and never guessed;
columns of social security numbers are recognised and never read (Utah R277-419-10). The schema says what values must
be; only forms that spreadsheets write are checked here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple

Read = Callable[[str], str | int | float | list[str]]


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
REQUESTS = {"n": "new", "r": "retrieve", "u": "update", "v": "verify"}
_GENDERS = {"female": "F", "male": "M", "nonbinary": "X", "non-binary": "X", "unknown": "U"}
_BOXES = dict.fromkeys(("y", "yes", "true", "1", "x"), True) | dict.fromkeys(("n", "no", "false", "0"), False)
_PART = re.compile(r"(?P<number>[0-9]{0,3}\.?[0-9]{1,6})\s*(?:/\s*(?P<whole>[0-9]{1,3})|(?P<percent>%))?")
_CONFIRMED = {one: one for one in ("birth_date", "exit_date", "school_year")} | {"entry_date": "date"}
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


def _school_year(text: str) -> int:
    """The year in which a school year ends: 2027, 2026-27 and 2026-2027 are the same."""
    found = _YEAR.fullmatch(text)
    if not found or (found[2] and int(found[2][-2:]) != (int(found[1]) + 1) % 100):
        raise Unfit("must be the year in which the school year ends, such as 2027, or both, such as 2026-27")
    return int(found[1]) + bool(found[2])


def _request(text: str) -> str:
    word = REQUESTS.get(text.lower(), text.lower())
    if word not in REQUESTS.values():
        raise Unfit("must be New, Retrieve, Update or Verify")
    return word


def _number(text: str) -> str:
    return text.translate(_NOT_IN_NUMBERS)


def _programme(text: str) -> str:
    return text.lower().replace(" ", "-").replace("_", "-")


def _birth_order(text: str) -> int:
    if not re.fullmatch("[0-9]{1,2}", text):
        raise Unfit("must be a whole number from 1 to 20")
    return int(text)


def _yes_or_no(text: str) -> bool:
    """A ticked or empty box, as systems export it. An empty cell says neither, and is never read."""
    said = _BOXES.get(text.lower())
    if said is None:
        raise Unfit("must be Y or N")
    return said


def _part(text: str) -> float:
    """A part of the school day, from 0 to 1: 0.5, 50% and 1/2 are the same."""
    found = _PART.fullmatch(text)
    if not found or (found["whole"] and not int(found["whole"])):
        raise Unfit("must be a part of the school day, such as 0.5, 50% or 1/2")
    return float(Fraction(found["number"]) / int(found["whole"] or (100 if found["percent"] else 1)))


def _purposes(text: str) -> list[str]:
    """The purposes that a parent opts out of, one or several; `none` ends earlier opt-outs."""
    words = [word for word in re.split("[;,|\\s]+", text.lower()) if word]
    return [] if words == ["none"] else [word.replace("_", "-") for word in words]


def _dated(text: str) -> list[str]:
    """The facts that the sender confirms: one or several names of columns whose dates were checked and are right."""
    words = [_plain(word) for word in re.split("[;,|/&]|\\band\\b", text) if _plain(word)]
    fields = [_FIELDS.get(word, "") for word in words]
    if len(words) == 1 and not fields[0]:  # only blanks between the names
        fields = [_FIELDS.get(_plain(word), "") for word in text.split()]
    if not fields or not all(field in _CONFIRMED for field in fields):
        raise Unfit("must name columns of dates, such as birth_date or entry_date")
    return [_CONFIRMED[field] for field in fields]


def _gender(text: str) -> str:
    return _GENDERS.get(text.lower(), text)


def _name(whose: Sequence[str | int], part: str, *names: str) -> Column:
    return Column(("student", *whose, part), names)


_LEGAL, _ALIAS, _GUARDIAN, _GUARDIAN_2 = ("legal_name",), ("aliases", 0), ("guardians", 0), ("guardians", 1)

COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "request_type": Column(
            ("request",),
            ("request", "type", "action", "transaction", "transaction type", "ssid request type"),
            _request,
        ),
        "school_year": Column(("school_year",), ("year", "sy", "end year", "fiscal year"), _school_year),
        "lea": Column((), ("district", "lea id", "lea number", "district id", "district number", "district code")),
        "school": Column(("school",), ("school id", "school number", "school code", "site", "building")),
        "local_number": Column(
            ("student", "local_id"),
            (
                *("local student number", "local id", "local student id", "local student identifier"),
                *("student number", "student id", "student local id", "lea student id", "sis id"),
            ),
        ),
        "last_name": _name(_LEGAL, "last", "legal last name", "last", "student last name", "surname", "family name"),
        "first_name": _name(_LEGAL, "first", "legal first name", "first", "student first name", "given name"),
        "middle_name": _name(_LEGAL, "middle", "legal middle name", "middle", "student middle name"),
        "suffix": _name(_LEGAL, "suffix", "name suffix", "legal suffix", "generation", "generation code"),
        "alias_last_name": _name(_ALIAS, "last", "alias last", "preferred last name", "other last name"),
        "alias_first_name": _name(
            _ALIAS, "first", "alias", "alias first", "preferred first name", "preferred name", "nickname"
        ),
        "birth_date": Column(
            ("student", "birth_date"), ("date of birth", "dob", "birthday", "student birth date"), day
        ),
        "gender": Column(("student", "gender"), ("sex", "gender code"), _gender),
        "birth_order": Column(("student", "birth_order"), ("multiple birth order",), _birth_order),
        "ssid": Column(
            ("student", "ssid"),
            (
                *("statewide student id", "statewide student identifier", "statewide id", "state id"),
                *("state student id", "state student number", "student state id", "state student identifier"),
            ),
            _number,
        ),
        "entry_date": Column(
            ("date",), ("enrollment date", "enroll date", "entry", "start date", "date entered", "date"), day
        ),
        "entry_code": Column(("code",), ("entry type", "enrollment code", "entry reason")),
        "exit_date": Column(("exit_date",), ("withdrawal date", "end date", "exit", "leave date"), day),
        "exit_code": Column(("exit_code",), ("withdrawal code", "exit type", "exit reason")),
        "grade": Column(("grade",), ("grade level", "current grade")),
        "programme": Column(("programme",), ("program", "track", "schedule"), _programme),
        "dual": Column(
            ("dual",),
            (
                *("dual enrollment", "dual enrolled", "dual enrolment", "dual enrollment flag", "is dual"),
                *("enrolled elsewhere", "also enrolled elsewhere", "also at another lea", "shared student"),
            ),
            _yes_or_no,
        ),
        "military": Column(
            ("military",),
            (
                *("military family", "military child", "military student", "military connected", "military flag"),
                *("military dependent", "military connected student", "child of military family", "is military"),
            ),
            _yes_or_no,
        ),
        "day_part": Column(
            ("day_part",),
            (
                *("part of day", "part of the day", "part of school day", "part day", "part time", "day fraction"),
                *("fraction of day", "portion of day", "fte", "membership fraction"),
            ),
            _part,
        ),
        "opt_outs": Column(
            ("opt_outs",), ("opt out", "opted out", "opted out of", "opt out of", "parent opt out"), _purposes
        ),
        "confirmed": Column(("confirmed",), ("confirmed dates", "dates confirmed", "confirm", "checked dates"), _dated),
        "guardian_last_name": _name(
            _GUARDIAN, "last", "guardian last", "parent last name", "guardian 1 last name", "parent 1 last name"
        ),
        "guardian_first_name": _name(
            _GUARDIAN, "first", "guardian first", "parent first name", "guardian 1 first name", "parent 1 first name"
        ),
        "guardian_2_last_name": _name(_GUARDIAN_2, "last", "guardian 2 last", "parent 2 last name"),
        "guardian_2_first_name": _name(_GUARDIAN_2, "first", "guardian 2 first", "parent 2 first name"),
        "phone": Column(("student", "phone"), ("phone number", "telephone", "home phone", "telephone number")),
        "street": Column(
            ("student", "address", "street"), ("address", "street address", "address line 1", "home address")
        ),
        "city": Column(("student", "address", "city"), ("town", "home city")),
        "state": Column(("student", "address", "state"), ("home state", "state code")),
        "postal_code": Column(("student", "address", "postal_code"), ("zip", "zip code", "postcode")),
    }
)
REQUIRED = ("request_type", "last_name", "first_name", "birth_date")
NEEDED_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"school": ("new", "retrieve"), "ssid": ("update", "verify")}
)
PLACES: Mapping[str, str] = MappingProxyType(
    {"/".join(map(str, one.place)): field for field, one in COLUMNS.items() if one.place}
)

_NOT_LETTERS = re.compile(r"[\W_]+")
_SSN = re.compile(
    "(students?|stu|pupils?|child)?(ssn(no|num|number|last4)?|last4ssn|ssno|ssnumber|soc(ial)?sec(urity)?(no|num|number|id)?"
    "|social|tin|taxpayerid(entificationnumber)?)"
)


def _plain(name: str) -> str:
    return _NOT_LETTERS.sub("", name.casefold())


_FIELDS = {_plain(name): field for field, one in COLUMNS.items() for name in (field, *one.names)}


def field_of(cell: str) -> str:
    """The column that a cell of the header names; '' for none."""
    return _FIELDS.get(_plain(cell), "")


def is_secret(cell: str) -> bool:
    """Whether a cell of the header names a column of social security numbers."""
    return bool(_SSN.fullmatch(_plain(cell)))


def known_in(cells: Sequence[str]) -> int:
    """How many of these cells are names of columns."""
    return sum(_plain(cell) in _FIELDS for cell in cells)
