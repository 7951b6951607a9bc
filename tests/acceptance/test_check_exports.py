"""`satchel check` of what a student information system exported: what would be sent, and what would come back where."""

import json
from pathlib import Path

from tests.support import edfi
from tests.support.edfi import stay, student, whole
from tests.support.own_commands import alone

CANARY = "Quenneville"


def test_a_zip_of_ed_fi_is_checked_as_the_exchange_would(tmp_path: Path) -> None:
    students = student("1", CANARY) + student("2", CANARY, born="2014-02-30") + student("3", CANARY, born="2029-01-01")
    content = edfi.together(students, stay("1") + stay("2") + stay("3") + stay("1").replace("Seventh", "Umpteenth"))
    (tmp_path / "export.zip").write_bytes(content)
    ended = alone("check", "--json", "--lea", "6G", "export.zip", at=tmp_path)
    report = json.loads(ended.stdout)
    assert CANARY not in ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert (report["verdict"], report["packet"], report["form"]) == ("some", "enrollment.v1", "a ZIP of Ed-Fi files")
    assert (report["students"], report["good"], report["faulty"], report["lea"]) == (4, 1, 3, "6G")
    assert [(one["place"], one["wrong"]) for one in report["faults"]] == [
        ("Student.xml/Student[2]/BirthData/BirthDate", "It must be a date, such as 2012-03-04."),
        ("StudentEnrollment.xml/StudentSchoolAssociation[3] (birth_date)", "It must not be a day to come."),
        (
            "StudentEnrollment.xml/StudentSchoolAssociation[4]/EntryGradeLevel",
            "It must be a grade that Ed-Fi lists, such as Kindergarten or Ninth grade.",
        ),
    ]


def test_a_student_interchange_alone_says_what_to_put_beside_it(tmp_path: Path) -> None:
    (tmp_path / "Student.xml").write_text(whole(student("1", CANARY), student("2", CANARY)))
    ended = alone("check", "Student.xml", at=tmp_path)
    assert ended.returncode == 1
    said = " ".join(ended.stdout.split())
    assert "2 students and no school" in said
    assert "one ZIP" in said
    assert "[sis-form]" in said
    assert CANARY not in said
