"""One table out of text and workbooks: which sheet it is, what is told, and how places are named."""

import io
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from broker.core.errors import Refused
from broker.edge import workbook_writer
from broker.formats import sheets, table
from broker.formats.ssid import answer, columns
from broker.formats.ssid.answer import Answered
from tests.support import sheets as requests
from tests.support.sheets import HEADER
from tests.support.workbooks import made

COLUMNS = HEADER.split(",")
ANA: list[Any] = ["New", 2027, 1, 704, 445566, "Reyes-Ortiz", "Ana", date(2012, 3, 4), None]
BEN: list[Any] = ["Retrieve", "2026-27", "01", "704", "0445567", "Holm", "Ben", "08/30/2013", None]


def refused(content: bytes) -> Refused:
    return requests.refused(content)


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"), max_size=40)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8))
@example([("=1+1", "00771")])
@example([("_x0041_", "+1")])
@example([("1.23E+09", "https://a.example")])
def test_any_text_survives_the_way_through_a_workbook(rows: list[tuple[str, str]]) -> None:
    content = workbook_writer.write([("Students", ["Last Name", "First Name"], rows)])
    found = sheets.read(content, 100, columns.known_in)
    plain = [table.plain_cells(row) for row in rows]
    assert [row.cells for row in found.rows] == [row for row in plain if any(row)]
    assert [row.number for row in found.rows] == [at for at, row in enumerate(plain, 2) if any(row)]


def test_a_workbook_and_a_csv_of_the_same_students_are_the_same_request() -> None:
    lines = "New,2027,1,704,445566,Reyes-Ortiz,Ana,2012-03-04,", "Retrieve,2026-27,01,704,0445567,Holm,Ben,08/30/2013,"
    csv = "\n".join((HEADER, *lines))
    assert requests.read(made([COLUMNS, ANA, BEN]))["students"] == requests.read(csv)["students"]
    assert sheets.read(csv.encode(), 10, columns.known_in) == table.read(csv.encode(), 10)


def test_blank_rows_count_for_nothing_and_rows_keep_their_numbers() -> None:
    blank: list[list[Any]] = [[None, " "]] * 700
    content = made([["Roster of Lincoln, fall"], [], COLUMNS, *blank, ANA, *blank, BEN])
    found = sheets.read(content, 2, columns.known_in)
    assert (found.header.number, [row.number for row in found.rows]) == (3, [704, 1405])
    with pytest.raises(Refused) as caught:
        sheets.read(content, 1, columns.known_in)
    assert (caught.value.code, caught.value.pointer) == ("csv-form", 'sheet "Students" row 1405')


def test_places_are_those_that_the_program_shows() -> None:
    said = refused(made([[*COLUMNS, "Shoe size", "Hat size"], [*ANA, 44, 7]]))
    assert (said.code, said.pointer) == ("unknown-column", 'sheet "Students" row 1 column J, K')
    said = refused(made([COLUMNS, [*ANA[:5], "529-12-3456", "Ana", "2012-03-04"]]))
    assert (said.code, said.pointer) == ("has-ssn", 'sheet "Students" row 2 column F')
    assert requests.refused(f"{HEADER},Shoe size\n{requests.ANA},44\n").pointer == "line 1 column 10 (J)"


def test_a_number_that_may_not_be_held_is_found_beside_the_table_too() -> None:
    def aside(book: Workbook, _: object) -> None:
        book.create_sheet("Old").append(["SSN", "529-12-3456"])
        book["Old"].sheet_state = "hidden"

    said = refused(made([COLUMNS, ANA], aside))
    assert (said.code, said.pointer) == ("has-ssn", 'sheet "Old" row 1 column B')


def test_two_sheets_that_could_be_the_table_are_refused_by_name() -> None:
    def second(book: Workbook, _: object) -> None:
        book.create_sheet("Room 12").append(COLUMNS)

    said = refused(made([COLUMNS, ANA], second))
    assert said.code == "csv-form"
    assert '"Students" and "Room 12"' in said.hint


