"""Workbooks by openpyxl and LibreOffice, and hostile ones, as they are read."""

import io
import random
import resource
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from broker.core.errors import Refused
from broker.edge import workbook_writer, workbooks
from tests.support.workbooks import converted, made, opendocument, with_part, with_sheet

VALUES: list[tuple[Any, str]] = [
    (771, "771"),
    (771000.0, "771000"),
    (999_999_999_999_999, "999999999999999"),
    ("00771", "00771"),
    ("1E5", "1E5"),
    (date(2012, 3, 4), "2012-03-04"),
    (datetime(2012, 3, 4, 13, 30), "2012-03-04 13:30:00"),
    (time(4, 5), "04:05:00"),
    (0.5, "0.5"),
    (0.1 + 0.2, "0.3"),
    (1e-7, "0.0000001"),
    (-12.25, "-12.25"),
    ("Núñez & <Söhne>", "Núñez & <Söhne>"),
    ("#REF!", ""),  # openpyxl writes it as an error
]


@pytest.fixture(scope="module")
def by_form(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One workbook with all values, a hidden row and a hidden sheet, by each program in each form."""

    def change(book: Workbook, sheet: Any) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.append(["formula", "=B1+1"])
        sheet.append(["broken", "=1/0"])
        aside = book.create_sheet("Lists")
        aside.sheet_state = "hidden"
        aside.append(["Entry codes"])

    content = made([[f"row {number}", value] for number, (value, _) in enumerate(VALUES, 1)], change)
    forms = {"xlsx by openpyxl": content}
    for ending in ("xlsx", "ods", "xls"):
        folder = tmp_path_factory.mktemp(ending)
        forms[ending] = converted(content, "xlsx", ending, folder)
    return forms


@pytest.mark.parametrize("form", ["xlsx by openpyxl", "xlsx", "ods", "xls"])
def test_values_are_as_a_person_types_them(by_form: dict[str, bytes], form: str) -> None:
    students, lists = workbooks.read(by_form[form])
    assert (students.name, students.is_hidden, lists.name, lists.is_hidden) == ("Students", False, "Lists", True)
    assert lists.rows == ((1, ("Entry codes",)),)
    assert [cells[1] for _, cells in students.rows[: len(VALUES)]] == [text for _, text in VALUES]
    assert list(students.hidden) == [3]
    last = len(VALUES)
    if form == "xlsx by openpyxl":  # it calculates nothing
        assert "never calculated" in students.faults[last + 1, 2]
        assert "never calculated" in students.faults[last + 2, 2]
    else:
        assert students.rows[last] == (last + 1, ("formula", "772"))
        assert students.faults.keys() == {(last, 2), (last + 2, 2)}
    assert "error of the spreadsheet" in students.faults[last, 2]


@pytest.mark.parametrize("form", ["ods", "xls", "xlsx:Calc MS Excel 2007 XML"])
def test_a_number_whose_digits_are_lost_is_a_fault(form: str, tmp_path: Path) -> None:
    content = converted(made([["a", 1234567890123456789]]), "xlsx", form, tmp_path)
    (sheet,) = workbooks.read(content)
    assert "more than 15 digits" in sheet.faults[1, 2]


@pytest.mark.parametrize("form", ["", "xlsx:Calc MS Excel 2007 XML"])
def test_zeros_that_a_format_shows_are_kept(form: str, tmp_path: Path) -> None:
    def change(_: object, sheet: Any) -> None:
        sheet["A1"].number_format = sheet["A2"].number_format = "00000"
        sheet["B1"].number_format = "0.00"

    content = made([[771, 771, 771], ["771", 1, 2], [5, 6, 7]], change)
    (sheet,) = workbooks.read(converted(content, "xlsx", form, tmp_path) if form else content)
    assert [cells for _, cells in sheet.rows] == [("00771", "771", "771"), ("771", "1", "2"), ("5", "6", "7")]


def test_a_sheet_of_a_million_formatted_blank_rows_has_the_rows_that_say_something() -> None:
    blank = b"".join(
        b'<row r="%d"><c r="A%d" s="1"/><c r="B%d" s="1" /></row>' % (n, n, n) for n in range(3, 1_000_000)
    )
    rows = b'<row r="2"><c r="A2"><v>7</v></c><c r="B2" s="1"/></row>' + blank
    (sheet,) = workbooks.read(with_sheet(rows))
    assert sheet.rows == ((2, ("7",)),)
    end = (
        '<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="9999"/>'
    )
    first = '<table:table-row><table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell>'
    (sheet,) = workbooks.read(opendocument(f"{first}</table:table-row>{end}</table:table-row>"))
    assert sheet.rows == ((1, ("x",)),)


def _repeated(rows: int, columns: int, text: str = "x") -> bytes:
    cell = f'<table:table-cell table:number-columns-repeated="{columns}" office:value-type="string"><text:p>{text}'
    return opendocument(
        f'<table:table-row table:number-rows-repeated="{rows}">{cell}</text:p></table:table-cell></table:table-row>'
    )


def _two_names() -> bytes:
    content = io.BytesIO(made([["a"]]))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(content, "a") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    return content.getvalue()


def _many_parts() -> bytes:
    content = io.BytesIO(made([["a"]]))
    with zipfile.ZipFile(content, "a") as archive:
        for number in range(5000):
            archive.writestr(f"xl/x{number}.xml", "<x/>")
    return content.getvalue()


def _shared(content: bytes = b"x" * 30_000) -> bytes:
    cells = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (n, n) for n in range(1, 10_000))
    made = with_part(workbook_writer.write([("S", ["a"], [])]), "xl/worksheets/sheet1.xml", _sheet(cells))
    return with_part(made, "xl/sharedStrings.xml", b"<sst><si><t>" + content + b"</t></si></sst>")


def _sheet(cells: bytes) -> bytes:
    return zipfile.ZipFile(io.BytesIO(with_sheet(cells))).read("xl/worksheets/sheet1.xml")


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a bomb": (lambda: with_sheet(b" " * 300_000_000), "inflates-too-much"),
    "many values": (lambda: with_sheet(b"<x>" + b"y" * 70_000_000 + b"</x>"), "inflates-too-much"),
    "two far corners": (
        lambda: with_sheet(
            b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        ),
        "inflates-too-much",
    ),
    "a billion cells": (lambda: _repeated(1_000_000, 1_000), "inflates-too-much"),
    "rows without end": (lambda: _repeated(10**18, 1), "inflates-too-much"),
    "a text a million times": (lambda: _repeated(1_000_000, 1, "x" * 1000), "inflates-too-much"),
    "a text ten thousand times": (_shared, "inflates-too-much"),
    "an entity": (
        lambda: with_part(made([]), "xl/worksheets/sheet1.xml", b'<!DOCTYPE x [<!ENTITY a "aa">]>' + _sheet(b"")),
        "xml-unsafe",
    ),
    "an entity of strings": (lambda: _shared(b"<!ENTITY"), "xml-unsafe"),
    "an entity in wide letters": (
        lambda: with_part(made([]), "xl/worksheets/sheet1.xml", '<!DOCTYPE x [<!ENTITY a "aa">]><x/>'.encode("utf-16")),
        "workbook",
    ),
    "names without end": (
        lambda: with_sheet(b"<row " + b" ".join(b'a%d="1"' % n for n in range(100_000)) + b"/>"),
        "inflates-too-much",
    ),
    "a place that is none": (lambda: with_sheet(b'<row r="1"><c r="A"><v>1</v></c></row>'), "workbook"),
    "a row that is none": (lambda: with_sheet(b'<row r="x"><c><v>1</v></c></row>'), "workbook"),
    "broken XML": (lambda: with_sheet(b"<row>"), "workbook"),
    "two parts of a name": (_two_names, "workbook"),
    "too many parts": (_many_parts, "inflates-too-much"),
    "half a file": (lambda: made([["a"] * 50] * 50)[:3000], "workbook"),
    "no workbook in it": (lambda: with_part(made([]), "xl/workbook.xml", b""), "workbook"),
    "a compound file of nothing": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000), "workbook"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_workbook_is_refused_before_it_costs_anything(name: str) -> None:
    make, code = HOSTILE[name]
    content = make()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    with pytest.raises(Refused) as caught:
        workbooks.read(content)
    assert caught.value.code == code
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 20  # of processor time: a bound, not a measure


@pytest.mark.parametrize("form", ["xlsx by openpyxl", "ods", "xls"])
def test_a_damaged_workbook_is_refused_or_read_and_nothing_else(by_form: dict[str, bytes], form: str) -> None:
    rng = random.Random(form)
    content, found = by_form[form], set[str]()
    for _ in range(300):
        broken = bytearray(content)
        for _ in range(rng.choice((1, 4, 40))):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        cut = bytes(broken[: rng.choice((len(broken), len(broken), rng.randrange(len(broken))))])
        try:
            workbooks.read(cut)
        except Refused as refused:
            found.add(refused.code)
    assert found <= {"workbook", "inflates-too-much", "xml-unsafe", "not-a-document"}
    assert "workbook" in found


def _locked_ods(content: bytes) -> bytes:
    manifest = (
        b"<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>"
    )
    return with_part(with_part(content, "content.xml", bytes(range(256))), "META-INF/manifest.xml", manifest)


def _locked_xls(content: bytes) -> bytes:
    """With the record that begins what is encrypted right behind the workbook's beginning."""
    at = content.index(b"\x09\x08\x10\x00\x00\x06\x05\x00") + 20
    return content[:at] + b"\x2f\0" + content[at + 2 :]


@pytest.mark.parametrize(("form", "lock"), [("ods", _locked_ods), ("xls", _locked_xls)])
def test_a_workbook_with_a_password_is_told(
    by_form: dict[str, bytes], form: str, lock: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(Refused) as caught:
        workbooks.read(lock(by_form[form]))
    assert caught.value.code == "not-a-document"
    assert "Take the password off" in caught.value.hint


def test_what_is_written_is_read_again_by_other_programs(tmp_path: Path) -> None:
    rows = [("00000002", "1000000019", "=1+1", "'x", " two\nlines ", "_x000D_", "https://x.example", "+1", "")]
    header = [f"column {number}" for number in range(9)]
    content = workbook_writer.write([("Answer", header, rows), ("Notes", ("About",), [("all well",)])])
    assert content == workbook_writer.write([("Answer", header, rows), ("Notes", ("About",), [("all well",)])])
    book = load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Answer", "Notes"]
    assert [cell.value or "" for cell in book["Answer"][2]][:5] == list(rows[0][:5])
    assert {cell.data_type for cell in book["Answer"][2]} <= {"s", "n"}
    assert [width.width > 8 for width in book["Answer"].column_dimensions.values()]
    csv = converted(content, "xlsx", "csv:Text - txt - csv (StarCalc):44,34,76,1", tmp_path).decode()
    assert '"00000002","1000000019","=1+1","\'x"' in csv
    answer, _ = workbooks.read(content)
    assert answer.rows[1] == (2, rows[0])
