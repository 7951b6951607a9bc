"""What the columns of an SSID request are for, in words, with an example: the template that an LEA fills in.

Owns the sentences and examples, one for each column of `columns.COLUMNS` but the LEA's own id, which the file's name
has (a test compares the two); names, requirements and forms are said there alone. Promises: the example line, with a
real last name in the place of its mark, is a good line.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from broker.core.days.membership import Programme
from broker.core.opt_outs import Purpose
from broker.core.template import EXAMPLE, Field, Template
from broker.formats.ssid.columns import COLUMNS, NEEDED_BY, REQUESTS, REQUIRED

LEFT_OUT = frozenset({"lea"})
_MOST_ROWS = 10_000
_YES_NO = ("Y", "N")
_PROGRAMMES = tuple(str(one) for one in Programme if one is not Programme.UNKNOWN)
_GRADES = ("PK", "KG", *(f"{grade:02}" for grade in range(1, 13)))
_NAMES = {"ssid": "SSID"}  # where the words of the field are not its title


class Help(NamedTuple):
    """One column: what it is for, its cell in the example line, and all values that it may have."""

    says: str
    example: str = ""
    choices: tuple[str, ...] = ()


GUIDE: Mapping[str, Help] = MappingProxyType(
    {
        "request_type": Help(
            "New: the student never had a number. Retrieve: comes from another school of the state. Update: a name has"
            " changed. Verify: asks whether number, name and birth date fit together.",
            "New",
            tuple(map(str.title, REQUESTS.values())),
        ),
        "school_year": Help("The year in which the school year ends.", "2027"),
        "school": Help("The school's number.", "700"),
        "local_number": Help("Your own number for the student, with its leading zeros.", "020419"),
        "last_name": Help("As on the birth certificate.", EXAMPLE),
        "first_name": Help("As on the birth certificate.", "Ana"),
        "middle_name": Help("As on the birth certificate.", "Lucía"),
        "suffix": Help("Such as Jr. or III."),
        "alias_last_name": Help("Another last name that the student goes by."),
        "alias_first_name": Help("Another first name that the student goes by."),
        "birth_date": Help("As on the birth certificate: 2012-03-04 or 03/04/2012, month first.", "2012-03-04"),
        "gender": Help("U: unknown.", "F", ("F", "M", "X", "U")),
        "birth_order": Help("Of twins and other multiples: 1 for the first."),
        "ssid": Help("The statewide student id, if you know it."),
        "entry_date": Help("The first day at your school. Empty: the day on which you seal the table.", "2026-11-23"),
        "entry_code": Help("The state's entry code."),
        "exit_date": Help("The last day, if the student has left again."),
        "exit_code": Help("The state's exit code, where there is a last day."),
        "grade": Help("The student's grade with you.", "08", _GRADES),
        "programme": Help("The school's schedule.", "", _PROGRAMMES),
        "dual": Help("Y: enrolled with you and with another district or charter school at once.", "", _YES_NO),
        "military": Help("Y: a child of a military family; the record comes within 10 days.", "", _YES_NO),
        "day_part": Help("The part of the school day that the student is with you: 0.5, 50% or 1/2; empty: all of it."),
        "opt_outs": Help(f"What a parent opted out of: {', '.join(Purpose)}; none: of nothing any more."),
        "confirmed": Help("The names of columns whose dates the exchange asked about, and that are right."),
        "guardian_last_name": Help("A parent's or guardian's last name."),
        "guardian_first_name": Help("A parent's or guardian's first name."),
        "guardian_2_last_name": Help("The second guardian's last name."),
        "guardian_2_first_name": Help("The second guardian's first name."),
        "phone": Help("At home."),
        "street": Help("Street and number at home."),
        "city": Help("The city at home."),
        "state": Help("The state at home, in two letters."),
        "postal_code": Help("The ZIP code at home, with its leading zeros."),
    }
)
_NOTES = (
    "Write one line for each student. The grey line is an example: write over it, or delete it; it is never taken.",
    "Columns that you do not use may stay empty, or be deleted. Do not add others.",
    "Never write a social security number anywhere: the whole file would be refused.",
    "All cells are text, so that leading zeros stay and no date is changed.",
    "Save the table, seal it, and send it as it is: as a workbook, or as CSV, under any name.",
)


def template() -> Template:
    """The template of an SSID request."""
    fields = tuple(_field(name, GUIDE[name]) for name in COLUMNS if name not in LEFT_OUT)
    return Template("SSID requests", fields, _NOTES, _MOST_ROWS)


def _field(name: str, of: Help) -> Field:
    kinds = " and ".join(map(str.title, NEEDED_BY.get(name, ())))
    needed = "always" if name in REQUIRED else f"for {kinds}" if kinds else ""
    return Field(_NAMES.get(name, name.replace("_", " ").title()), of.says, of.example, needed, of.choices)