@pytest.mark.parametrize(("name", "is_hidden"), [("Instructions", False), ("Last year", True), ("Other", False)])
def test_other_sheets_are_passed_over_and_told(name: str, is_hidden: bool) -> None:
    def second(book: Workbook, _: object) -> None:
        other = book.create_sheet(name, 0)
        other.append(["Something else"] if name == "Other" else COLUMNS)
        other.sheet_state = "hidden" if is_hidden else "visible"

    found = sheets.read(made([COLUMNS, ANA], second), 10, columns.known_in)
    assert found.header.sheet == "Students"
    assert found.told == (f'The sheet "{name}" {"is hidden and " if is_hidden else ""}was not read.',)


def test_hidden_rows_are_read_and_told() -> None:
    def hide(_: object, sheet: Any) -> None:
        for row in (3, 4, 6):
            sheet.row_dimensions[row].hidden = True

    found = sheets.read(made([COLUMNS, *[ANA] * 6], hide), 10, columns.known_in)
    assert len(found.rows) == 6
    assert found.told == (
        "Rows 3 to 4 and 6 are hidden in your workbook, by a filter perhaps; what stands there was read all the same.",
    )
    assert answer.form_of(found) == f"xlsx\n{found.told[0]}"


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (lambda: made([]), "empty-document", "Nothing stands"),
        (lambda: made([["   "]]), "empty-document", "Nothing stands"),
        (lambda: made([["Students"]]), "csv-form", "no header line"),
        (lambda: made([COLUMNS]), "csv-form", "no line below"),
        (lambda: made([ANA, BEN]), "csv-form", "names of the columns"),
        (lambda: made([["x"] * 201]), "csv-form", "more than 200 columns"),
        (
            lambda: made(
                [COLUMNS, ANA], lambda book, sheet: [book.create_sheet("A"), setattr(sheet, "sheet_state", "hidden")]
            ),
            "csv-form",
            "is hidden: show it",
        ),
    ],
)
def test_a_workbook_without_a_table_says_what_it_lacks(content: Any, code: str, words: str) -> None:
    said = refused(content())
    assert said.code == code
    assert words in said.sentence


def test_a_cell_with_an_error_is_the_fault_of_its_row_alone() -> None:
    content = made([COLUMNS, ANA, [*ANA[:4], "#REF!", *ANA[5:]], [*ANA[:4], "=A1+1", *ANA[5:]]])
    sheet = requests.sheet(content)
    assert sheet.numbers == (2,)
    assert [one.line for one in sheet.unread] == [3, 4]
    assert [one.last_name for one in sheet.unread] == ["Reyes-Ortiz"] * 2
    assert "column E has an error of the spreadsheet" in sheet.unread[0].must
    assert "column E has a formula that was never calculated" in sheet.unread[1].must


def test_a_date_with_a_time_of_day_is_told_to_be_none() -> None:
    from datetime import datetime

    content = made([COLUMNS, [*ANA[:7], datetime(2012, 3, 4, 13, 30), None]])
    (unread,) = requests.sheet(content).unread
    assert "birth_date must be a date" in unread.must


def test_the_answer_has_the_cells_of_the_csv_as_text_and_says_what_is_told() -> None:
    line = Answered(2, "1000000019", "2027", "=Reyes", "Ana", "00771", "assigned", "", "", "")
    book = load_workbook(io.BytesIO(answer.table("xlsx\nRow 3 is hidden.", "REQ_01_20261123_1", [line])))
    assert book.sheetnames == ["Answer", "Notes"]
    header, cells = book["Answer"].iter_rows()
    assert (len(header), header[1].value) == (11, "SSID")
    assert [cell.value for cell in cells][:7] == [
        "00000002",
        "1000000019",
        "2027",
        "=Reyes",
        "Ana",
        "00771",
        "assigned",
    ]
    assert {cell.data_type for cell in cells if cell.value} == {"s"}
    assert book["Notes"]["A2"].value == "Row 3 is hidden."
    assert load_workbook(io.BytesIO(answer.table("xlsx", "x", [line]))).sheetnames == ["Answer"]
