"""The words of a transcript.

Owns one term for every property of `transcript.v1`, and the parts that a transcript is read in. Promises: complete, and
without surplus terms (a test compares them with the schema); no I/O. Labels that explain themselves have no meaning
beside them.
"""

from broker.formats.parent.term import Form, Part, Term

_NUMBERS = {
    **{
        name: f"The school's number in a list of the nation: {long}."
        for name, long in (
            ("opeid", "the office of postsecondary education"),
            ("nchelpid", "the council of higher education loan programs"),
            ("ipeds", "postsecondary education data"),
            ("atp", "the admissions testing program"),
            ("fice", "the committee on education"),
            ("act", "the ACT test"),
            ("ccd", "the common core of data, public schools"),
            ("pss", "the survey of private schools"),
            ("ceeb_act", "the College Board and the ACT test"),
            ("csis", "Canadian student information"),
            ("usis", "Canadian university student information"),
            ("esis", "Canadian enhanced student information"),
            ("psis", "Canadian postsecondary student information"),
            ("duns", "businesses and institutions"),
            ("apas", "Alberta's postsecondary applications"),
        )
    },
}
_COURSE_LISTS = {
    "sced": "the nation's course codes for secondary schools",
    "sced5": "the nation's course codes for secondary schools, in five digits",
    "nces": "the national center for education statistics",
    "cip": "instructional programs",
    "csis": "Canadian student information",
    "usis": "Canadian university student information",
}
_CREDITS = {
    "credits_attempted": Term("Credits possible", "How many credits were tried for."),
    "credits_earned": Term("Credits earned", "How many credits were given."),
    "credit_unit": Term("Unit of credits", "What one credit is, such as a Carnegie unit.", Form.SPLIT),
}
_NOTES = {"notes": Term("Notes", "")}


def _dates(*names: str) -> dict[str, Term]:
    return {name: Term(name.replace("_", " ").capitalize(), "", Form.DATE) for name in names}


_CONTACT = {
    "local": Term("Number in the state", "The number that a state has given.", of="local"),
    "address": Term("Address", "", of="mail"),
    "phone": Term("Telephone", "", of="phone"),
    "email": Term("E-mail", ""),
    "url": Term("Web page", ""),
    **_NOTES,
}
_OFFICE = {name: Term(name.replace("_", "/").upper(), meaning) for name, meaning in _NUMBERS.items()}
_REQUIREMENTS = {
    "requirements": Term("Requirements", "Requirements for graduation that it meets.", of="requirement"),
    "attributes": Term("Attributes", "Further marks of the course.", of="requirement"),
    "proficiencies": Term("Proficiencies", "What it shows that the student can do.", of="requirement"),
}
_GRADE = {
    "grade_scale": Term("Scale of grades", "The code of the scale that the grade is on."),
    "status": Term("How it ended", "Whether it was finished, passed, or is under way.", Form.SPLIT),
}

