"""Tables of answers as a secretary has them: the workbook out of the inbox, filled in, and what comes back."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from tests.support.desk import Desk
from tests.support.exchange import wait_until
from tests.support.school_tables import ADDED

REVIEW, ACKNOWLEDGEMENT = "review-answer", "acknowledgement"


def first_sheet(content: bytes) -> Worksheet:
    """The sheet that is filled in."""
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert isinstance(sheet, Worksheet)
    return sheet


def rows_of(content: bytes) -> list[dict[str, str]]:
    """The lines of a workbook by the names of its columns."""
    header, *rows = ([str(cell or "") for cell in row] for row in first_sheet(content).iter_rows(values_only=True))
    return [dict(zip(header, row, strict=True)) for row in rows]


def csv_rows(content: bytes, separator: str = ",") -> list[dict[str, str]]:
    """The lines of a CSV by the names of its columns."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=separator))


def filled(content: bytes, answer: Callable[[dict[str, str]], str], column: str = "Answer") -> bytes:
    """The workbook with this column filled in, saved by openpyxl; '' leaves a cell empty."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    for number, row in enumerate(rows_of(content), 2):
        at = list(row).index(column) + 1
        sheet.cell(number, at).value = answer(row) or None
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def offered(content: bytes, row: int) -> list[str]:
    """What the column of answers offers in a row, 2 for the first line."""
    sheet = first_sheet(content)
    (at,) = (cell.column_letter for cell in sheet[1] if cell.value == "Answer")
    found = [one for one in sheet.data_validations.dataValidation if f"{at}{row}" in one.sqref]
    assert len(found) == 1, found
    return str(found[0].formula1).strip('"').split(",")


def tables(desk: Desk, kind: str, about: str = "") -> list[bytes]:
    """The workbooks and CSV of this type in the inbox, the oldest first; those that hold `about`."""
    lying = sorted(path.name for path in desk.exchange.inbox(desk.lea) if f".{kind}." in path.name)
    found = [desk.read(name.partition(".")[0])[0] for name in lying]
    return [one for one in found if about in json.dumps(_cells(one))]


def _cells(content: bytes) -> Any:
    return rows_of(content) if content[:2] == b"PK" else content.decode("utf-8-sig")


def asked(desk: Desk, about: str) -> bytes:
    """The newest workbook of questions that holds this text; waits for it."""
    found: list[bytes] = wait_until(lambda: tables(desk, REVIEW, about), f"a table of questions about {about}")
    return found[-1]


def send(desk: Desk, name: str, content: bytes, kind: str = REVIEW) -> bytes:
    """Seal a table of answers under this name, and take out of the inbox what comes back."""
    before = len(tables(desk, kind))
    desk.send(name, content)
    ended = desk.receipt(name, "APPLIED", "REFUSED", "DUPLICATE")
    assert (ended["state"], ended["packet"]["type"]) == ("APPLIED", kind), ended
    found: list[bytes] = wait_until(lambda: tables(desk, kind)[before:], f"the table {name} back")
    return found[0]


def said(row: Mapping[str, str]) -> tuple[str, ...]:
    """The four columns of a line."""
    return tuple(row[name] for name in ADDED)
