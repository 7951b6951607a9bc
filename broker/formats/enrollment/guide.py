"""What the columns of a table of students who enter and leave are for, with an example: the template of an enrollment.

Owns the choice of the columns, and the sentences that differ from those of an SSID request (a test compares it with
`columns.COLUMNS`). Promises: the example line, with a real last name in the place of its mark, is a good line.
"""

from collections.abc import Mapping
from types import MappingProxyType

from broker.core.template import Field, Template
from broker.formats.enrollment.columns import COLUMNS, REQUIRED
from broker.formats.ssid.guide import GUIDE, Help

# other ways to say what other columns of the template say: whole names, and one column for both days
LEFT_OUT = frozenset({"lea", "school_year", "event", "date", "whole_name", "guardian"})
_MOST_ROWS = 10_000
_OWN: Mapping[str, Help] = MappingProxyType(
    {
        "entry_date": Help("The first day at your school.", "2026-11-23"),
        "exit_date": Help("The last day, for a student who leaves."),
        "exit_code": Help("The state's exit code, for a student who leaves."),
        "ssid": Help("The statewide student id, if you know it; without it the student is looked up, or gets one."),
    }
)
_FIRST = ("local_number", "last_name", "first_name", "middle_name", "birth_date", "gender", "ssid", "school", "grade")
_FIRST_DAYS = ("entry_date", "entry_code", "exit_date", "exit_code")
_NOTES = (
    "Write one line for each student. The grey line is an example: write over it, or delete it; it is never taken.",
    "A line needs the first day, or the last one, or both. Columns that you do not use may stay empty, or be deleted.",
    "You need not use this table: a list out of your own system will do, with the names that its columns have there.",
    "Columns of your own are passed over. Never write a social security number anywhere: the whole file would be"
    " refused.",
    "All cells are text, so that leading zeros stay and no date is changed.",
    "Save the table, seal it, and send it as it is: as a workbook, or as CSV. It comes back with the SSIDs in it, and"
    " with what is wrong.",
)


def template() -> Template:
    """The template of an enrollment; what every student has comes first."""
    first = (*_FIRST, *_FIRST_DAYS)
    names = (*first, *(name for name in COLUMNS if name not in first and name not in LEFT_OUT))
    return Template("Students", tuple(map(_field, names)), _NOTES, _MOST_ROWS)


def _field(name: str) -> Field:
    of = _OWN.get(name) or GUIDE[name]
    needed = "always" if name in REQUIRED else "for a student who enters" if name == "entry_date" else ""
    needed = "for a student who leaves" if name == "exit_date" else needed
    title = "SSID" if name == "ssid" else name.replace("_", " ").title()
    return Field(title, of.says, of.example, needed, of.choices)
