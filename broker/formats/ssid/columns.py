"""The columns of an SSID request in CSV: their names, how a cell is read, and its place in `ssid-request.v1`.

Owns the one table of them. Promises: names are compared without case, blanks and punctuation, and never guessed;
columns of social security numbers are recognised and never read (Utah R277-419-10). The schema says what values must
be; only forms that spreadsheets write are checked here.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from broker.formats import cells
from broker.formats.cells import Column, Unfit, plain

_CONFIRMED = {one: one for one in ("birth_date", "exit_date", "school_year")} | {"entry_date": "date"}


REQUESTS = {"n": "new", "r": "retrieve", "u": "update", "v": "verify"}


def _request(text: str) -> str:
    word = REQUESTS.get(text.lower(), text.lower())
    if word not in REQUESTS.values():
        raise Unfit("must be New, Retrieve, Update or Verify")
    return word


def _dated(text: str) -> list[str]:
    """The facts that the sender confirms: one or several names of columns whose dates were checked and are right."""
    words = [plain(word) for word in re.split("[;,|/&]|\\band\\b", text) if plain(word)]
    fields = [_FIELDS.get(word, "") for word in words]
    if len(words) == 1 and not fields[0]:  # only blanks between the names
        fields = [_FIELDS.get(plain(word), "") for word in text.split()]
    if not fields or not all(field in _CONFIRMED for field in fields):
        raise Unfit("must name columns of dates, such as birth_date or entry_date")
    return [_CONFIRMED[field] for field in fields]


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
        "school_year": Column(("school_year",), ("year", "sy", "end year", "fiscal year"), cells.school_year),
        "lea": Column((), ("district", "lea id", "lea number", "district id", "district number", "district code")),
        "school": Column(
            ("school",),
            (
                "school id",
                "school number",
                "school code",
                "site",
                "building",
                "school sis id",
                "school no",
                "school num",
                "escuela",
            ),
        ),
        "local_number": Column(
            ("student", "local_id"),
            (
                *("local student number", "local id", "local student id", "local student identifier"),
                *("student number", "student id", "student local id", "lea student id", "sis id"),
                *("stu number", "stu id", "stu no", "stu num", "student no", "student num", "pupil number", "pupil id"),
            ),
        ),
        "last_name": _name(
            _LEGAL,
            "last",
            "legal last name",
            "last",
            "student last name",
            "surname",
            "family name",
            "legal surname",
            "legal family name",
            "student surname",
            "apellido",
            "apellidos",
            "lname",
        ),
        "first_name": _name(
            _LEGAL,
            "first",
            "legal first name",
            "first",
            "student first name",
            "given name",
            "legal given name",
            "forename",
            "nombre",
            "nombres",
            "fname",
        ),
        "middle_name": _name(
            _LEGAL,
            "middle",
            "legal middle name",
            "middle",
            "student middle name",
            "middle names",
            "segundo nombre",
        ),
        "suffix": _name(_LEGAL, "suffix", "name suffix", "legal suffix", "generation", "generation code"),
        "alias_last_name": _name(_ALIAS, "last", "alias last", "preferred last name", "other last name"),
        "alias_first_name": _name(
            _ALIAS, "first", "alias", "alias first", "preferred first name", "preferred name", "nickname"
        ),
        "birth_date": Column(
            ("student", "birth_date"),
            (
                "date of birth",
                "dob",
                "birthday",
                "student birth date",
                "student dob",
                "student date of birth",
                "fecha de nacimiento",
            ),
            cells.day,
        ),
        "gender": Column(
            ("student", "gender"),
            ("sex", "gender code", "m f", "student gender", "legal gender", "legal sex", "sexo"),
            cells.gender,
        ),
        "birth_order": Column(("student", "birth_order"), ("multiple birth order",), cells.birth_order),
        "ssid": Column(
            ("student", "ssid"),
            (
                *("statewide student id", "statewide student identifier", "statewide id", "state id"),
                *(
                    "state student id",
                    "statewide student number",
                    "state student number",
                    "student state id",
                    "state student identifier",
                ),
            ),
            cells.number,
        ),
        "entry_date": Column(
            ("date",),
            (
                *("enrollment date", "enroll date", "entry", "start date", "date entered", "date"),
                *("enter date", "date of entry", "date enrolled", "enrolled on", "enrolment date", "admit date"),
                *("admission date", "begin date", "enrollment start date", "enrollment begin date", "fecha de ingreso"),
            ),
            cells.day,
        ),
        "entry_code": Column(
            ("code",),
            (
                "entry type",
                "enrollment code",
                "entry reason",
                "enter code",
                "enroll code",
                "entry reason code",
                "admit code",
            ),
        ),
        "exit_date": Column(
            ("exit_date",),
            (
                *("withdrawal date", "end date", "exit", "leave date", "withdraw date", "date withdrawn"),
                *("date of exit", "date of withdrawal", "date left", "drop date", "last day"),
                *("enrollment end date", "last day of membership", "fecha de salida", "fecha de baja"),
            ),
            cells.day,
        ),
        "exit_code": Column(
            ("exit_code",),
            (
                "withdrawal code",
                "exit type",
                "exit reason",
                "withdraw code",
                "withdrawal reason",
                "exit reason code",
                "leave code",
            ),
        ),
        "grade": Column(("grade",), ("grade level", "current grade", "gr", "grd", "student grade", "grado")),
        "programme": Column(("programme",), ("program", "track", "schedule"), cells.programme),
        "dual": Column(
            ("dual",),
            (
                *("dual enrollment", "dual enrolled", "dual enrolment", "dual enrollment flag", "is dual"),
                *("enrolled elsewhere", "also enrolled elsewhere", "also at another lea", "shared student"),
            ),
            cells.yes_or_no,
        ),
        "military": Column(
            ("military",),
            (
                *("military family", "military child", "military student", "military connected", "military flag"),
                *("military dependent", "military connected student", "child of military family", "is military"),
            ),
            cells.yes_or_no,
        ),
        "day_part": Column(
            ("day_part",),
            (
                *("part of day", "part of the day", "part of school day", "part day", "part time", "day fraction"),
                *("fraction of day", "portion of day", "fte", "membership fraction"),
            ),
            cells.part,
        ),
        "opt_outs": Column(
            ("opt_outs",), ("opt out", "opted out", "opted out of", "opt out of", "parent opt out"), cells.purposes
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
        "phone": Column(
            ("student", "phone"),
            ("phone number", "telephone", "home phone", "telephone number", "home phone number", "telefono"),
        ),
        "street": Column(
            ("student", "address", "street"),
            ("address", "street address", "address line 1", "home address", "street 1", "address 1", "direccion"),
        ),
        "city": Column(("student", "address", "city"), ("town", "home city", "ciudad")),
        "state": Column(("student", "address", "state"), ("home state", "state code")),
        "postal_code": Column(
            ("student", "address", "postal_code"), ("zip", "zip code", "postcode", "postal", "codigo postal")
        ),
    }
)
REQUIRED = ("request_type", "last_name", "first_name", "birth_date")
NEEDED_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"school": ("new", "retrieve"), "ssid": ("update", "verify")}
)
PLACES: Mapping[str, str] = MappingProxyType(
    {"/".join(map(str, one.place)): field for field, one in COLUMNS.items() if one.place}
)

_FIELDS = {plain(name): field for field, one in COLUMNS.items() for name in (field, *one.names)}


def field_of(cell: str) -> str:
    """The column that a cell of the header names; '' for none."""
    return _FIELDS.get(plain(cell), "")


def known_in(header: Sequence[str]) -> int:
    """How many of these cells are names of columns."""
    return sum(plain(cell) in _FIELDS for cell in header)
