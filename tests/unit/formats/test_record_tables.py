"""A student's record in a table: which table is one, what becomes of its cells, and all that is wrong at once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support import record_tables, workbooks
from tests.support.enrollment_tables import MADE
from tests.support.records_read import BO, COURSES, STUDENT, WHO, flat, read, record, refused


def test_a_line_for_each_course_is_the_history_of_a_transcript() -> None:
    found = read(flat("2024-25,S1,MA09,Algebra I,A-,0.5", "2024-25,S2,EN09,English 9,B+,.5"))
    assert found["student"]["legal_name"] == {"first": "Bo", "last": "Quist"}
    assert (found["student"]["ssid"], found["student"]["birth_date"]) == ("1000000019", "2011-03-14")
    first, second = found["record"]["course_history"]
    assert first == {
        **{"school_year": 2025, "term": "S1", "course_code": "MA09", "title": "Algebra I", "mark": "A-"},
        "credits_earned": 0.5,
    }
    assert second["credits_earned"] == 0.5
    assert (found["from"], found["created"]) == ("01", MADE.signed_at.isoformat(timespec="seconds"))


@pytest.mark.parametrize(
    ("head", "line", "entry"),
    [
        (  # PowerSchool's stored grades
            "TermID,Store_Code,Course_Number,Course_Name,Grade,Percent,EarnedCrHrs,PotentialCrHrs,Grade_Level,School",
            "3401,S1,MA09,Algebra I,A-,91.5,0.5,0.5,9,Canyon High",
            {
                **{"school_year": 2025, "term": "S1", "course_code": "MA09", "title": "Algebra I", "mark": "A-"},
                **{"credits_earned": 0.5, "credits_attempted": 0.5, "grade_level": "09", "school": "Canyon High"},
            },
        ),
        (  # a system whose Grade is the student's
            "End Year,Grade,Course,Final Mark,Credits Earned",
            "2025,09,Algebra I,A-,1",
            {"school_year": 2025, "grade_level": "09", "title": "Algebra I", "mark": "A-", "credits_earned": 1},
        ),
        (  # a system whose Course is the code
            "School Year,Course,Course Title,Letter Grade,Credits",
            "24-25,MA09,Algebra I,A-,1",
            {"school_year": 2025, "course_code": "MA09", "title": "Algebra I", "mark": "A-", "credits_earned": 1},
        ),
    ],
)
def test_the_names_that_systems_give_their_columns_are_known(head: str, line: str, entry: dict[str, Any]) -> None:
    assert record(flat(line, head=head)) == {"course_history": [entry]}


def test_without_credits_they_are_the_grades_of_the_year() -> None:
    found = record(flat("2026-27,Q1,Geometry,B,3,Lindqvist", head="School Year,Term,Class Name,Grade,Section,Teacher"))
    assert found["course_grades"] == [
        {
            **{"school_year": 2027, "term": "Q1", "title": "Geometry"},
            "mark": "B",
            "section": "3",
            "teacher": "Lindqvist",
        }
    ]


@pytest.mark.parametrize(
    ("head", "line", "place", "entry"),
    [
        (
            "School Year,Days Enrolled,Days Present,Excused Absences,Unexcused Absences,Tardies",
            "2026,180,171.5,6,2.5,0",
            "section_attendance",
            {
                **{"school_year": 2026, "unit": "days", "membership": 180, "present": 171.5},
                **{"absent_excused": 6, "absent_unexcused": 2.5, "tardy": 0},
            },
        ),
        (
            "School Year,Course Title,Unit,Membership,Present",
            "2026,Geometry,Periods,55,52",
            "section_attendance",
            {"school_year": 2026, "title": "Geometry", "unit": "periods", "membership": 55, "present": 52},
        ),
        (
            "Assessment Name,Subject,Test Date,Scale Score,Proficiency Level,Accommodations",
            "RISE,Mathematics,9/21/2025,431,3,Extended time; Reader",
            "statewide_results",
            {
                **{"test": "RISE", "subject": "Mathematics", "date": "2025-09-21", "score": 431, "proficiency": "3"},
                **{"accommodations": ["Extended time", "Reader"], "school_year": 2026},
            },
        ),
        (
            "Test,Kind,School Year,Score,Standard Error",
            "Interim 1,Interim,2027,512,14",
            "adaptive_results",
            {"test": "Interim 1", "kind": "interim", "school_year": 2027, "score": 512, "standard_error": 14},
        ),
        (
            "Vaccine,Dose,Date Given",
            "MMR,2,8/1/2016",
            "immunisations",
            {"vaccine": "MMR", "dose": 2, "date": "2016-08-01"},
        ),
        (
            "Course Title,Section,Period,Teacher",
            "Geometry,3,2,Lindqvist",
            "schedule",
            {"title": "Geometry", "section": "3", "period": "2", "teacher": "Lindqvist"},
        ),
    ],
)
def test_each_part_may_come_alone(head: str, line: str, place: str, entry: dict[str, Any]) -> None:
    assert record(flat(line, head=head)) == {place: [entry]}


def test_the_student_may_stand_above_the_columns() -> None:
    text = f'"Student:","Quist, Bo"\nSSID: 1000000019,\nDate of Birth,3/14/2011\n\n{COURSES}\n2024,S1,M,Algebra,A,1\n'
    found = read(text)
    assert found["student"] == {
        **{"legal_name": {"first": "Bo", "last": "Quist"}, "ssid": "1000000019", "birth_date": "2011-03-14"}
    }
    assert [one["title"] for one in found["record"]["course_history"]] == ["Algebra"]


def test_the_student_may_stand_in_the_first_line_alone() -> None:
    text = f"{flat('2024,S1,M,Algebra,A,1')},,,,2025,S1,M,Geometry,A,1\n"
    assert len(record(text)["course_history"]) == 2


def test_totals_averages_and_a_second_header_are_no_courses() -> None:
    head = f"{WHO},{COURSES}"
    text = flat("2024,S1,M,Total Fitness,A,1")
    text += f"{head}\n{BO},2025,S1,M,Geometry,A,1\nTotal,,,,,,,,,2\nCumulative GPA: 3.9\n"
    assert [one["title"] for one in record(text)["course_history"]] == ["Total Fitness", "Geometry"]


def test_a_workbook_of_the_four_sheets_is_one_record() -> None:
    found = record(record_tables.workbook(STUDENT))
    assert list(found) == ["demographics", "course_history", "section_attendance", "statewide_results"]
    assert found["demographics"] == {"grade_level": "09", "home_language": "es"}


@pytest.mark.parametrize("ending", ["ods", "xlsx"])
def test_a_workbook_that_libreoffice_saved_is_the_same_record(ending: str, tmp_path: Path) -> None:
    saved = workbooks.converted(record_tables.workbook(STUDENT), "xlsx", ending, tmp_path)
    assert record(saved) == record(record_tables.workbook(STUDENT))


def test_a_sheet_about_the_student_may_have_its_names_in_the_first_column() -> None:
    about = zip(*record_tables.student_sheet(STUDENT), strict=True)
    found = read(record_tables.book({"Student": about, "Courses": record_tables.COURSES}))
    assert found["student"]["ssid"] == "1000000019"
    assert found["record"]["demographics"] == {"grade_level": "09", "home_language": "es"}


@pytest.mark.parametrize(
    ("sheet", "rows", "place", "value"),
    [
        (
            "Special Education",
            [["Status", "Disability", "IEP Date", "Service", "Minutes"], ["Eligible", "SLD", "9/2/2025", "Reading", 60],
             ["Eligible", "SLD", "9/2/2025", "Speech", 30]],
            "special_education",
            {"status": "eligible", "disability": "SLD", "plan_date": "2025-09-02", "services": [
                {"service": "Reading", "minutes_per_week": 60}, {"service": "Speech", "minutes_per_week": 30}]},
        ),
        (
            "504",
            [["Status", "Review Date", "Accommodations"], ["eligible", "9/2/2029", "Extended time; Quiet room"]],
            "section_504",
            {"status": "eligible", "review_due": "2029-09-02", "accommodations": ["Extended time", "Quiet room"]},
        ),
        (
            "Teachers",
            [["Teacher ID", "Last Name", "First Name", "Years of Experience", "Degree", "License"],
             ["t1", "Lind", "Ruth", 12, "Master", "Professional"]],
            "teachers",
            [{"id": "t1", "name": {"first": "Ruth", "last": "Lind"}, "years_of_experience": 12,
              "degrees": [{"level": "Master"}], "licences": [{"kind": "Professional"}]}],
        ),
        (
            "Grade 3 Reading",
            [["Reading Level", "On Grade Level"], ["on grade level", "Y"]],
            "grade3_reading_level",
            {"level": "on grade level", "on_grade_level": True},
        ),
    ],
)  # fmt: skip
def test_parts_that_are_one_object_or_have_lists(sheet: str, rows: Sequence[Any], place: str, value: Any) -> None:
    about = record_tables.student_sheet(STUDENT)
    assert record(record_tables.book({"Student": about, sheet: rows}))[place] == value


def test_the_column_mode_makes_it_a_backpack() -> None:
    found = read(record_tables.workbook(STUDENT, mode="Add"))
    assert (found["packet"], found["mode"]) == ("backpack.v1", "add")
    flat_one = read(flat("Replace,2024,S1,M,Algebra,A,1", head=f"Mode,{COURSES}"))
    assert (flat_one["packet"], flat_one["mode"]) == ("backpack.v1", "replace")
    assert (
        refused(flat(",2024,S1,M,Algebra,A,1", head=f"Mode,{COURSES}")).hint
        == 'line 2, column E "Mode": must be filled in.'
    )


def test_lists_of_students_stay_what_they_were() -> None:
    list_ = "Last Name,First Name,DOB,School,Entry Date,Grade,Days Present\nQuist,Bo,3/14/2011,700,8/17/2026,09,12\n"
    assert read(list_)["packet"] == "enrollment.v1"
    rows = [one.split(",") for one in list_.splitlines()]
    more = [*rows, ["Holm", "Li", "3/14/2012", "700", "8/17/2026", "08", "11"]]
    assert read(record_tables.book({"Fall": more, "Attendance": record_tables.ATTENDANCE}))["packet"] == "enrollment.v1"


def test_the_same_rows_are_one_document_and_each_students_are_its_own() -> None:
    one, same = (read(record_tables.workbook(STUDENT))["id"] for _ in range(2))
    assert one == same
    other = read(record_tables.workbook(STUDENT | {"ssid": "1000000027"}))["id"]
    assert (one[:15], one[15:23]) == (other[:15], one[15:23])
    assert one[15:23] != other[15:23]
