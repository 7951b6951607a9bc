"""Ed-Fi's transcripts and health of one student, read into the student's record."""

import json
from typing import Any

import pytest

from tests.support import edfi
from tests.support.edfi import course, health, packed, stay, student, whole


def record(*pieces: str) -> dict[str, Any]:
    found: dict[str, Any] = edfi.read(whole(*pieces))
    assert found["packet"] == "student-record.v1"
    return found


ALGEBRA = {
    "school_year": 2026,
    "term": "Fall Semester",
    "course_code": "ALG-1",
    "title": "Algebra I",
    "grade_level": "09",
    "status": "completed",
    "mark": "B+",
    "credits_attempted": 1.0,
    "credits_earned": 0.5,
}


def test_a_transcript_and_its_student_are_a_student_record() -> None:
    found = record(student(), course(), course(title="Band"), health())
    assert found["student"]["local_id"] == "604821"
    assert found["record"] == {
        "course_history": [ALGEBRA, ALGEBRA | {"title": "Band"}],
        "immunisations": [{"vaccine": "MMR", "date": "2015-01-13"}, {"vaccine": "MMR", "date": "2019-05-06"}],
    }


def test_they_may_lie_in_one_zip() -> None:
    files = {"Student.xml": whole(student()), "StudentTranscript.xml": whole(course(), name="StudentTranscript")}
    assert edfi.read(packed(files))["record"] == {"course_history": [ALGEBRA]}


def test_an_academic_record_that_is_referred_to_says_whose_and_when() -> None:
    one = (
        f'<StudentAcademicRecord id="A1">{edfi.whose("604821")}<SchoolYear>2024-2025</SchoolYear><Term>Quarter</Term>'
        "</StudentAcademicRecord>"
    )
    told = course()
    begin, end = told.index("<StudentAcademicRecordReference>"), told.index("</StudentAcademicRecordReference>")
    told = told[:begin] + '<StudentAcademicRecordReference ref="A1">' + told[end:]
    (found,) = record(student(), one, told)["record"]["course_history"]
    assert (found["school_year"], found["term"]) == (2025, "Quarter")


def test_what_an_api_gives_of_a_transcript() -> None:
    given = {
        "students": edfi.of_api()["students"],
        "courseTranscripts": [
            {
                "courseReference": {"courseCode": "ALG-1", "educationOrganizationId": 255901},
                "studentAcademicRecordReference": {
                    "studentUniqueId": "604821",
                    "schoolYear": 2026,
                    "termDescriptor": "uri://ed-fi.org/TermDescriptor#Fall Semester",
                },
                "courseAttemptResultDescriptor": "uri://ed-fi.org/CourseAttemptResultDescriptor#Pass",
                "whenTakenGradeLevelDescriptor": "uri://ed-fi.org/GradeLevelDescriptor#Ninth grade",
                "courseTitle": "Algebra I",
                "attemptedCredits": 1,
                "earnedCredits": 0.5,
                "finalLetterGradeEarned": "B+",
            }
        ],
    }
    assert edfi.read(json.dumps(given))["record"] == {"course_history": [ALGEBRA]}


def test_several_students_are_refused_with_what_to_do() -> None:
    refused = edfi.refused(whole(student("1"), student("2"), course("1"), course("1"), course("2")))
    assert (refused.code, refused.pointer) == ("sis-form", "CourseTranscript[3]")
    assert "about 2: export one file for each" in refused.hint


def test_without_the_student_it_says_what_to_put_beside_it() -> None:
    refused = edfi.refused(whole(course(), name="StudentTranscript"))
    assert (refused.code, refused.pointer) == ("sis-form", "CourseTranscript[1]")
    assert "Student interchange" in refused.hint


@pytest.mark.parametrize(
    ("was", "instead", "place"),
    [
        ("#Pass", "#Passable", "CourseTranscript[1]/CourseAttemptResult"),
        ("#Ninth grade", "#Umpteenth", "CourseTranscript[1]/WhenTakenGradeLevel"),
        ("<Credits>0.5", "<Credits>half", "CourseTranscript[1]/EarnedCredits/Credits"),
        (
            "2025-2026",
            "2025-2030",
            "CourseTranscript[1]/StudentAcademicRecordReference/StudentAcademicRecordIdentity/SchoolYear",
        ),
        ("<SchoolYear>2025-2026</SchoolYear>", "", "CourseTranscript[1]/StudentAcademicRecordReference"),
        ("2015-01-13", "last winter", "StudentHealth[1]/RequiredImmunization/ImmunizationDate[1]"),
    ],
)
def test_what_cannot_be_read_is_told_by_place_and_never_replaced(was: str, instead: str, place: str) -> None:
    pieces = [piece.replace(was, instead) for piece in (student(), course(), health())]
    refused = edfi.refused(whole(*pieces))
    assert (refused.code, refused.pointer) == ("sis-form", place)
    assert refused.hint.startswith(f"{place} must ")
    assert instead not in refused.hint or not instead


def test_all_faults_are_told_at_once() -> None:
    pieces = [
        piece.replace("#Pass", "#Passable").replace("2015-01-13", "x") for piece in (student(), course(), health())
    ]
    assert edfi.refused(whole(*pieces)).hint.count(" must ") == 2


def test_beside_associations_with_schools_it_is_an_enrollment() -> None:
    assert edfi.read(whole(student(), stay(), course()))["packet"] == "enrollment.v1"


def test_the_same_content_is_the_same_document_and_another_is_not() -> None:
    first, again = record(student(), course()), record(student(), course())
    assert first["id"] == again["id"] != record(student(), course(), health())["id"]
