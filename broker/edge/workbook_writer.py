"""Tables out as workbooks (.xlsx).

Owns the outside library `XlsxWriter`. Promises: every cell is text, so that no program takes one for a formula, a
number or an address; nothing is written to a disk on the way; the same cells make the same bytes.
"""

import io
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import xlsxwriter

from broker.core.page import Sheet

_OPTIONS = {
    "in_memory": True,  # else the library puts parts of it into temporary files
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
_MADE = datetime(2000, 1, 1, tzinfo=UTC)
_MEASURED = 200  # rows by which the widths are chosen
_WIDEST = 60  # characters
_NOTES = "Notes"
_HEAD = "#E9EDF2"  # behind the header of a copy to read
_MARK = "#FFE699"  # behind a line that is to be mended


def write(sheets: Iterable[tuple[str, Sequence[str], Iterable[Sequence[str]]]]) -> bytes:
    """A workbook of these sheets: the name, the header, the rows of each."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _OPTIONS) as book:
        book.set_properties({"created": _MADE})
        bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        for name, header, rows in sheets:
            sheet = book.add_worksheet(name)
            lines = iter(rows)
            first = list(islice(lines, _MEASURED))
            _widths(sheet, [header, *first], text)
            for column, title in enumerate(header):
                sheet.write_string(0, column, title, bold)
            sheet.freeze_panes(1, 0)
            for number, row in enumerate((*first, *lines), 1):
                for column, cell in enumerate(row):
                    sheet.write_string(number, column, cell, text)
    return out.getvalue()


def reading_copy(sheets: Iterable[Sheet]) -> bytes:
    """A workbook to read and to print: long texts are wrapped, and each sheet of paper repeats the header."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _OPTIONS) as book:
        book.set_properties({"created": _MADE})
        cell = {"num_format": "@", "text_wrap": True, "valign": "top"}
        text, bold = book.add_format(cell), book.add_format(cell | {"bold": True, "bg_color": _HEAD})
        for one in sheets:
            sheet = book.add_worksheet(one.name)
            _widths(sheet, [[_longest(cell) for cell in row] for row in (one.columns, *one.rows[:_MEASURED])], text)
            for number, row in enumerate((one.columns, *one.rows)):
                for column, content in enumerate(row):
                    sheet.write_string(number, column, content, text if number else bold)
            sheet.freeze_panes(1, 0)
            sheet.repeat_rows(0)
            sheet.set_landscape()
            sheet.fit_to_pages(1, 0)
    return out.getvalue()


def _longest(cell: str) -> str:
    return max(cell.split("\n"), key=len)


def given_back(
    name: str,
    rows: Sequence[tuple[int, Sequence[str]]],
    header: int,
    added: int,
    wrong: Collection[int],
    told: Sequence[str],
) -> bytes:
    """A workbook of one sheet whose rows have the numbers that they had, 1 for the first, and of a sheet with what is
    `told`. The header is the row of that number; the last `added` columns are marked in the rows that are `wrong`."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _OPTIONS) as book:
        book.set_properties({"created": _MADE})
        bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        marked = book.add_format({"num_format": "@", "bg_color": _MARK})
        sheet = book.add_worksheet(name)
        _widths(sheet, [cells for number, cells in rows if number >= header][:_MEASURED], text)
        sheet.freeze_panes(header, 0)
        for number, cells in rows:
            first = len(cells) - added
            for column, cell in enumerate(cells):
                is_marked = number in wrong and column >= first
                sheet.write_string(
                    number - 1, column, cell, bold if number == header else marked if is_marked else text
                )
        if told:
            notes = book.add_worksheet(_NOTES if name != _NOTES else f"{_NOTES} 2")
            _widths(notes, [(one,) for one in told], text)
            for number, one in enumerate(told):
                notes.write_string(number, 0, one, text)
    return out.getvalue()


def _widths(sheet: Any, rows: Sequence[Sequence[str]], text: Any) -> None:
    for column in range(max(map(len, rows), default=0)):
        longest = max(len(cells[column]) for cells in rows if column < len(cells))
        sheet.set_column(column, column, min(longest + 2, _WIDEST), text)
