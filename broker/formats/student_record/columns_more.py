"""The columns of the parts of a record that few schools keep in a spreadsheet.

Owns their half of the table in `columns`. Promises: plain data; attachments have no table, and are sent in JSON.
"""

from broker.formats import cells
from broker.formats.cells import Column
from broker.formats.student_record import values
from broker.formats.student_record.part import Part, always
from broker.formats.student_record.shared import (
    COURSE_CODE,
    GRADE_LEVEL,
    SCHOOL,
    SCHOOL_YEAR,
    SECTION,
    SUBJECT,
    TEACHER,
    TERM,
    TEST,
    TEST_DATE,
    TITLE,
)

_SCORE = Column(("score",), ("scale score", "test score", "composite", "composite score"), values.number)
_DATE = Column(("date",), ("day", "on"), cells.day)
_PLAN = {
    "plan_date": Column(
        ("plan_date",), ("date of plan", "iep date", "504 date", "plan start", "iep start date"), cells.day
    ),
    "review_due": Column(
        ("review_due",), ("review date", "next review", "annual review due", "review due date", "iep due"), cells.day
    ),
}
_STATUS = Column(
    ("status",),
    ("special education status", "sped status", "section 504 status", "504 status", "eligibility"),
    values.lower,
)
_DUE = frozenset({"plan_date", "review_due", "evaluation_due"})