FIELDS: dict[str, dict[str, Term]] = {
    "request": {
        "by": Term("Asked for by", "Who asked for the transcript.", Form.SPLIT),
        "on": Term("Asked for on", "The day of the request.", Form.DATE),
    },
    "about": {
        "document_type": Term("Why it is sent", "", Form.SPLIT),
        "transmission": Term("Which sending", "Whether it is the first, or one more.", Form.SPLIT),
        "trial": Term("Only a trial", "A trial does not count."),
        "official": Term("Official", ""),
        "complete": Term("Complete", "Whether it has all courses."),
        "request_id": Term("Number of the request", "The receiver's own number for it."),
        "notes": Term("Notes", ""),
        "transmission_notes": Term("Notes on the sending", ""),
        "person_notes": Term("Notes on the person", ""),
        "student_notes": Term("Notes on the student", ""),
    },
    "academic_record": {
        "number": Term("Record", "A school that keeps a record of its own has one."),
        "school": Term("School", "", of="school"),
        "grade_level": Term("Grade level", "The grade that the student was in.", Form.GRADE),
        "graduation_year": Term("Class graduates in", "The year in which the student's class graduates."),
        "awards": Term("Diplomas", "Diplomas and certificates.", of="award"),
        "summaries": Term("Sums", "Credits, grade point average and class rank.", of="summary"),
        "achievements": Term("Achievements", "", of="achievement"),
        **_NOTES,
    },
    "session": {
        "session": Term("Session", "A term or a year, and its courses."),
        "record": Term("Record", "A school that keeps a record of its own has one."),
        "month": Term("Month", "The month in which it ended, or will end.", Form.MONTH),
        "suffix": Term("Which of the month", "It tells two sessions of one month apart."),
        "name": Term("Name", ""),
        "kind": Term("Kind of session", "", Form.SPLIT),
        "school_year": Term("School year", "The school year, from summer to summer.", Form.YEAR),
        **_dates("begins", "ends"),
        "school": Term("School", "", of="school"),
        "grade_level": Term("Grade level", "The grade that the student was in.", Form.GRADE),
        "programs": Term("Programs", "", of="program"),
        "awards": Term("Diplomas", "Diplomas and certificates.", of="award"),
        "summaries": Term("Sums", "Credits, grade point average and class rank.", of="summary"),
        "days_present": Term("Days present", ""),
        "days_absent": Term("Days absent", ""),
        **_NOTES,
    },
    "course": {
        "session": Term("Session", "A term or a year, and its courses."),
        "title": Term("Course", "The name of the course."),
        "grade": Term("Grade", "The grade that was given."),
        **_CREDITS,
        **_GRADE,
        "level": Term("Level", "Such as honors or Advanced Placement.", Form.SPLIT),
        "subject": Term("Subject", "The first part of a code that has two."),
        "code": Term("Course code", "The school's own number of the course."),
        "section": Term("Class group", "The group of students that was taught together."),
        "original_code": Term("Earlier code", "The code that the course had when it was taken."),
        "state_code": Term("State's code", "The state's code of the course."),
        **{
            name: Term(f"Code ({name.upper()})", f"A code of the course: {long}.")
            for name, long in _COURSE_LISTS.items()
        },
        "subject_area": Term("Subject area", "", Form.SPLIT),
        "credit_basis": Term("Credit for", "How the credit was earned.", Form.SPLIT),
        "credit_level": Term("Level of the credit", "", Form.SPLIT),
        "supplemental_grades": Term("Further grades", "Grades of parts or of an exam.", of="supplemental_grade"),
        "narrative": Term("Grade in words", ""),
        "repeat": Term("Repeated", "Whether it was taken twice, and which one counts.", Form.SPLIT),
        "counts_for_gpa": Term("Counts for the average", "Whether it is in the grade point average.", Form.SPLIT),
        "quality_points": Term("Quality points", "The grade times the credits."),
        **_dates("added", "dropped", "begins", "ends"),
        "school": Term("School", "", of="school"),
        "school_code": Term("Code at that school", "That school's code of the course."),
        "site": Term("Where", "The kind of place.", Form.SPLIT),
        "site_name": Term("Name of the place", ""),
        **_REQUIREMENTS,
        **_NOTES,
    },
    "supplemental_grade": {
        "kind": Term("Kind", "", Form.SPLIT),
        "part": Term("Part", "The number of the part of the session."),
        **_GRADE,
        "grade": Term("Grade", "The grade that was given."),
        **_NOTES,
    },
    "achievement": {**_REQUIREMENTS, **_NOTES},
    "requirement": {
        "codes": Term("Codes", ""),
        "names": Term("Names", ""),
        "subnames": Term("Parts", ""),
        "met": Term("Met", "Whether it is met.", Form.SPLIT),
        "dates": Term("Dates", "", Form.DATE),
        **_NOTES,
    },
    "summary": {
        "kind": Term("Kind", "", Form.SPLIT),
        "level": Term("Level", "", Form.SPLIT),
        **_CREDITS,
        "credits_required": Term("Credits required", ""),
        "credits_deficient": Term("Credits lacking", ""),
        "gpa": Term("Grade point average", "It is on the scale that stands beside it."),
        "gpa_minimum": Term("Lowest average", ""),
        "gpa_maximum": Term("Highest average", ""),
        "credits_for_gpa": Term("Credits in the average", ""),
        "quality_points": Term("Quality points", "The grade times the credits."),
        "honours": Term("Honors", "", of="honour"),
        "class_rank": Term("Rank in the class", "1 is the best."),
        "class_size": Term("Students in the class", ""),
        "class_rank_sessions": Term("Sessions in the rank", "How many sessions the rank covers."),
        "class_rank_date": Term("Day of the rank", "", Form.MONTH),
        "subject_areas": Term("Subject areas", "", of="subject_area"),
        "program": Term("Program", "", of="program"),
        "standing": Term("Standing", "", Form.SPLIT),
        **_dates("entry_date", "exit_date"),
        "exit_reason": Term("Why the student left", "", Form.SPLIT),
        **_NOTES,
    },
    "subject_area": {
        "area": Term("Subject area", "", Form.SPLIT),
        "name": Term("Name", ""),
        "credit_unit": _CREDITS["credit_unit"],
        "credits_required": Term("Credits required", ""),
        "credits_earned": _CREDITS["credits_earned"],
        "credits_deficient": Term("Credits lacking", ""),
    },
    "award": {
        "level": Term(
            "Diploma", "B18: high school diploma. B19: an advanced one. B22: certificate of completion. B24: GED."
        ),
        **_dates("date"),
        "title": Term("Title", ""),
        "honours": Term("Honors", "", of="honour"),
        "completed": Term("Finished", ""),
        **_dates("completion_date"),
        "programs": Term("Programs", "", of="program"),
        "summaries": Term("Sums", "Credits, grade point average and class rank.", of="summary"),
        **_NOTES,
    },
    "honour": {"title": Term("Title", ""), "level": Term("Level", "", Form.SPLIT), **_NOTES},
    "program": {
        "secondary_code": Term("Program of study", "", Form.SPLIT),
        "cip": Term("Code (CIP)", "A code of the program: instructional programs."),
        "local_code": Term("School's code", ""),
        "kind": Term("Kind", "", Form.SPLIT),
        "name": Term("Name", ""),
        **_NOTES,
    },
    "organization": {"name": Term("Name", ""), **_OFFICE, **_CONTACT},
    "school": {
        "name": Term("Name", ""),
        **_OFFICE,
        "mutually_defined": Term("Agreed number", "A number that sender and receiver have agreed on."),
        "level": Term("Kind of school", "", Form.SPLIT),
        **_CONTACT,
    },
    "local": {"code": Term("Number", ""), "state": Term("State", "")},
    "mail": {
        "lines": Term("Street", ""),
        "city": Term("City", ""),
        "state": Term("State", ""),
        "region": Term("Region", ""),
        "postal_code": Term("ZIP code", ""),
        "country": Term("Country", ""),
    },
    "phone": {
        "country": Term("Country", ""),
        "area": Term("Area", ""),
        "number": Term("Number", ""),
        "extension": Term("Extension", ""),
    },
    "test": {
        "test": Term("Test", "The name of the test.", Form.SPLIT),
        "name": Term("Name", ""),
        "code": Term("Code", ""),
        "date": Term("Date", "", Form.MONTH),
        "grade_level": Term("Grade level", "The grade that the student was in.", Form.GRADE),
        "subtests": Term("Parts", "Parts of the test, and their scores.", of="subtest"),
        **_NOTES,
    },
    "subtest": {
        "subtest": Term("Part", "", Form.SPLIT),
        "name": Term("Name", ""),
        "code": Term("Code", ""),
        "scores": Term("Scores", "", of="score"),
        **_NOTES,
    },
    "score": {
        "value": Term("Score", "The result."),
        "method": Term("Kind of score", "How the score is made.", Form.SPLIT),
        "revised": Term("Corrected", "Whether it was corrected later."),
        "invalidated": Term("Not valid", "Whether the test was declared invalid."),
        "self_reported": Term("Told by the student", "Whether only the student says so."),
        **_NOTES,
    },
    "shot": {
        "vaccine": Term("Vaccine", "What the shot protects from."),
        **_dates("date"),
        "status": Term("Status", "", Form.SPLIT),
        **_NOTES,
    },
}

PARTS: dict[str, Part] = {
    "courses": Part(
        *(
            "Courses",
            "All courses, session by session.",
            "course",
            ("title", "code", "grade", "credits_earned", "status"),
        ),
        by="session",
    ),
    "sessions": Part("Sessions", "The terms or years that the courses were in.", "session"),
    "academic_records": Part(
        "Schools, sums and diplomas", "One record for each school that keeps its own.", "academic_record"
    ),
    "tests": Part("Tests", "Tests for colleges, and their scores.", "test"),
    "immunisations": Part("Vaccinations", "Shots that the school knows of.", "shot", ("vaccine", "date", "status")),
    "request": Part("Who asked for it", "No transcript travels without a request.", "request"),
    "about": Part("About the transcript", "", "about"),
    "source": Part("Who sends it", "", "organization"),
    "destination": Part("Whom it is for", "", "organization"),
}
