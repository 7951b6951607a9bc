"""`satchel template`, from outside: filled in by other programs, it is a file that the exchange takes."""

import csv
import io
import json
import subprocess
from datetime import date
from pathlib import Path

import openpyxl

from broker.formats.ssid.columns import field_of
from tests.support.own_commands import alone, ok, sentence
from tests.support.tools import require_tool

MARK = "EXAMPLE: delete this line"
TODAY = f"REQ_6G_{date.today():%Y%m%d}_1.csv"


def verdict(at: Path, name: str, code: int) -> dict[str, object]:
    ended = alone("check", "--json", name, at=at)
    assert ended.returncode == code, ended
    return dict(json.loads(ended.stdout))


def test_the_csv_is_good_as_soon_as_the_example_is_written_over(tmp_path: Path) -> None:
    said = ok(alone("template", "ssid-request", "--csv", "--output", TODAY, at=tmp_path))
    assert said.startswith(f"{TODAY} has ")
    report = verdict(tmp_path, TODAY, 1)
    assert (report["verdict"], report["good"], report["faulty"]) == ("some", 0, 1)
    assert "the example of the template" in str(report["faults"])
    text = (tmp_path / TODAY).read_text("utf-8")
    (tmp_path / TODAY).write_text(text.replace(MARK, "Reyes"), "utf-8")
    assert verdict(tmp_path, TODAY, 0)["good"] == 1


def test_the_workbook_filled_in_and_saved_by_libreoffice_is_good(tmp_path: Path) -> None:
    soffice = require_tool("soffice")
    ok(alone("template", "ssid-request", at=tmp_path))
    book = openpyxl.load_workbook(tmp_path / "ssid-request.xlsx")
    sheet = book.worksheets[0]
    header = [cell.value for cell in sheet[1]]
    example = [cell.value for cell in sheet[2]]
    assert MARK in example
    for row, (last, number) in enumerate((("Reyes", "020419"), ("Holm", "000001234567890123")), 2):
        for column, cell in enumerate(example, 1):
            sheet.cell(row, column, cell)
        sheet.cell(row, header.index("Last Name") + 1, last)
        sheet.cell(row, header.index("Local Number") + 1, number)
        sheet.cell(row, header.index("Birth Date") + 1, f"03/0{row}/2012")
    book.save(tmp_path / "filled.xlsx")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    to_csv = "csv:Text - txt - csv (StarCalc):44,34,76,1"  # commas, quotation marks, UTF-8, from the first line on
    convert = [soffice, profile, "--headless", "--convert-to", to_csv, "filled.xlsx"]
    subprocess.run(convert, cwd=tmp_path, check=True, capture_output=True, timeout=240)
    (tmp_path / "filled.csv").rename(tmp_path / TODAY)
    assert verdict(tmp_path, TODAY, 0)["good"] == 2
    rows = list(csv.reader(io.StringIO((tmp_path / TODAY).read_text("utf-8"), newline="")))
    assert [row[header.index("Local Number")] for row in rows[1:3]] == ["020419", "000001234567890123"]


def test_the_workbook_has_lists_text_cells_and_a_page_of_explanations(tmp_path: Path) -> None:
    told = json.loads(ok(alone("template", "ssid-request", "--xlsx", "--json", "--out", "t.xlsx", at=tmp_path)))
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert book.sheetnames == ["SSID requests", "Explanations"]
    sheet, explained = book.worksheets
    header = [str(cell.value) for cell in sheet[1]]
    assert len(header) == told["columns"] == sum(bool(field_of(name)) for name in header)
    columns = [one for one in sheet.column_dimensions.values() if one.number_format == "@"]
    assert {number for one in columns for number in range(one.min, one.max + 1)} >= set(range(1, len(header) + 1))
    assert {cell.number_format for row in sheet.iter_rows(1, 2) for cell in row} == {"@"}
    offered = {}
    for one in sheet.data_validations.dataValidation:
        letter = str(one.sqref).split(":")[0].rstrip("0123456789")
        offered[sheet[f"{letter}1"].value] = one.formula1
    assert offered["Request Type"] == '"New,Retrieve,Update,Verify"'
    assert set(offered) == {"Request Type", "Gender", "Grade", "Programme", "Dual", "Military"}
    text = [str(cell.value) for row in explained.iter_rows() for cell in row if cell.value]
    assert [name for name in header if name not in text] == []
    assert any("social security number" in one for one in text)


def test_wrong_use_is_one_sentence_and_nothing_is_overwritten(tmp_path: Path) -> None:
    assert "there are: enrollment, ssid-request" in sentence(alone("template", "record-request", at=tmp_path), 2)
    sentence(alone("template", "ssid-request", "--csv", "--xlsx", at=tmp_path), 2)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine.csv").write_text("mine")
    assert "already there" in sentence(alone("template", "ssid-request", "--out", "mine.csv", at=tmp_path))
    assert (tmp_path / "mine.csv").read_text() == "mine"
