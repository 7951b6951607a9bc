"""The templates of a student's record: every column that can be read is offered, and the examples are good."""

import csv
import io
from collections.abc import Callable

import openpyxl
import pytest

from broker.core.errors import Refused
from broker.core.files import table_ids
from broker.core.template import EXAMPLE, Field, Template
from broker.formats import templates
from broker.formats.cells import plain
from broker.formats.student_record import guide
from broker.formats.student_record.columns import OFFERED, PARTS, STUDENT, student_field
from tests.support.records_read import read

BOTH = [guide.student_record, guide.backpack]


@pytest.mark.parametrize("make", BOTH)
def test_every_column_of_every_part_is_on_its_sheet(make: Callable[[], Template]) -> None:
    about, *parts = make().sheets
    assert [one.title for one in parts] == [one.title for one in OFFERED]
    for sheet, part in zip(parts, OFFERED, strict=True):
        found = [part.fields[plain(one.name)] for one in sheet.fields]
        assert found == [name for name in part.columns if name != "term_id"]
        assert {part.fields[plain(one.name)] for one in sheet.fields if one.needed} == set(part.needed)
    named = [student_field(one.name) for one in about.fields]
    assert all(named)
    assert {name for name, one in STUDENT.items() if one.place[0] == "demographics"} <= set(named)


def fields() -> list[Field]:
    return [one for make in BOTH for sheet in (make(), *make().sheets) for one in sheet.fields]


def test_every_sentence_fits() -> None:
    assert all(one.says.endswith(".") for one in fields())
    assert all(len(",".join(one.choices)) <= 255 for one in fields())
    assert all(not one.choices or one.example in ("", *one.choices) for one in fields())


def filled(kind: str, *sheets: str) -> bytes:
    """The workbook with its mark written over on the sheet Student, and on these."""
    book = openpyxl.load_workbook(io.BytesIO(templates.FORMS["xlsx"](templates.TEMPLATES[kind]())))
    for name in ("Student", *sheets):
        for cell in book[name][2]:
            cell.value = "Reyes" if cell.value == EXAMPLE else cell.value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_the_examples_are_a_good_record_as_soon_as_the_mark_is_written_over() -> None:
    found = read(filled("student-record", "Courses", "Attendance", "Assessments"))
    assert found["packet"] == "student-record.v1"
    assert found["student"]["legal_name"] == {"first": "Ana", "last": "Reyes"}
    assert list(found["record"]) == ["demographics", "course_history", "section_attendance", "statewide_results"]


def test_an_example_that_was_left_as_it_is_is_not_taken() -> None:
    found = read(filled("backpack", "Courses"))
    assert (found["packet"], found["mode"]) == ("backpack.v1", "replace")
    assert list(found["record"]) == ["demographics", "course_history"]


def test_an_example_that_was_changed_in_part_is_told() -> None:
    book = openpyxl.load_workbook(io.BytesIO(filled("student-record", "Courses")))
    book["Attendance"]["A2"] = "2024-25"
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(Refused) as caught:
        read(out.getvalue())
    assert caught.value.code == "table-lines"
    assert caught.value.pointer == 'sheet "Attendance", row 2'


def test_the_csv_is_good_as_soon_as_the_mark_is_written_over() -> None:
    text = templates.as_csv(guide.backpack()).decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(text)))) == 2
    assert read(text.replace(EXAMPLE, "Reyes").encode())["packet"] == "backpack.v1"


def test_each_part_has_an_id_of_its_own() -> None:
    ids = [table_ids.made(f"student-record/{one.title}", "0" * 18, "0" * 6) for one in PARTS]
    assert len(set(ids)) == len(PARTS)
    assert all(table_ids.part_of(one) for one in ids)
    assert not table_ids.part_of(table_ids.made("student-record", "0" * 18, "0" * 6))
