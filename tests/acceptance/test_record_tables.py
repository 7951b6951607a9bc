"""A records secretary seals a student's record as she has it, in a table or a workbook: the next school can use it."""

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.support import record_tables
from tests.support.desk import Town, child, town
from tests.support.exchange import wait_until

LEAS = {"01": ("district", "cv25519"), "6G": ("charter", "cv25519")}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("records"), LEAS) as made:
        yield made
        assert made.bugs() == []


def moved(here: Town, first: str, last: str) -> dict[str, Any]:
    """A student who has gone from 01 to 6G."""
    return here.moved(child(first, last, "2011-03-14"), "01", "6G")


def courses(student: Mapping[str, Any], *, separator: str = ",") -> bytes:
    """A transcript's courses, as a student information system exports them."""
    name = student["legal_name"]
    head = "State Student ID,Last Name,First Name,DOB,School Year,Term,Course Number,Course Title,Grade,Credit"
    who = f"{student['ssid']},{name['last']},{name['first']},3/14/2011"
    lines = [f"{who},2024-25,S1,MA09,Algebra I,A-,0.5", f"{who},2024-25,S2,EN09,English 9,B+,.5"]
    text = "\r\n".join(["Transcript", head, *lines, "Total credits,,,,,,,,,1.0", ""])
    return text.replace(",", separator).encode("cp1252")


def lying(here: Town, lea: str, kind: str) -> list[Path]:
    return [path for path in here.exchange.inbox(lea) if f".{kind}." in path.name]


def test_the_courses_of_a_transcript_are_delivered_as_they_are(here: Town) -> None:
    student = moved(here, "Ana", "Zubiría")
    table = courses(student, separator=";")
    here["01"].send("transcript of a student.csv.pgp", table)
    tracking = here["01"].delivered("transcript of a student.csv.pgp")
    content, signer = here["6G"].read(tracking)
    assert content == table
    assert signer == here["01"].fingerprint
    assert here["6G"].inbox(tracking).name == f"{tracking}.student-record.pgp"
    here["01"].send("the same.csv.pgp", table)
    assert here["01"].receipt("the same.csv.pgp", "DELIVERED", "REFUSED", "DUPLICATE")["state"] == "DUPLICATE"


def test_a_workbook_with_a_sheet_for_each_part_is_one_record(here: Town) -> None:
    student = moved(here, "Bo", "Quist")
    here["01"].send("record.xlsx.pgp", record_tables.workbook(student))
    content, _ = here["6G"].read(here["01"].delivered("record.xlsx.pgp"))
    assert openpyxl.load_workbook(io.BytesIO(content)).sheetnames == ["Student", "Courses", "Attendance", "Assessments"]


def test_a_backpack_is_kept_and_follows_the_student(here: Town) -> None:
    student = here.moved(child("Cy", "Rask", "2011-03-14"), "01")
    here["01"].send("backpack.xlsx.pgp", record_tables.workbook(student, mode="replace"))
    kept = here["01"].receipt("backpack.xlsx.pgp", "APPLIED", "DELIVERED", "REFUSED", "HELD")
    assert (kept["state"], kept["packet"]["type"]) == ("APPLIED", "backpack")
    here["6G"].enroll(student, date="2026-10-05")
    (path,) = wait_until(lambda: lying(here, "6G", "backpack"), "the backpack at 6G")
    content, signer = here["6G"].read(path.name.partition(".")[0])
    assert signer == here["01"].fingerprint
    assert "Courses" in openpyxl.load_workbook(io.BytesIO(content)).sheetnames


def test_all_that_is_wrong_is_told_at_once_and_nothing_of_the_student(here: Town) -> None:
    student = moved(here, "Di", "Secretan")
    table = courses(student).replace(b"0.5", b"1/2/2024").replace(b"Algebra I", b"")
    here["01"].send("faulty.csv.pgp", table)
    refused = here["01"].refused("faulty.csv.pgp")
    told = json.dumps(refused)
    assert refused["code"] == "table-lines"
    assert 'line 3, column H \\"Course Title\\": must be filled in' in told
    assert 'line 3, column J \\"Credit\\": must be a number' in told
    assert "Secretan" not in told
    assert student["ssid"] not in told


def test_a_table_of_several_students_says_what_to_do(here: Town) -> None:
    students = [moved(here, "Eva", "Tveit"), moved(here, "Finn", "Ulv")]
    first, second = map(courses, students)
    here["01"].send("all.csv.pgp", first + b"\r\n".join(second.split(b"\r\n")[2:]))
    refused = here["01"].refused("all.csv.pgp")
    assert refused["code"] == "several-students"
    assert "a file for each student" in refused["means"]


def test_a_file_for_each_part_stands_beside_the_others_and_a_later_one_takes_its_place(here: Town) -> None:
    student = moved(here, "Gro", "Vinje")
    about, sender = record_tables.student_sheet(student), here["01"]

    def sent(name: str, **sheets: Any) -> str:
        sender.send(name, record_tables.book({"Student": about} | sheets))
        return sender.delivered(name)

    first = sent("courses.xlsx.pgp", Courses=record_tables.COURSES)
    beside = sent("attendance.xlsx.pgp", Attendance=record_tables.ATTENDANCE)
    assert here["6G"].has(first)
    second = sent("courses mended.xlsx.pgp", Courses=record_tables.COURSES[:2])
    wait_until(lambda: not here["6G"].has(first), "the first courses gone")
    assert here["6G"].has(beside)
    assert here["6G"].has(second)
    sent("all of it.xlsx.pgp", Courses=record_tables.COURSES, Attendance=record_tables.ATTENDANCE)
    wait_until(lambda: not here["6G"].has(beside) and not here["6G"].has(second), "the parts gone")
