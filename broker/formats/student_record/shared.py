"""The columns that several parts of a record have in common.

Owns their names. Promises: plain data.
"""

from broker.formats import cells
from broker.formats.cells import Column
from broker.formats.student_record import values

SCHOOL_YEAR = Column(
    ("school_year",),
    (
        *("year", "sy", "academic year", "school yr", "end year", "ending year", "year end", "schoolyear", "yr"),
        *("fiscal year", "reporting year", "ano escolar", "test year"),
    ),
    values.year,
)
TERM_ID = Column(("school_year",), ("termid", "term number"), values.term_year)
SCHOOL = Column(
    ("school",), ("school name", "school id", "school number", "school code", "campus", "building", "site", "escuela")
)
COURSE_CODE = Column(
    ("course_code",),
    (
        *("course number", "course no", "course num", "course id", "course key", "class code", "class number"),
        *("state course code", "local course code", "crs number"),
    ),
)
TITLE = Column(
    ("title",),
    (
        *("course title", "course name", "course description", "class", "class name", "class title", "course"),
        *("class description", "crs title", "course long name", "curso", "nombre del curso"),
    ),
)
SECTION = Column(("section",), ("section number", "section id", "section code", "sec", "section no"))
TERM = Column(
    ("term",),
    (
        *("semester", "quarter", "trimester", "store code", "grading period", "marking period", "grading term"),
        *("session", "term name", "term code", "sem", "periodo"),
    ),
)
GRADE_LEVEL = Column(
    ("grade_level",), ("gr level", "grade lvl", "student grade level", "year level", "gr lvl", "gl"), values.grade_level
)
TEACHER = Column(("teacher",), ("teacher name", "instructor", "teacher id", "instructor name", "staff"))
TEST = Column(
    ("test",), ("test name", "assessment", "assessment name", "exam", "assessment title", "test title", "exam name")
)
SUBJECT = Column(("subject",), ("content area", "subject area", "test subject", "subject name", "materia"))
TEST_DATE = Column(
    ("date",),
    ("test date", "date taken", "administration date", "date tested", "assessment date", "date of test", "tested on"),
    cells.day,
)
