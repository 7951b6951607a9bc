"""The columns of a record's tables, and their places in `record.v1`: who the student is, courses, attendance, results.

Owns, with `columns_more`, the one table of them: documents and templates are made of it. Promises: who a student is has
the names of the columns of an SSID request; a column is never guessed.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from broker.formats import cells
from broker.formats.cells import Column, plain
from broker.formats.enrollment.columns import COLUMNS as ENROLLMENT
from broker.formats.student_record import values
from broker.formats.student_record.columns_more import MORE
from broker.formats.student_record.part import Part, Values, always
from broker.formats.student_record.shared import (
    COURSE_CODE,
    GRADE_LEVEL,
    SCHOOL,
    SCHOOL_YEAR,
    SECTION,
    SUBJECT,
    TEACHER,
    TERM,
    TERM_ID,
    TEST,
    TEST_DATE,
    TITLE,
)

HISTORY, GRADES = "course_history", "course_grades"
_EARNED = (
    *("credit earned", "earned credits", "earned credit", "credit", "credits", "earned cr hrs", "earned hours"),
    *("credit hours", "credit completed", "credits completed", "units", "unit", "units earned", "cr", "earned"),
    *("carnegie units", "cred", "credit value", "creditos"),
)
_ATTEMPTED = (
    *("credit attempted", "attempted credits", "attempted credit", "potential credit", "potential credits"),
    *("potential cr hrs", "credits possible", "possible credits", "possible credit", "attempted", "units attempted"),
)
_MARK = (
    *("grade", "final grade", "letter grade", "final mark", "grade earned", "letter", "final letter grade"),
    *(
        "final letter grade earned",
        "semester grade",
        "course grade",
        "posted grade",
        "current grade",
        "marks",
        "grades",
    ),
    *("grd", "calificacion"),
)


def _of_course(said: Values) -> str:
    """A transcript's lines tell of credit, or of how a course ended; all others are of a gradebook."""
    return HISTORY if {"credits_earned", "credits_attempted", "status", "lea"} & said.keys() else GRADES


_COURSES = {
    "school_year": SCHOOL_YEAR,
    "term_id": TERM_ID,
    "lea": Column(("lea",), ("district", "district name", "lea name", "transfer district")),
    "school": SCHOOL,
    "course_code": COURSE_CODE,
    "title": TITLE,
    "section": SECTION,
    "term": TERM,
    "grade_level": GRADE_LEVEL,
    "teacher": TEACHER,
    "status": Column(("status",), ("course status", "completion status", "completed"), values.status),
    "mark": Column(("mark",), _MARK),
    "percent": Column(
        ("percent",),
        ("percentage", "numeric grade", "grade percent", "final percent", "pct", "numeric mark", "average", "avg"),
        values.number,
    ),
    "credits_attempted": Column(("credits_attempted",), _ATTEMPTED, values.number),
    "credits_earned": Column(("credits_earned",), _EARNED, values.number),
    "as_of": Column(("as_of",), ("grade as of", "grade date", "posted on"), cells.day),
}
_IS_MARKED = ("mark", "percent", "credits_earned", "credits_attempted", "status")

COURSES = Part(
    "Courses",
    ("course", "classes", "student courses", "course list", "courses and grades", "grades and credits"),
    _COURSES,
    ("school_year", "title"),
    (("title",), _IS_MARKED),
    _of_course,
    frozenset({"as_of"}),
    says="One line for each course and term. With credits it is the transcript's history, without them current grades.",
)
_HISTORY = Part(
    "Course History",
    (
        *("transcript", "transcripts", "history", "historical grades", "stored grades", "past courses"),
        *("completed courses", "grade history", "transcript courses"),
    ),
    _COURSES,
    COURSES.needed,
    (),
    always(HISTORY),
    COURSES.dates,
)
_GRADES = Part(
    "Course Grades",
    ("grades", "current grades", "current courses", "report card", "gradebook", "final grades"),
    _COURSES,
    COURSES.needed,
    (),
    always(GRADES),
    COURSES.dates,
)


def _amount(field: str, *names: str) -> Column:
    return Column((field,), names, values.number)


ATTENDANCE = Part(
    "Attendance",
    ("section attendance", "attendance summary", "absences", "student attendance", "asistencia"),
    {
        "school_year": SCHOOL_YEAR,
        "term_id": TERM_ID,
        "school": SCHOOL,
        "course_code": COURSE_CODE,
        "title": TITLE,
        "section": SECTION,
        "term": TERM,
        "unit": Column(("unit",), ("counted in", "days or periods", "attendance unit", "attendance mode"), values.unit),
        "membership": _amount(
            "membership",
            *("days enrolled", "days in membership", "membership days", "enrolled days", "days possible"),
            *(
                "possible days",
                "days of membership",
                "total days",
                "school days",
                "periods enrolled",
                "periods possible",
            ),
        ),
        "present": _amount(
            "present",
            "days present",
            "days attended",
            "attended",
            "days in attendance",
            "periods present",
            "periods attended",
        ),
        "absent_excused": _amount(
            "absent_excused",
            *("excused", "excused absences", "absences excused", "days excused", "excused days", "days absent excused"),
            *("excused days absent", "periods excused", "excused periods", "excused absence"),
        ),
        "absent_unexcused": _amount(
            "absent_unexcused",
            *("unexcused", "unexcused absences", "absences unexcused", "days unexcused", "unexcused days"),
            *("days absent unexcused", "periods unexcused", "unexcused periods", "unexcused absence", "truant"),
        ),
        "tardy": _amount(
            "tardy", "tardies", "times tardy", "late", "lates", "total tardies", "days tardy", "late arrivals"
        ),
    },
    ("school_year", "unit"),
    (("membership", "present"), ("present", "absent_excused", "absent_unexcused", "tardy")),
    always("section_attendance"),
    says="One line for each school year, or each course: how many days or periods, and how many of them missed.",
)


