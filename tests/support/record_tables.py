"""Records of one student as tables: a workbook with a sheet for each part."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from openpyxl import Workbook

Sheets = Mapping[str, Iterable[Sequence[Any]]]

COURSES = [
    ["School Year", "Term", "Course Number", "Course Title", "Grade", "Credits Earned"],
    ["2024-25", "S1", "MA09", "Algebra I", "A-", 0.5],
    ["2024-25", "S2", "EN09", "English 9", "B+", 0.5],
]
ATTENDANCE = [
    ["School Year", "School", "Days Enrolled", "Days Present", "Excused", "Unexcused", "Tardies"],
    ["2025-26", "704", 180, 171, 6, 3, 2],
]
ASSESSMENTS = [
    ["Test Name", "Subject", "Grade Tested", "Test Date", "Scale Score", "Performance Level"],
    ["RISE", "Mathematics", "08", "4/21/2025", 431, "3"],
]


def book(sheets: Sheets, *, hidden: Sequence[str] = ()) -> bytes:
    """An .xlsx by openpyxl with these sheets."""
    made = Workbook()
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        sheet.sheet_state = "hidden" if name in hidden else "visible"
    del made[made.sheetnames[0]]
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def student_sheet(student: Mapping[str, Any], *, mode: str = "") -> list[list[Any]]:
    """The sheet about the student: the names of the columns, and one line."""
    name = student["legal_name"]
    rows: list[list[Any]] = [
        ["SSID", "Last Name", "First Name", "Birth Date", "Gender", "Grade Level", "Home Language"]
    ]
    rows.append([student["ssid"], name["last"], name["first"], student["birth_date"], "F", "09", "es"])
    if mode:
        rows[0].append("Mode")
        rows[1].append(mode)
    return rows


def workbook(student: Mapping[str, Any], *, mode: str = "") -> bytes:
    """The record of a student, a sheet for each part; a backpack with a `mode`."""
    about = student_sheet(student, mode=mode)
    return book({"Student": about, "Courses": COURSES, "Attendance": ATTENDANCE, "Assessments": ASSESSMENTS})
