"""The name and the meaning of each element of a student's record, in words for a parent.

Owns the words: one `Term` for every property of `record.v1` and `student.v1` and of every packet header that a parent
is shown, and one `Part` for every part of a record. Promises: complete, and without surplus terms (a test compares them
with the schemas); no I/O. The order is the order in which a parent reads.
"""

from broker.formats.parent.term import Form, Part, Term

# The meaning of a name everywhere, unless `_OWN` has another one for its definition.
_EVERYWHERE = {
    "school_year": Term("School year", "The school year, from summer to summer.", Form.YEAR),
    "school": Term("School", "The school, by its name or by its number in the district."),
    "course_code": Term("Course code", "The school's or the state's number of the course."),
    "title": Term("Course", "The name of the course."),
    "section": Term("Class group", "The group of students that was taught together."),
    "term": Term("Term", "The part of the school year, such as a semester."),
    "grade_level": Term("Grade level", "The grade your child was in.", Form.GRADE),
    "teacher": Term("Teacher", "Who taught the course.", Form.TEACHER),
    "mark": Term("Mark", "The mark that the teacher gave."),
    "credits_attempted": Term("Credits possible", "How many credits the course is worth."),
    "credits_earned": Term("Credits earned", "How many credits your child was given for the course."),
    "subject": Term("Subject", "What the test or the goal is about, such as reading."),
    "test": Term("Test", "The name of the test."),
    "date": Term("Date", "The day this happened.", Form.DATE),
    "score": Term("Score", "The result as a number. What is high or low differs from test to test."),
    "proficiency": Term("Level reached", "What the result means, in the words of the test."),
    "kind": Term("Kind", "What kind of thing this is."),
    "name": Term("Name", "The person's name.", Form.NAME),
    "level": Term("Level", "The level that was reached."),
    "attachments": Term("Files", "Files that belong to this.", Form.FILE),
    "status": Term("Status", "Where this stands.", Form.WORD),
    "plan_date": Term("Date of the plan", "The day from which the plan counts.", Form.DATE),
    "review_due": Term("Next review by", "The day by which the plan must be looked at again.", Form.DATE),
    "accommodations": Term("Help given", "What was changed so that your child could take part."),
}