def _of_test(said: Values) -> str:
    """Statewide results, but for a line that says which kind of adaptive assessment it is."""
    kind = said.get("kind")
    return "adaptive_results" if kind is not None and kind != values.STATEWIDE else "statewide_results"


ASSESSMENTS = Part(
    "Assessments",
    (
        *("assessment", "tests", "test scores", "test results", "assessment results", "state tests", "scores"),
        *("statewide results", "adaptive results", "testing", "evaluaciones"),
    ),
    {
        "kind": Column(("kind",), ("assessment type", "test type", "type of assessment", "type of test"), values.kind),
        "school_year": SCHOOL_YEAR,
        "test": TEST,
        "subject": SUBJECT,
        "grade_level": GRADE_LEVEL._replace(names=(*GRADE_LEVEL.names, "grade", "grade tested", "tested grade")),
        "date": TEST_DATE,
        "score": Column(
            ("score",), ("scale score", "scaled score", "test score", "total score", "ss", "raw score"), values.number
        ),
        "standard_error": Column(("standard_error",), ("standard error of measurement", "se"), values.number),
        "proficiency": Column(
            ("proficiency",),
            (
                *("proficiency level", "performance level", "achievement level", "level", "performance"),
                *("proficiency code", "achievement", "performance level descriptor"),
            ),
        ),
        "accommodations": Column(("accommodations",), ("accommodation", "test accommodations"), values.listed),
    },
    ("school_year", "test"),
    (("test",), ("score", "proficiency")),
    _of_test,
    frozenset({"date"}),
    says="One line for each test: statewide ones, and adaptive ones with their kind (formative, interim, summative).",
)
PARTS: tuple[Part, ...] = (COURSES, _HISTORY, _GRADES, ATTENDANCE, ASSESSMENTS, *MORE)
OFFERED: tuple[Part, ...] = tuple(one for one in PARTS if one not in (_HISTORY, _GRADES))
"""The parts without those whose columns another part has, too: of these templates and documents are made."""


# who the student is: as in an SSID request, with what a record knows besides

_DEMOGRAPHICS = {
    "school_year": SCHOOL_YEAR._replace(place=("school_year",)),
    "mode": Column(("mode",), ("backpack mode", "replace or add"), values.mode),
    "grade_level": GRADE_LEVEL._replace(
        place=("demographics", "grade_level"), names=(*GRADE_LEVEL.names, "grade", "current grade", "gr", "grado")
    ),
    "ethnicity": Column(("demographics", "ethnicity"), ("ethnic", "hispanic", "hispanic latino", "federal ethnicity")),
    "races": Column(("demographics", "races"), ("race", "federal race", "race codes", "raza"), values.listed),
    "home_language": Column(
        ("demographics", "home_language"),
        ("language", "primary language", "native language", "language code", "idioma"),
    ),
    "english_learner": Column(
        ("demographics", "english_learner"), ("el", "ell", "lep", "english language learner", "esl"), values.flag
    ),
    "economically_disadvantaged": Column(
        ("demographics", "economically_disadvantaged"),
        ("low income", "free reduced lunch", "frl", "economic disadvantage"),
        values.flag,
    ),
    "homeless": Column(("demographics", "homeless"), ("mckinney vento", "is homeless"), values.flag),
    "migrant": Column(("demographics", "migrant"), ("is migrant", "migrant student"), values.flag),
    "foster_care": Column(("demographics", "foster_care"), ("foster", "in foster care"), values.flag),
    "military_family": Column(
        ("demographics", "military_family"), ("military", "military connected", "military child"), values.flag
    ),
}
_WHO = {
    name: one
    for name, one in ENROLLMENT.items()
    if name == "whole_name" or (one.place[:1] == ("student",) and name != "guardian")
}
STUDENT: Mapping[str, Column] = MappingProxyType(_WHO | {"guardian": ENROLLMENT["guardian"]} | _DEMOGRAPHICS)
STUDENT_SHEETS = frozenset(
    map(plain, ("Student", "Students", "Student Info", "Student Information", "Demographics", "Pupil"))
)
IDENTIFYING = ("ssid", "local_number", "last_name", "first_name", "whole_name", "birth_date")
BESIDE = frozenset({*_WHO, "guardian", "mode"})
"""The columns about the student that may stand in the table of a part, too."""
STUDENT_DATES = frozenset({"birth_date"})
BACKPACK = "mode"  # a table with this column is a backpack

_STUDENT_FIELDS = {
    plain(name): field for field, one in (*_DEMOGRAPHICS.items(), *_WHO.items()) for name in (field, *one.names)
} | {plain(name): "guardian" for name in ("guardian", *ENROLLMENT["guardian"].names)}


def student_field(cell: str) -> str:
    """The column about the student that a cell names; '' for none."""
    return _STUDENT_FIELDS.get(plain(cell), "")


def known_in(header: Sequence[str]) -> int:
    """How many of these cells are names of columns: of the part with most of them, and about the student."""
    return max(sum(plain(cell) in one.fields or bool(student_field(cell)) for cell in header) for one in PARTS)
