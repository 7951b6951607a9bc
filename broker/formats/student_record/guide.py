"""What the columns of a record's tables are for, with an example: the templates that an LEA fills in.

Owns the examples and sentences; names, parts and forms are said in `columns` alone. Promises: the example lines, with
their mark replaced by a name, are a good record; a line that is still the example, all of it, is known again.
"""

from collections.abc import Mapping
from types import MappingProxyType

from broker.core.template import EXAMPLE, Field, Template
from broker.formats.student_record.columns import ASSESSMENTS, ATTENDANCE, COURSES, OFFERED
from broker.formats.student_record.part import Part

_MOST_ROWS = 500
_TITLES = {
    "ssid": "SSID",
    "title": "Course Title",
    "course_code": "Course Number",
    "mark": "Grade",
    "lea": "District",
    "sample_title": "Title",
    "benchmark_period": "Period",
    "benchmark_level": "Level",
    "mastery_level": "Level",
    "races": "Race",
    "licence": "License",
    "licence_area": "License Area",
    "licence_issued": "License Issued",
    "licence_expires": "License Expires",
}  # where the words of the field are not its title
_YES_NO = ("Y", "N")
_PLAINLY = "As your system has it."
_SAYS = {
    "ssid": "The statewide student id.",
    "last_name": "As on the birth certificate.",
    "first_name": "As on the birth certificate.",
    "birth_date": "As on the birth certificate: 2012-03-04 or 03/04/2012, month first.",
    "local_number": "Your own number for the student, with its leading zeros.",
    "mode": "Replace: it takes the place of all that you sent of the student before. Add: it stands beside that.",
    "school_year": "The year in which the school year ends, or both: 2026 or 2025-26.",
    "kind": "What the test is for; empty: a statewide one.",
    "unit": "What the numbers of the line count.",
    "races": "Several have semicolons between them.",
    "accommodations": "Several have semicolons between them.",
    "endorsements": "Several have semicolons between them.",
    "mark": "The grade that was given, such as A-.",
    "title": "The name of the course.",
    "credits_earned": "A number, such as 0.5.",
    "credits_attempted": "A number, such as 0.5.",
    "as_of": "The day of a grade that is not final.",
    "status": "Of a course, how far it is; of a plan, whether there is one.",
    "teacher": "The teacher's name, or the id on the sheet Teachers.",
}
_CHOICES = {
    "mode": ("Replace", "Add"),
    "kind": ("Statewide", "Formative", "Interim", "Summative"),
    "unit": ("Days", "Periods"),
    "gender": ("F", "M", "X", "U"),
    "exemption": ("medical", "religious", "personal", "immune"),
}
_CHOICES |= dict.fromkeys(
    (
        *("english_learner", "economically_disadvantaged", "homeless", "migrant", "foster_care", "military_family"),
        "on_grade_level",
    ),
    _YES_NO,
)
_STATUS = {
    COURSES.title: ("Completed", "Withdrawn", "Incomplete", "Transferred", "In Progress"),
    "Special Education": ("eligible", "exited", "referred", "none"),
    "Section 504": ("eligible", "exited", "referred", "none"),
}
_OFFERED = (
    *("ssid", "last_name", "first_name", "middle_name", "suffix", "birth_date", "gender", "local_number"),
    *("school_year", "grade_level", "ethnicity", "races", "home_language", "english_learner"),
    *("economically_disadvantaged", "homeless", "migrant", "foster_care", "military_family"),
    *("guardian_last_name", "guardian_first_name", "phone", "street", "city", "state", "postal_code"),
)
_IN_LINES = ("ssid", "last_name", "first_name", "birth_date")  # about the student, in a table by itself
_WHO = {
    "ssid": "1000000019",
    "last_name": EXAMPLE,
    "first_name": "Ana",
    "birth_date": "2012-03-04",
    "gender": "F",
    "school_year": "2027",
    "grade_level": "09",
    "home_language": "es",
    "mode": "Replace",
}
_EXAMPLES: Mapping[str, Mapping[str, str]] = {
    COURSES.title: {
        "school_year": "2025-26",
        "school": "704",
        "course_code": "MA09",
        "title": "Algebra I",
        "term": "S1",
        "grade_level": "09",
        "mark": "A-",
        "credits_attempted": "0.5",
        "credits_earned": "0.5",
    },
    ATTENDANCE.title: {
        "school_year": "2025-26",
        "school": "704",
        "title": EXAMPLE,
        "unit": "Days",
        "membership": "180",
        "present": "171",
        "absent_excused": "6",
        "absent_unexcused": "3",
        "tardy": "2",
    },
    ASSESSMENTS.title: {
        "kind": "Statewide",
        "school_year": "2025-26",
        "test": EXAMPLE,
        "subject": "Mathematics",
        "date": "2026-04-21",
        "score": "431",
        "proficiency": "3",
    },
}
_MARKED = (
    *("title", "test", "vaccine", "action", "disability", "accommodations", "measure", "standard", "school_grade"),
    *("sample_title", "teacher_last_name"),
)
"""The columns, one in each part, in whose example the mark stands."""
_NOTES = (
    "Fill in the sheet Student, and of the others those that you have; leave the names of the sheets as they are.",
    "The grey line of a sheet is an example: write over all of it, or delete it.",
    "The receiving school gets this very workbook: put nothing into it that is not about the student.",
    "Columns that you do not use may stay empty, or be deleted.",
    "Never write a social security number anywhere: the whole file would be refused.",
    "All cells are text, so that leading zeros stay and no date is changed.",
)


def examples(part: Part | None) -> Mapping[str, str]:
    """The cells of the example line on the sheet of a part, by field."""
    if part is None:
        return MappingProxyType(_WHO)
    given = dict(_EXAMPLES.get(part.title, {}))
    marked = next(name for name in _MARKED if name in part.columns)
    return MappingProxyType(given | {marked: EXAMPLE})


def student_record() -> Template:
    """The template of a student's record: in CSV the courses, in a workbook a sheet for each part."""
    return _template("Student records", _OFFERED, _IN_LINES)


def backpack() -> Template:
    """The template of a backpack."""
    return _template("Backpacks", ("mode", *_OFFERED), ("mode", *_IN_LINES))


def _template(title: str, about: tuple[str, ...], in_lines: tuple[str, ...]) -> Template:
    flat = [_about(name) for name in in_lines]
    courses = _EXAMPLES[COURSES.title]
    flat += [_field(name, courses.get(name, ""), COURSES) for name in COURSES.columns if name != "term_id"]
    sheets = [Template("Student", tuple(map(_about, about)), (), _MOST_ROWS)]
    sheets += [Template(one.title, tuple(_fields(one)), (), _MOST_ROWS) for one in OFFERED]
    return Template(title, tuple(flat), _NOTES, _MOST_ROWS, tuple(sheets))


def _fields(part: Part) -> list[Field]:
    given = examples(part)
    return [_field(name, given.get(name, ""), part) for name in part.columns if name != "term_id"]


def _about(name: str) -> Field:
    needed = "always" if name in ("last_name", "birth_date", "mode") else ""
    return _named(name, _WHO.get(name, ""), needed, _CHOICES.get(name, ()))


def _field(name: str, example: str, part: Part) -> Field:
    choices = _STATUS.get(part.title, ()) if name == "status" else _CHOICES.get(name, ())
    return _named(name, example, "always" if name in part.needed else "", choices)


def _named(name: str, example: str, needed: str, choices: tuple[str, ...]) -> Field:
    title = _TITLES.get(name, name.replace("_", " ").title())
    return Field(title, _SAYS.get(name, _PLAINLY), example, needed, choices)
