"""The form of a PESC High School Transcript 1.5: which element stands for which property of `transcript.v1`.

Owns the outermost tables, in the standard's order (HighSchoolTranscript 1.5.0). Promises: everything that makes a
transcript is here or in `parties` and `records`. These are ignored when read, and never written: race and ethnicity,
languages, licences, degree requirements, accreditation, second contacts of a school, and private agreements of two
parties (`UserDefinedExtensions`).
"""

from broker.formats.pesc.form import Either, Fields, Leaf, Node, OneOf
from broker.formats.pesc.parties import GRADE_LEVEL, NOTES
from broker.formats.pesc.records import RECORD
from broker.formats.pesc.values import COMPLETE, DATE, FLAG, MONTH, OFFICIAL, TRIAL, YEAR

# tests and immunisations

_SCORE: Fields = (
    Leaf("ScoreValue", "value", must=True),
    Leaf("TestScoreMethod", "method"),
    Leaf("ScoreRevisedIndicator", "revised", FLAG),
    Leaf("ScoreInvalidatedIndicator", "invalidated", FLAG),
    Leaf("ScoreSelfreportedIndicator", "self_reported", FLAG),
    NOTES,
)
_SUBTEST: Fields = (
    Either(
        (
            ("subtest", (Leaf("EducationSubtestCode", "subtest"),)),
            ("code", (Leaf("SubtestCode", "code"),)),
            ("", (Leaf("EducationSubtestCode", "subtest", default="OtherSubtest"),)),
        )
    ),
    Leaf("SubtestName", "name"),
    Node("TestScores", _SCORE, "scores", many=True),
    NOTES,
)
_TEST: Fields = (
    Either(
        (
            ("test", (Leaf("EducationTestCode", "test"),)),
            ("code", (Leaf("TestCode", "code"),)),
            ("", (Leaf("EducationTestCode", "test", default="OtherTest"),)),
        )
    ),
    Leaf("TestName", "name"),
    OneOf("date", (("TestDate", DATE), ("TestYearMonth", MONTH), ("TestYear", YEAR)), must=True),
    GRADE_LEVEL,
    Node("Subtest", _SUBTEST, "subtests", many=True),
    NOTES,
)
_IMMUNISATION: Fields = (
    Leaf("ImmunizationDate", "date", DATE),
    Leaf("ImmunizationCode", "vaccine"),
    Leaf("ImmunizationStatusCode", "status"),
    NOTES,
)

# the whole document

BEFORE: Fields = (
    Leaf("DocumentTypeCode", "document_type", default="StudentRequest"),
    Leaf("TransmissionType", "transmission", default="Original"),
)
AFTER: Fields = (
    Leaf("DocumentProcessCode", "trial", TRIAL, default="PRODUCTION"),
    Leaf("DocumentOfficialCode", "official", OFFICIAL),
    Leaf("DocumentCompleteCode", "complete", COMPLETE),
    Leaf("RequestTrackingID", "request_id"),
    Leaf("NoteMessage", "transmission_notes", many=True),
)
STUDENT: Fields = (
    Node("AcademicRecord", RECORD, "academic_records", many=True, keep=True),
    Node("Health", (Node("Immunizations", _IMMUNISATION, "immunisations", many=True),)),
    Node("Tests", _TEST, "tests", many=True),
    Leaf("NoteMessage", "student_notes", many=True),
)
DOCUMENT: Fields = (NOTES,)
