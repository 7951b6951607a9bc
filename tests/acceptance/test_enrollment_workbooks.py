"""A list as a workbook: it is answered as the CSV of a script is, and comes back as a workbook to be mended."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from tests.support import workbooks
from tests.support.desk import Desk, Town, town
from tests.support.school_tables import ADDED, Back, send

LEAS = {"01": ("district", "cv25519"), "02": ("district", "cv25519"), "6G": ("charter", "cv25519")}
NAMES = ["Abara", "Borg", "Calder", "Dahl", "Eke", "Fern", "Glas", "Holm", "Ives", "Juhl", "Kern", "Lund"]
HEADER = ["Stu #", "Legal Surname", "First Name", "M/F", "Birthdate", "School", "Gr", "Enter Date", "Notes"]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("workbooks"), LEAS) as made:
        yield made
        assert made.bugs() == []


def twelve(first: str, year: int) -> list[list[str]]:
    """A title, the header, twelve students of whom two have a fault, and a line of totals."""
    rows = [
        [f"0{n}", f"{name}{first[:2].lower()}ñ", first, "F", f"{n % 9 + 1}/{n + 13}/{year}", "700", "08", "8/17/26", ""]
        for n, name in enumerate(NAMES, 1)
    ]
    rows[3][4], rows[7][5] = f"2/30/{year}", ""
    return [["Summit Charter: new students"], HEADER, *rows, ["Total: 12"]]


def of_script(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode("cp1252")


def of_openpyxl(rows: list[list[str]]) -> bytes:
    """With dates as dates, where they are some."""

    def cell(column: int, text: str) -> str | date:
        if column not in (4, 7) or "/" not in text or text.startswith("2/30"):
            return text
        month, day, year = map(int, text.split("/"))
        return date(2000 + year % 100, month, day)

    return workbooks.made([[cell(n, text) for n, text in enumerate(row)] for row in rows])


def told(rows: list[list[str]]) -> list[tuple[str, str, str]]:
    """Of each student's line the status, and what is wrong and to be done, without the names of the columns' places."""
    return [(row[-4], row[-2], row[-1]) for row in rows if row[0].isdigit()]


def table_of(content: bytes) -> list[list[str]]:
    (sheet, *_) = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    return [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]


def sent(desk: Desk, name: str, content: bytes) -> list[list[str]]:
    return table_of(send(desk, name, content).table)


def test_one_list_in_three_forms_has_the_same_answers(here: Town, tmp_path: Path) -> None:
    back: Back = send(here["01"], "list.csv.pgp", of_script(twelve("Zoë", 2012)))
    as_csv = back.rows("cp1252", ";")
    as_xlsx = sent(here["02"], "new students.xlsx.pgp", of_openpyxl(twelve("Ívar", 2010)))
    calc = workbooks.converted(
        of_script(twelve("Tova", 2014)), "csv", "ods", tmp_path, "--infilter=CSV:59,34,1252,,,,false,false"
    )
    as_calc = sent(here["6G"], "list.pgp", calc)
    assert told(as_csv) == told(as_xlsx) == told(as_calc)
    assert [one[0] for one in told(as_csv)] == ["refused" if n in (3, 7) else "assigned" for n in range(12)]
    assert as_csv[1][-4:] == as_xlsx[1][-4:] == as_calc[1][-4:] == list(ADDED)


def test_the_workbook_that_came_back_is_mended_in_place_and_accepted_whole(here: Town, tmp_path: Path) -> None:
    content = send(here["6G"], "fall.xlsx.pgp", of_openpyxl(twelve("Mei", 2009))).table
    seen = workbooks.converted(content, "xlsx", "csv:Text - txt - csv (StarCalc):44,34,76", tmp_path).decode()
    assert all(name in seen for name in ADDED)
    assert "04,Dahlmeñ" in seen  # zeros in front stay
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    marked = [row[-1].row for row in sheet.iter_rows() if row[-1].fill.fgColor.rgb == "FFFFE699"]
    assert marked == [6, 10]
    sheet["E6"], sheet["F10"] = "2/28/2009", "700"
    out = io.BytesIO()
    book.save(out)
    again = sent(here["6G"], "fall.xlsx.pgp", out.getvalue())
    assert {one[0] for one in told(again)} == {"matched", "assigned"}
    assert [len(row) for row in again] == [13] * 15
    assert [row[-3] for row in again if row[0].isdigit() and len(row[-3]) != 10] == []