_OWN = {
    "demographics": {
        "grade_level": Term("Grade level", "The grade your child is in.", Form.GRADE),
        "ethnicity": Term("Ethnicity", "As you or the school gave it."),
        "races": Term("Race", "As you or the school gave it. There can be several."),
        "home_language": Term("Language at home", "The language that is spoken at home."),
        "english_learner": Term("Learning English", "Whether your child is counted as learning English."),
        "economically_disadvantaged": Term("Low income", "Whether the school counts your family as one of low income."),
        "homeless": Term("Without a fixed home", "Whether your child is counted as having no fixed home."),
        "migrant": Term("Migrant family", "Whether the family moves for farm or fishing work."),
        "foster_care": Term("In foster care", "Whether your child lives in foster care."),
        "military_family": Term("Military family", "Whether a parent serves in the armed forces."),
    },
    "course_grade": {
        "percent": Term("Percent", "The mark as a share of all points.", Form.PERCENT),
        "as_of": Term("As of", "The mark was not final. It stood like this on that day.", Form.DATE),
    },
    "course_history": {
        "lea": Term("District or charter school", "Where the course was taken."),
        "status": Term("How it ended", "Whether the course was finished.", Form.WORD),
    },
    "statewide_result": {},
    "section_attendance": {
        "unit": Term("Counted in", "What the numbers count: days, or class periods.", Form.WORD),
        "membership": Term("Possible", "How many days or periods your child was enrolled."),
        "present": Term("Present", "How many of them your child was there."),
        "absent_excused": Term("Absent, excused", "How many your child missed with an excuse."),
        "absent_unexcused": Term("Absent, not excused", "How many your child missed without an excuse."),
        "tardy": Term("Late", "How often your child came late."),
    },
    "teacher": {
        "id": Term("Short sign", "What stands for this teacher elsewhere in this paper."),
        "years_of_experience": Term("Years of teaching", "For how many years the teacher has taught."),
        "degrees": Term("Degrees", "What the teacher studied.", of="degree"),
        "licences": Term("Licenses", "What the teacher is licensed to teach.", of="licence"),
        "endorsements": Term("Further qualifications", "Subjects that the teacher is qualified for besides."),
    },
    "degree": {
        "level": Term("Degree", "The degree, such as a bachelor's."),
        "field": Term("Field", "What was studied."),
        "institution": Term("College", "Where it was studied."),
    },
    "licence": {
        "area": Term("Area", "What the license is for."),
        "issued": Term("Given on", "The day the license was given.", Form.DATE),
        "expires": Term("Good until", "The last day of the license.", Form.DATE),
    },
    "adaptive_result": {
        "kind": Term("When", "During lessons, between them, or at the end.", Form.WORD),
        "standard_error": Term("Give or take", "How far the score may be off, up or down."),
    },
    "mastery": {
        "standard": Term("Standard", "What the state wants every child to learn."),
        "objective": Term("Goal", "A smaller step within the standard."),
    },
    "writing_sample": {
        "title": Term("Title", "What the text is called."),
        "text": Term("Text", "What your child wrote.", Form.PROSE),
        "attachment": Term("File", "The file with the text.", Form.FILE),
    },
    "growth_score": {
        "measure": Term("Measured by", "How the progress was measured."),
        "percentile": Term("Percentile", "How many of 100 students with a like start made less progress."),
    },
    "school_grade": {"grade": Term("Grade of the school", "The grade that the state gave the school.")},
    "benchmark_reading": {"period": Term("Time of year", "When in the school year the test was given.")},
    "grade3_reading_level": {
        "level": Term("Reading level", "The level at the end of grade 3."),
        "on_grade_level": Term("Reads as expected", "Whether the level is what is expected at that age."),
    },
    "scheduled_section": {"period": Term("Period", "When in the day or week the class meets.")},
    "special_education": {
        "disability": Term("Disability", "The kind of disability that the school names."),
        "evaluation_due": Term("Next evaluation by", "The day by which your child is tested again.", Form.DATE),
        "services": Term("Services", "The help that the plan gives.", of="service"),
    },
    "service": {
        "service": Term("Service", "The kind of help."),
        "minutes_per_week": Term("Minutes a week", "How long the help is given each week."),
    },
    "section_504": {},
    "immunisation": {
        "vaccine": Term("Vaccine", "What the shot protects from."),
        "dose": Term("Dose", "Which shot of several this was."),
        "exemption": Term("Exempt because", "Why the shot was not needed.", Form.WORD),
    },
    "incident": {
        "code": Term("Code", "The school's code for what happened."),
        "action": Term("What the school did", "What followed."),
        "days": Term("Days", "For how many days."),
        "description": Term("What happened", "As the school wrote it down.", Form.PROSE),
    },
    "attachment": {
        "name": Term("Name", "What the school called the file.", Form.FILE),
        "media_type": Term("Type", "What kind of file it is, as computers name it."),
        "content": Term("Content", "The file itself. It lies beside this page."),
    },
    "student": {
        "legal_name": Term("Legal name", "The name on the birth certificate.", Form.NAME),
        "aliases": Term("Other names", "Names your child also goes by.", Form.NAME),
        "birth_date": Term("Born on", "The birth date.", Form.DATE),
        "gender": Term("Gender", "As the school has it. U or nothing: not known."),
        "birth_order": Term("Order of birth", "For twins and more: 1 for the first born."),
        "ssid": Term("State student number", "The number that your child keeps in all schools of the state."),
        "local_id": Term("Number at the school", "The number in the school's own system."),
        "guardians": Term("Parents or guardians", "As the school has them.", Form.NAME),
        "phone": Term("Telephone", "As the school has it."),
        "address": Term("Address", "As the school has it.", of="address"),
    },
    "address": {
        "street": Term("Street", "Street and number."),
        "city": Term("City", "City or town."),
        "state": Term("State", "The state."),
        "postal_code": Term("ZIP code", "The postal code."),
    },
}

