"""Tables out as workbooks (.xlsx).

Owns the outside library `XlsxWriter`. Promises: every cell is text, so that no program takes one for a formula, a
number or an address; nothing is written to a disk on the way; the same cells make the same bytes.
"""

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice

import xlsxwriter

_OPTIONS = {
    "in_memory": True,  # else the library puts parts of it into temporary files
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
_MADE = datetime(2000, 1, 1, tzinfo=UTC)
_MEASURED = 200  # rows by which the widths are chosen
_WIDEST = 60  # characters


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
            for column, title in enumerate(header):
                longest = max(map(len, (title, *(row[column] for row in first))))
                sheet.set_column(column, column, min(longest + 2, _WIDEST), text)
                sheet.write_string(0, column, title, bold)
            sheet.freeze_panes(1, 0)
            for number, row in enumerate((*first, *lines), 1):
                for column, cell in enumerate(row):
                    sheet.write_string(number, column, cell, text)
    return out.getvalue()
