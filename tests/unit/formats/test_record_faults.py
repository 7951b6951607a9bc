"""What is wrong with a student's record in a table: all of it at once, by cell, and nothing of the student."""

from collections.abc import Sequence

import pytest

from broker.formats.student_record import faults
from tests.support import record_tables
from tests.support.records_read import COURSES, STUDENT, flat, record, refused


def test_all_faults_of_all_lines_are_told_at_once_by_column_and_line() -> None:
    lines = [
        "2024-25,S1,MA09,,A-,1/2/2024",
        "1999-25,S2,EN09,=cmd(),B+,.5",
        "2044,S2,1.23E+09,Art,B,5000",
        ",S1,M,Music,A,x",
    ]
    found = refused(flat(*lines))
    assert found.code == "table-lines"
    assert found.pointer == 'line 2, column H "Course Title"'
    said = found.hint.splitlines()
    assert said[0] == 'line 2, column H "Course Title": must be filled in.'
    assert said[1] == 'lines 2, 5, column J "Credit": must be a number.'
    assert [one.partition(":")[0] for one in said[2:]] == [
        *('line 3, column E "School Year"', 'line 3, column H "Course Title"', 'line 4, column E "School Year"'),
        *('line 4, column G "Course Number"', 'line 4, column J "Credit"', 'line 5, column E "School Year"'),
    ]
    assert not any(word in found.hint for word in ("Quist", "1000000019", "cmd", "1999"))


def test_the_places_of_a_refusal_can_be_told_apart_again() -> None:
    told = [
        faults.Fault("", 3, "J", "Credit", "must be a number"),
        faults.Fault("", 4, "J", "Credit", "must be a number"),
    ]
    told += [faults.Fault("Courses", 7, "", "", "In this line a cell has more than 4000 characters")]
    back = list(faults.places_in(faults.refusal(told).hint))
    assert back == [one._replace(must=f"{one.must}.") for one in told]


def test_a_date_that_cannot_be_is_told_with_its_cell() -> None:
    found = refused(flat("RISE,4/21/2035,431", "RISE,4/21/2005,431", head="Test,Test Date,Score"))
    assert found.code == "table-lines"
    assert [one.partition(":")[0] for one in found.hint.splitlines()] == ['lines 2-3, column F "Test Date"']


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ("1000000027,Quist,Bo,3/14/2011", "several-students"),
        ("1000000019,Quist,Bo,2011-03-14", ""),
        ("1000000019,Kvist,Bo,3/14/2011", "table-lines"),
        (",Holm,Li,3/14/2011", "several-students"),
    ],
)
def test_a_file_is_one_students(other: str, code: str) -> None:
    text = flat("2024,S1,M,Algebra,A,1") + f"{other},2025,S1,M,Geometry,A,1\n"
    if not code:
        assert len(record(text)["course_history"]) == 2
        return
    found = refused(text)
    assert found.code == code
    assert "line 3" in found.pointer
    assert not any(word in found.hint for word in ("Quist", "Kvist", "Holm"))


def test_columns_that_are_missing_are_told_together() -> None:
    found = refused("Course Title,Term,Grade,Credit\nAlgebra I,S1,A,0.5\n")
    assert found.code == "csv-form"
    for word in ("school_year", "last_name, birth_date", "Courses"):
        assert word in found.hint


@pytest.mark.parametrize("hidden", [(), ("Gradebook",)])
def test_a_sheet_that_would_travel_with_others_on_it_is_refused(hidden: Sequence[str]) -> None:
    sheets = {"Student": record_tables.student_sheet(STUDENT), "Courses": record_tables.COURSES}
    content = record_tables.book(sheets | {"Gradebook": [["Nora", 3], ["Otto", 4]]}, hidden=hidden)
    found = refused(content)
    assert (found.code, found.pointer) == ("strange-sheet", 'sheet "Gradebook"')
    assert record(record_tables.book(sheets | {"Explanations": [["Column", "What it is"]]}))["course_history"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (flat("2024,S1,M,Algebra,A,1,", head=f"{COURSES},SSN"), "ssn-column"),
        (flat("2024,S1,M,Algebra 529-12-3456,A,1"), "has-ssn"),
        (flat("4/13/2025,RISE,3", "13/4/2025,RISE,3", head="Test Date,Test,Score"), "dates-contradict"),
    ],
)
def test_what_no_table_may_have_is_refused_here_too(text: str, code: str) -> None:
    assert refused(text).code == code
