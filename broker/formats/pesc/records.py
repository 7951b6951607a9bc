"""The schooling in a PESC transcript: courses and grades, sessions, summaries, awards.

Owns the tables of `AcademicRecord`, in the standard's order (AcademicRecord 1.9.0, CoreMain 1.14.0). Promises: every
course, credit and grade has a place in these tables.
"""

from broker.formats.pesc.form import Either, Fields, Leaf, Node, OneOf
from broker.formats.pesc.parties import GRADE_LEVEL, NOTES, SCHOOL, SCHOOL_FIELDS
from broker.formats.pesc.values import (
    DATE,
    FLAG,
    LEVEL,
    MONTH,
    NUMBER,
    SCHOOL_YEAR,
    THOUSANDTHS,
    WHOLE,
    YEAR,
    YEAR_NUMBER,
)

# courses

_SUPPLEMENTAL: Fields = (
    Leaf("SupplementalGradeCode", "kind"),
    Leaf("SupplementalGradeSubSession", "part", WHOLE),
    Leaf("CourseAcademicSupplementalGradeScaleCode", "grade_scale"),
    Leaf("CourseAcademicSupplementalGradeStatusCode", "status"),
    Leaf("CourseAcademicSupplementalGrade", "grade"),
    NOTES,
)
_REQUIREMENT: Fields = (
    Leaf("RAPCode", "codes", many=True),
    Leaf("RAPName", "names", many=True),
    Leaf("RAPSubName", "subnames", many=True),
    Leaf("ConditionsMetCode", "met", many=True),
    Leaf("ConditionsMetDate", "dates", DATE, many=True),
    NOTES,
)
_REQUIREMENTS: Fields = (
    Node("Requirement", _REQUIREMENT, "requirements", many=True),
    Node("Attribute", _REQUIREMENT, "attributes", many=True),
    Node("Proficiency", _REQUIREMENT, "proficiencies", many=True),
)
_CLASSIFICATION = Either(
    (
        ("sced", (Leaf("CourseSCEDCode", "sced"),)),
        ("sced5", (Leaf("CourseFiveDigitSCEDCode", "sced5"),)),
        ("nces", (Leaf("CourseNCESCode", "nces"),)),
        ("cip", (Leaf("CourseCIPCode", "cip"),)),
        ("csis", (Leaf("CourseCSISCode", "csis"),)),
        ("usis", (Leaf("CourseUSISCode", "usis"),)),
        ("subject_area", (Leaf("CourseSubjectAreaCode", "subject_area"),)),
    )
)
COURSE: Fields = (
    Leaf("CourseCreditBasis", "credit_basis", default="Regular"),
    Leaf("CourseCreditUnits", "credit_unit"),
    Leaf("CourseCreditLevel", "credit_level", LEVEL),
    Leaf("CourseCreditValue", "credits_attempted", NUMBER),
    Leaf("CourseCreditEarned", "credits_earned", NUMBER),
    Leaf("CourseAcademicGradeScaleCode", "grade_scale"),
    Leaf("CourseAcademicGrade", "grade"),
    Node(
        "CourseSupplementalAcademicGrade",
        (Node("CourseSupplementalGrade", _SUPPLEMENTAL, "supplemental_grades", many=True),),
    ),
    Leaf("CourseAcademicGradeStatusCode", "status"),
    Leaf("CourseNarrativeExplanationGrade", "narrative"),
    Leaf("CourseRepeatCode", "repeat"),
    _CLASSIFICATION,
    Leaf("CourseQualityPointsEarned", "quality_points", NUMBER),
    Leaf("CourseLevel", "level"),
    Leaf("CourseGPAApplicabilityCode", "counts_for_gpa"),
    Leaf("CourseSubjectAbbreviation", "subject"),
    Leaf("CourseNumber", "code"),
    Leaf("CourseSectionNumber", "section"),
    Leaf("OriginalCourseID", "original_code"),
    Leaf("AgencyCourseID", "state_code"),
    Leaf("CourseTitle", "title"),
    Leaf("CourseAddDate", "added", DATE),
    Leaf("CourseDropDate", "dropped", DATE),
    Node("CourseOverrideSchool", SCHOOL_FIELDS, "school"),
    Leaf("OverrideSchoolCourseNumber", "school_code"),
    Leaf("CourseBeginDate", "begins", DATE),
    Leaf("CourseEndDate", "ends", DATE),
    Leaf("CourseInstructionSite", "site"),
    Leaf("CourseInstructionSiteName", "site_name"),
    *_REQUIREMENTS,
    NOTES,
)
_COURSES = Node("Course", COURSE, "courses", many=True)

# summaries, awards and sessions