MORE = (
    Part(
        "Schedule",
        ("class schedule", "current schedule", "timetable", "student schedule", "horario"),
        {
            "course_code": COURSE_CODE,
            "title": TITLE,
            "section": SECTION,
            "term": TERM,
            "period": Column(("period",), ("per", "hour", "block", "expression", "period number", "meets")),
            "teacher": TEACHER,
        },
        ("title",),
        (("title",), ("period",)),
        always("schedule"),
        says="One line for each class that the student is in now.",
    ),
    Part(
        "Immunisations",
        ("immunizations", "immunization", "immunisation", "shots", "vaccines", "vaccinations", "vacunas"),
        {
            "vaccine": Column(
                ("vaccine",),
                ("immunization", "immunisation", "vaccine name", "shot", "vaccine code", "vaccination", "vacuna"),
            ),
            "dose": Column(("dose",), ("dose number", "dose no"), values.whole_number),
            "date": _DATE._replace(
                names=("date given", "dose date", "shot date", "vaccination date", "immunization date")
            ),
            "exemption": Column(("exemption",), ("exempt", "exemption type"), values.lower),
        },
        ("vaccine",),
        (("vaccine",), ("date", "dose", "exemption")),
        always("immunisations"),
        frozenset({"date"}),
        says="One line for each dose, or each exemption (medical, religious, personal or immune).",
    ),
    Part(
        "Discipline",
        ("incidents", "behavior", "behaviour", "discipline incidents", "disciplina"),
        {
            "incident_date": Column(("date",), ("date", "date of incident"), cells.day),
            "school": SCHOOL,
            "incident_code": Column(("code",), ("code", "offense code", "infraction", "incident type", "offense")),
            "action": Column(("action",), ("consequence", "discipline action", "action taken", "resolution")),
            "days": Column(("days",), ("days suspended", "suspension days", "days out"), values.number),
            "description": Column(("description",), ("incident description", "details", "narrative")),
        },
        ("incident_date",),
        (("incident_date",), ("incident_code",), ("action", "description")),
        always("discipline"),
        frozenset({"incident_date"}),
        says="One line for each incident.",
    ),
    Part(
        "Special Education",
        ("sped", "special ed", "iep", "educacion especial"),
        {
            "status": _STATUS,
            "disability": Column(("disability",), ("disability code", "primary disability", "eligibility category")),
            **_PLAN,
            "evaluation_due": Column(
                ("evaluation_due",), ("evaluation due date", "reevaluation due", "re evaluation due"), cells.day
            ),
            "service": Column(("services", 0, "service"), ("services", "service name", "service type")),
            "minutes_per_week": Column(
                ("services", 0, "minutes_per_week"), ("minutes", "service minutes", "weekly minutes"), values.number
            ),
        },
        ("status",),
        (("disability",),),
        always("special_education"),
        _DUE,
        single=True,
        says="One line, or one for each service: eligible, exited, referred or none.",
    ),
    Part(
        "Section 504",
        ("504", "504 plan", "504 plans"),
        {
            "status": _STATUS,
            **_PLAN,
            "accommodations": Column(("accommodations",), ("accommodation", "504 accommodations"), values.listed),
        },
        ("status",),
        (),
        always("section_504"),
        _DUE,
        single=True,
        says="One line: eligible, exited, referred or none; accommodations with semicolons between them.",
    ),
    Part(
        "Growth",
        ("growth scores", "growth score", "sgp"),
        {
            "school_year": SCHOOL_YEAR,
            "subject": SUBJECT,
            "measure": Column(("measure",), ("growth measure", "growth model")),
            "score": _SCORE._replace(names=("growth score", "growth")),
            "percentile": Column(
                ("percentile",),
                ("growth percentile", "sgp", "student growth percentile", "median growth percentile"),
                values.number,
            ),
        },
        ("school_year",),
        (("percentile", "measure"), ("school_year",)),
        always("growth_scores"),
        says="One line for each growth score.",
    ),
    Part(
        "Reading",
        ("benchmark reading", "reading benchmarks", "reading assessments", "reading results", "lectura"),
        {
            "school_year": SCHOOL_YEAR,
            "grade_level": GRADE_LEVEL._replace(names=(*GRADE_LEVEL.names, "grade")),
            "test": TEST,
            "benchmark_period": Column(("period",), ("period", "time of year", "season", "benchmark", "window")),
            "date": TEST_DATE,
            "score": _SCORE,
            "benchmark_level": Column(("level",), ("level", "benchmark status", "reading level")),
        },
        ("school_year",),
        (("test",), ("benchmark_period",), ("score", "benchmark_level")),
        always("benchmark_reading"),
        frozenset({"date"}),
        says="One line for each benchmark reading assessment.",
    ),
    Part(
        "Grade 3 Reading",
        ("grade 3 reading level", "third grade reading"),
        {
            "school_year": SCHOOL_YEAR,
            "grade3_level": Column(("level",), ("level", "reading level", "grade 3 reading level")),
            "on_grade_level": Column(("on_grade_level",), ("on level", "at grade level"), values.flag),
            "test": TEST,
        },
        ("grade3_level",),
        (("on_grade_level",),),
        always("grade3_reading_level"),
        single=True,
        says="One line: the reading level at the end of grade 3.",
    ),
    Part(
        "Mastery",
        ("standards", "standards mastery", "mastery of standards", "competencies"),
        {
            "school_year": SCHOOL_YEAR,
            "subject": SUBJECT,
            "standard": Column(("standard",), ("core standard", "standard code", "standard name", "standard id")),
            "objective": Column(("objective",), ("learning objective", "indicator")),
            "mastery_level": Column(("level",), ("level", "mastery", "proficiency")),
            "score": _SCORE,
            "date": _DATE,
        },
        ("school_year", "standard"),
        (("standard",), ("mastery_level", "score", "objective")),
        always("mastery"),
        frozenset({"date"}),
        says="One line for each standard or objective.",
    ),
    Part(
        "School Grades",
        ("school grade", "accountability"),
        {
            "school_year": SCHOOL_YEAR,
            "school": SCHOOL,
            "school_grade": Column(("grade",), ("state grade", "grade of the school", "accountability grade")),
        },
        ("school_year", "school_grade"),
        (("school_grade",),),
        always("school_grades"),
        says="One line for each year: the grade that the state gave the school.",
    ),
    Part(
        "Writing",
        ("writing samples", "writing sample", "escritura"),
        {
            "school_year": SCHOOL_YEAR,
            "grade_level": GRADE_LEVEL,
            "date": _DATE,
            "sample_title": Column(("title",), ("title",)),
            "text": Column(("text",), ("writing sample", "sample text", "essay")),
            "score": _SCORE,
        },
        ("text",),
        (("text",),),
        always("writing_samples"),
        frozenset({"date"}),
        says="One line for each writing sample of at most 4,000 letters; longer ones are attachments, in JSON.",
    ),
    Part(
        "Teachers",
        ("teacher", "educators", "instructors", "maestros"),
        {
            "teacher_id": Column(("id",), ("id", "educator id", "instructor id", "cactus id")),
            "teacher_last_name": Column(("name", "last"), ("last name", "educator last name", "instructor last name")),
            "teacher_first_name": Column(
                ("name", "first"), ("first name", "educator first name", "instructor first name")
            ),
            "years_of_experience": Column(("years_of_experience",), ("experience", "years experience"), values.number),
            "degree": Column(("degrees", 0, "level"), ("degree level", "highest degree")),
            "degree_field": Column(("degrees", 0, "field"), ("major", "field of degree")),
            "institution": Column(("degrees", 0, "institution"), ("university", "college")),
            "licence": Column(("licences", 0, "kind"), ("license", "license type", "licence kind", "license level")),
            "licence_area": Column(("licences", 0, "area"), ("license area", "area of concentration")),
            "licence_issued": Column(("licences", 0, "issued"), ("license issued", "issue date"), cells.day),
            "licence_expires": Column(("licences", 0, "expires"), ("license expires", "expiration date"), cells.day),
            "endorsements": Column(("endorsements",), ("endorsement",), values.listed),
        },
        ("teacher_last_name",),
        (("teacher_last_name",), ("years_of_experience", "degree", "licence", "endorsements")),
        always("teachers"),
        frozenset({"licence_issued", "licence_expires"}),
        says="One line for each teacher of the student, with one degree and one licence.",
    ),
)
