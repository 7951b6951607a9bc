"""Workbooks through the exchange: sealed as they are, answered as workbooks that LibreOffice opens."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.support.desk import Desk, Town, town
from tests.support.exchange import wait_until
from tests.support.ssid_requests import Line
from tests.support.workbooks import converted, made

HEADER = ["Request Type", "School Year", "School", "Student Number", "Last Name", "First Name", "Date of Birth"]
PEOPLE: list[list[Any]] = [
    ["New", 2027, 704, f"{number:05}", last, first, date(2010 + number % 6, 1 + number % 12, 3 + 2 * number)]
    for number, (last, first) in enumerate(
        [
            *[("Núñez", "Zoë"), ("Lindqvist", "Åsa"), ("O'Neil", "Tom"), ("Reyes-Ortiz", "Ana"), ("Holm", "Ben")],
            *[("Taufa", "Mele"), ("Vik", "Liv"), ("Berg", "Tova"), ("Lund", "Noah"), ("Begay", "Shandiin")],
            *[("Müller", "Jörg"), ("Nguyen", "Bao")],
        ]
    )
]
CSV_FOR_CALC = "csv:Text - txt - csv (StarCalc):44,34,76,1"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("books"), {"01": ("district", "cv25519")}) as made:
        yield made
        assert made.bugs() == []


def text() -> bytes:
    """The students as a script of a school writes them."""
    out = io.StringIO(newline="")
    rows = [[*row[:6], f"{row[6]:%m/%d/%Y}"] for row in PEOPLE]
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([HEADER, *rows])
    return out.getvalue().encode("cp1252")


def answered(desk: Desk, file: str, content: bytes) -> bytes:
    desk.send(file, content)
    ended = desk.receipt(file, "APPLIED", "REFUSED")
    assert ended["state"] == "APPLIED", ended
    (path,) = wait_until(
        lambda: [path for path in desk.exchange.inbox(desk.lea) if ".ssid." in path.name], f"the answer to {file}"
    )
    found = desk.read(path.name.partition(".")[0])[0]
    path.unlink()
    return found


def test_the_same_students_in_every_form_get_the_same_answers(here: Town, tmp_path: Path) -> None:
    desk, by_openpyxl = here["01"], made([HEADER, *PEOPLE])
    (tmp_path / "x").mkdir()
    forms = {
        "xlsx": converted(by_openpyxl, "xlsx", "xlsx:Calc MS Excel 2007 XML", tmp_path / "x"),
        "ods": converted(by_openpyxl, "xlsx", "ods", tmp_path),
        "xls": converted(by_openpyxl, "xlsx", "xls", tmp_path),
    }
    first = answered(desk, "REQ_01_20261123_1.csv.pgp", text()).decode("cp1252")
    wanted = [Line(*cells)[1:10] for cells in csv.reader(io.StringIO(first, newline=""), delimiter=";")]
    assert [cells[5] for cells in wanted] == ["assigned"] * len(PEOPLE)
    wanted = [(*cells[:5], "matched", "known-already", *cells[7:]) for cells in wanted]
    files = {"REQ_01_20261123_2.xlsx.pgp": by_openpyxl}
    files |= {f"REQ_01_20261123_{at}.{ending}.pgp": forms[ending] for at, ending in enumerate(forms, 3)}
    for file, content in files.items():
        answer = answered(desk, file, content)
        (tmp_path / file).mkdir()
        shown = converted(answer, "xlsx", CSV_FOR_CALC, tmp_path / file).decode()
        header, *rows = csv.reader(io.StringIO(shown, newline=""))
        assert header[1] == "SSID"
        assert [row[0] for row in rows] == [f"{number:08}" for number in range(2, len(PEOPLE) + 2)]
        assert [tuple(row[1:8]) for row in rows] == [cells[:7] for cells in wanted]
        assert {row[10] for row in rows} == {file.partition(".")[0]}


def test_marked_lines_of_a_workbook_are_mended_and_sent_again(here: Town) -> None:
    desk = here["01"]

    def hide(_: object, sheet: Any) -> None:
        sheet.row_dimensions[3].hidden = True

    good = ["New", 2027, 704, "=7&7", "Sato", "Emi", date(2012, 5, 6)]
    rows = [["Students of room 7"], HEADER, good, [*good[:3], "00800", "Mori", "Ken", "31/31/2012"]]
    book = load_workbook(io.BytesIO(answered(desk, "REQ_01_20261123_10.pgp", made(rows, hide))))
    first, second = book["Answer"].iter_rows(min_row=2, values_only=True)
    assert (first[0], first[6], first[7]) == ("00000003", "refused", "unreadable")
    assert "column D has a formula that was never calculated" in str(first[9])
    assert (second[0], second[5], second[8]) == ("00000004", "00800", "birth_date")
    assert str(book["Notes"]["A2"].value).startswith("Row 3 is hidden in your workbook")
    rows[2][3], rows[3][6] = "00801", date(2012, 12, 31)
    book = load_workbook(io.BytesIO(answered(desk, "REQ_01_20261123_11.pgp", made(rows))))
    assert [cells[6] for cells in book["Answer"].iter_rows(min_row=2, values_only=True)] == ["assigned"] * 2


def test_what_is_wrong_with_a_workbook_is_told_by_place(here: Town) -> None:
    desk = here["01"]
    files = {
        "REQ_01_20261123_20.xlsx.pgp": (made([[*HEADER, "SSN"], [*PEOPLE[0], "x"]]), "ssn-column"),
        "REQ_01_20261123_21.xlsx.pgp": (made([HEADER, *PEOPLE])[:4000], "workbook"),
        "REQ_01_20261399_1.xlsx.pgp": (made([HEADER, *PEOPLE]), "request-name"),
    }
    for file, (content, code) in files.items():
        desk.send(file, content)
        ended = desk.refused(file)
        assert ended["code"] == code
        if code == "ssn-column":
            assert ended["place"] == 'sheet "Students" row 1 column H'