_HONOURS = Node(
    "AcademicHonors", (Leaf("HonorsTitle", "title"), Leaf("HonorsLevel", "level"), NOTES), "honours", many=True
)
_GPA = Node(
    "GPA",
    (
        Leaf("CreditHoursAttempted", "credits_attempted", NUMBER),
        Leaf("CreditHoursEarned", "credits_earned", NUMBER),
        Leaf("CreditHoursRequired", "credits_required", THOUSANDTHS),
        Leaf("CreditHoursDeficient", "credits_deficient", THOUSANDTHS),
        Leaf("CreditUnit", "credit_unit"),
        Leaf("GradePointAverage", "gpa", NUMBER),
        Leaf("TotalQualityPoints", "quality_points", NUMBER),
        Leaf("CreditHoursforGPA", "credits_for_gpa", NUMBER),
        Leaf("GPARangeMinimum", "gpa_minimum", NUMBER),
        Leaf("GPARangeMaximum", "gpa_maximum", NUMBER),
    ),
)
_AREA: Fields = (
    Leaf("HighSchoolSubjectAreaCode", "area"),
    Leaf("HighSchoolSubjectAreaName", "name"),
    Leaf("CourseCreditUnits", "credit_unit"),
    Leaf("CreditHoursRequired", "credits_required", THOUSANDTHS),
    Leaf("CourseCreditEarned", "credits_earned", NUMBER),
    Leaf("CreditHoursDeficient", "credits_deficient", THOUSANDTHS),
)
_PROGRAM: Fields = (
    Either(
        (
            ("secondary_code", (Leaf("ProgramSecondarySchoolCode", "secondary_code"),)),
            ("cip", (Leaf("ProgramCIPCode", "cip"),)),
            ("local_code", (Leaf("ProgramLocalCode", "local_code"),)),
        )
    ),
    Leaf("AcademicProgramType", "kind"),
    Leaf("AcademicProgramName", "name"),
    NOTES,
)
_SUMMARY: Fields = (
    Leaf("AcademicSummaryType", "kind"),
    Leaf("AcademicSummaryLevel", "level", LEVEL),
    _GPA,
    _HONOURS,
    Leaf("ClassRank", "class_rank", WHOLE),
    Leaf("ClassSize", "class_size", WHOLE),
    NOTES,
    Node("HighSchoolCreditSummary", (Node("HighSchoolSubjectArea", _AREA, "subject_areas", many=True),)),
    Node("AcademicProgram", _PROGRAM, "program"),
)
_FULL_SUMMARY: Fields = (
    *_SUMMARY,
    Leaf("Delinquencies", "standing", many=True),
    Leaf("EntryDate", "entry_date", DATE),
    Leaf("ExitDate", "exit_date", DATE),
    Leaf("ExitReasonCode", "exit_reason"),
    Leaf("ClassRankSessionCount", "class_rank_sessions", WHOLE),
    OneOf("class_rank_date", (("ClassRankDate", DATE), ("ClassRankYear", YEAR), ("ClassRankYearMonth", MONTH))),
)
_SUMMARIES = Node("AcademicSummary", _FULL_SUMMARY, "summaries", many=True)
_AWARDS = Node(
    "AcademicAward",
    (
        Leaf("AcademicAwardLevel", "level"),
        Leaf("AcademicAwardDate", "date", DATE),
        Leaf("AcademicAwardTitle", "title"),
        _HONOURS,
        Leaf("AcademicCompletionIndicator", "completed", FLAG),
        Leaf("AcademicCompletionDate", "completion_date", DATE),
        Node("AcademicAwardProgram", _PROGRAM, "programs", many=True),
        Node("AcademicSummary", _SUMMARY, "summaries", many=True),
        NOTES,
    ),
    "awards",
    many=True,
)
_SESSION: Fields = (
    Node(
        "AcademicSessionDetail",
        (
            Leaf("SessionDesignator", "month", MONTH, must=True),
            Leaf("SessionDesignatorSuffix", "suffix"),
            Leaf("SessionName", "name"),
            Leaf("SessionType", "kind"),
            Leaf("SessionSchoolYear", "school_year", SCHOOL_YEAR),
            Leaf("SessionBeginDate", "begins", DATE),
            Leaf("SessionEndDate", "ends", DATE),
        ),
    ),
    SCHOOL,
    GRADE_LEVEL,
    Node("AcademicProgram", _PROGRAM, "programs", many=True),
    _AWARDS,
    _COURSES,
    _SUMMARIES,
    Node(
        "AttendanceCount",
        (Leaf("DaysPresent", "days_present", THOUSANDTHS), Leaf("DaysAbsent", "days_absent", THOUSANDTHS)),
    ),
    NOTES,
)
RECORD: Fields = (
    SCHOOL,
    GRADE_LEVEL,
    Leaf("CohortGraduationYear", "graduation_year", YEAR_NUMBER),
    _AWARDS,
    _SUMMARIES,
    Node("AcademicSession", _SESSION, "sessions", many=True),
    _COURSES,
    Node("AdditionalStudentAchievements", (*_REQUIREMENTS, NOTES), "achievements", many=True),
    NOTES,
)
