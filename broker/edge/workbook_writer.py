"""Tables out as workbooks (.xlsx).

Owns the outside library `XlsxWriter`. Promises: every cell is text, so that no program takes one for a formula, a
number or an address; nothing is written to a disk on the way; the same cells make the same bytes.
"""

import io
from collections.abc import Collection, Iterable, Mapping, Sequence
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
_NOTES, _EXPLAINED = "Notes", "Explanations"
_OF_NOTES = (30, 100)  # the widths of the two columns of explanations
_NARROWEST, _LINE_POINTS, _MOST_LINES = 10, 15, 27  # a row can be 409 points high
_MOST_MESSAGE = 255  # letters that a workbook takes as a message, or as the values of a list
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
    lists: Mapping[int, Sequence[str]],
) -> bytes:
    """A workbook of one sheet whose rows have the numbers that they had, 1 for the first, and of a sheet with what is
    `told`. The header is the row of that number; the last `added` columns are marked in the rows that are `wrong`;
    columns of `lists` offer these values below it, and take others, too."""
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
        for column, values in lists.items():
            sheet.data_validation(header, column, max(rows[-1][0] - 1, header), column, _offer(values))
        if told:
            notes = book.add_worksheet(_NOTES if name != _NOTES else f"{_NOTES} 2")
            _widths(notes, [(one,) for one in told], text)
            for number, one in enumerate(told):
                notes.write_string(number, 0, one, text)
    return out.getvalue()


def to_fill_in(
    name: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    filled: Collection[int],
    lists: Mapping[int, Sequence[Sequence[str]]],
    explained: Sequence[tuple[str, str]],
) -> bytes:
    """A workbook of one sheet for a person, whose columns `filled` are marked to be filled in, and of a sheet of
    explanations, in two columns. `lists` has for a column the values that each of the rows offers."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _OPTIONS) as book:
        book.set_properties({"created": _MADE})
        bold = book.add_format({"bold": True, "bottom": 1, "valign": "top"})
        told = {"num_format": "@", "text_wrap": True, "valign": "top"}
        text, marked = book.add_format(told), book.add_format({**told, "bg_color": _MARK, "border": 1})
        sheet = book.add_worksheet(name)
        wide = _wide([header, *rows], lists)
        for column, width in enumerate(wide):
            sheet.set_column(column, column, width, text)
            sheet.write_string(0, column, header[column], bold)
        for number, cells in enumerate(rows, 1):
            sheet.set_row(number, _high(cells, wide))
            for column, cell in enumerate(cells):
                own = marked if column in filled else text
                sheet.write_string(number, column, cell, own) if cell else sheet.write_blank(number, column, None, own)
        for column, offered in lists.items():
            for number, values in enumerate(offered, 1):
                sheet.data_validation(number, column, number, column, _offer(values))
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        notes = book.add_worksheet(_EXPLAINED)
        plain_bold = book.add_format({"bold": True, "valign": "top"})
        for column, width in enumerate(_OF_NOTES):
            notes.set_column(column, column, width, text)
        for number, line in enumerate(explained):
            notes.set_row(number, _high(line, _OF_NOTES))
            for column, cell in enumerate(line):
                notes.write_string(number, column, cell, text if column else plain_bold)
        notes.set_landscape()
        notes.fit_to_pages(1, 0)
    return out.getvalue()


def _wide(rows: Sequence[Sequence[str]], lists: Mapping[int, Sequence[Sequence[str]]]) -> list[int]:
    """The width of each column: that of its longest line, or value to choose, within bounds."""
    lines = ([max(map(len, cell.split("\n"))) for cell in cells] for cells in rows[:_MEASURED])
    wide = [max(column) for column in zip(*lines, strict=True)]
    for column, offered in lists.items():
        wide[column] = max(wide[column], *(len(one) for values in offered for one in values))
    return [min(max(width, _NARROWEST) + 2, _WIDEST) for width in wide]


def _high(cells: Sequence[str], wide: Sequence[int]) -> int:
    """The height of a row of wrapped cells: not every program finds it out by itself."""
    lines = (
        sum(-(-max(len(line), 1) // max(width - 4, 1)) for line in cell.split("\n"))
        for cell, width in zip(cells, wide, strict=True)
    )
    return _LINE_POINTS * min(max(lines), _MOST_LINES)


def _offer(values: Sequence[str]) -> dict[str, object]:
    """A list of values to choose from; another value is only warned of, because words of the same meaning are read as
    well."""
    return {
        "validate": "list",
        "source": _fitting(values),
        "error_type": "warning",
        "error_title": "Answer",
        "error_message": f"Choose one of: {', '.join(values)}."[:_MOST_MESSAGE],
    }


def _fitting(values: Sequence[str]) -> list[str]:
    """The values, or the last words of those that are many: a workbook takes a list of so many letters alone."""
    if len(",".join(values)) <= _MOST_MESSAGE:
        return list(values)
    short = [one.rpartition(" ")[2] for one in values]
    return [word if short.count(word) == 1 and len(word) == 1 else one for one, word in zip(values, short, strict=True)]


def _widths(sheet: Any, rows: Sequence[Sequence[str]], text: Any) -> None:
    for column in range(max(map(len, rows), default=0)):
        longest = max(len(cells[column]) for cells in rows if column < len(cells))
        sheet.set_column(column, column, min(longest + 2, _WIDEST), text)