# The properties of each definition, in the parent's reading order; `_OWN` has the term, or else `_EVERYWHERE`.
_ORDER = {
    "demographics": tuple(_OWN["demographics"]),
    "course_grade": (
        *("school_year", "title", "mark", "percent", "credits_earned", "credits_attempted", "term", "as_of"),
        *("teacher", "school", "grade_level", "course_code", "section"),
    ),
    "course_history": (
        *("school_year", "title", "mark", "credits_earned", "credits_attempted", "status", "term", "grade_level"),
        *("lea", "school", "course_code"),
    ),
    "statewide_result": (
        *("school_year", "test", "subject", "score", "proficiency", "date", "grade_level", "accommodations"),
    ),
    "section_attendance": (
        *("school_year", "title", "unit", "membership", "present", "absent_excused", "absent_unexcused", "tardy"),
        *("term", "school", "course_code", "section"),
    ),
    "teacher": ("name", "years_of_experience", "degrees", "licences", "endorsements", "id"),
    "degree": ("level", "field", "institution"),
    "licence": ("kind", "area", "issued", "expires"),
    "adaptive_result": (
        *("school_year", "test", "subject", "kind", "score", "standard_error", "proficiency", "date", "grade_level"),
    ),
    "mastery": ("school_year", "subject", "standard", "objective", "level", "score", "date"),
    "writing_sample": ("title", "school_year", "grade_level", "date", "score", "attachment", "text"),
    "growth_score": ("school_year", "subject", "measure", "score", "percentile"),
    "school_grade": ("school_year", "school", "grade"),
    "benchmark_reading": ("school_year", "test", "period", "score", "level", "date", "grade_level"),
    "grade3_reading_level": ("level", "on_grade_level", "school_year", "test"),
    "scheduled_section": ("title", "period", "term", "teacher", "section", "course_code"),
    "special_education": (
        *("status", "disability", "plan_date", "review_due", "evaluation_due", "services", "attachments"),
    ),
    "service": ("service", "minutes_per_week"),
    "section_504": ("status", "plan_date", "review_due", "accommodations", "attachments"),
    "immunisation": ("vaccine", "dose", "date", "exemption"),
    "incident": ("date", "school", "code", "action", "days", "description"),
    "attachment": ("name", "media_type", "content"),
    "student": tuple(_OWN["student"]),
    "address": ("street", "city", "state", "postal_code"),
}

FIELDS: dict[str, dict[str, Term]] = {
    name: {field: _OWN[name].get(field) or _EVERYWHERE[field] for field in order} for name, order in _ORDER.items()
}

PARTS: dict[str, Part] = {
    "demographics": Part("About your child", "What the school has noted about your child.", "demographics"),
    "course_grades": Part(
        *("Marks", "Marks in courses. A mark with a date may still change.", "course_grade"),
        ("title", "mark", "percent", "credits_earned"),
    ),
    "course_history": Part(
        *("Courses taken", "All courses so far, as a transcript shows them.", "course_history"),
        ("title", "mark", "credits_earned", "status"),
    ),
    "statewide_results": Part(
        *("State tests", "Results of tests that are given in the whole state.", "statewide_result"),
        ("test", "subject", "score", "proficiency"),
    ),
    "adaptive_results": Part(
        *("Computer tests", "Results of tests that choose each question by the last answer.", "adaptive_result"),
        ("test", "subject", "kind", "score", "proficiency"),
    ),
    "growth_scores": Part(
        *("Progress", "How much your child learned from one year to the next.", "growth_score"),
        ("subject", "measure", "score", "percentile"),
    ),
    "mastery": Part(
        *("Standards reached", "What your child has learned, goal by goal.", "mastery"),
        ("subject", "standard", "objective", "level", "score"),
    ),
    "benchmark_reading": Part(
        *("Reading tests", "Short reading tests during the school year.", "benchmark_reading"),
        ("test", "period", "score", "level"),
    ),
    "grade3_reading_level": Part(
        "Reading at the end of grade 3", "How well your child read then.", "grade3_reading_level"
    ),
    "writing_samples": Part("Writing samples", "Texts that your child wrote.", "writing_sample"),
    "section_attendance": Part(
        *("Attendance", "When your child was there, absent or late.", "section_attendance"),
        ("title", "unit", "present", "absent_excused", "absent_unexcused", "tardy"),
    ),
    "schedule": Part(
        *("Timetable", "The classes your child was in when this was written.", "scheduled_section"),
        ("title", "period", "term", "teacher"),
    ),
    "teachers": Part("Teachers", "Your child's teachers, and what they are qualified to teach.", "teacher"),
    "school_grades": Part(
        *("Grade of the school", "The state grades schools. This is not a grade of your child.", "school_grade"),
        ("school", "grade"),
    ),
    "special_education": Part(
        "Special education", "Whether your child has a special-education plan, and what is in it.", "special_education"
    ),
    "section_504": Part(
        "Section 504 plan", "Help for a child with a disability who needs no special education.", "section_504"
    ),
    "immunisations": Part(
        "Vaccinations", "Shots that the school knows of.", "immunisation", ("vaccine", "dose", "date", "exemption")
    ),
    "discipline": Part("Discipline", "Rules that were broken, and what the school did.", "incident"),
    "attachments": Part("Files", "Files that came with the record. They lie beside this page.", "attachment"),
}
