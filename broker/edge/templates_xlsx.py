"""A template as an Excel workbook: a sheet to fill in, and a page of explanations.

Owns the outside library `xlsxwriter` for templates. Promises: every cell that is filled in is text, so that no program
drops a leading zero or makes a date of a number; columns with a closed list of values offer it; the bytes are the same
on every day.
"""

import io
from collections.abc import Sequence
from datetime import UTC, datetime

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from broker.core.template import Field, Template

_MADE = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # the library writes it without a zone
_NARROWEST, _WIDEST = 10, 28  # letters
_EXPLAINED = (("Column", 22), ("Needed", 24), ("What it is", 70), ("Example", 26), ("Values", 34))
_LINE_POINTS = 15
_NEEDED = "always"
_MARK = "#FFE699"
_COLOURED = "The columns with a yellow name are always needed."


def workbook(template: Template) -> bytes:
    """The template as an .xlsx file."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": template.title, "created": _MADE})
        for one in template.sheets or (template,):
            _fill(book.add_worksheet(one.title), one, book)
        _explain(book.add_worksheet("Explanations"), template, book)
    return out.getvalue()


def _fill(sheet: Worksheet, template: Template, book: xlsxwriter.Workbook) -> None:
    text = book.add_format({"num_format": "@"})
    head = book.add_format({"bold": True, "num_format": "@", "bottom": 1})
    needed = book.add_format({"bold": True, "num_format": "@", "bottom": 1, "bg_color": _MARK})
    grey = book.add_format({"num_format": "@", "italic": True, "font_color": "#595959"})
    for at, one in enumerate(template.fields):
        width = min(max(_NARROWEST, *map(len, (one.name, one.example, *one.choices))), _WIDEST)
        sheet.set_column(at, at, width + 2, text)
        sheet.write_string(0, at, one.name, needed if one.needed == _NEEDED else head)
        sheet.write_string(1, at, one.example, grey) if one.example else sheet.write_blank(1, at, None, grey)
        if one.choices:
            sheet.data_validation(1, at, template.rows, at, _offer(one))
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()


def _offer(field: Field) -> dict[str, object]:
    """The list of choices; a value outside it is told of at once."""
    return {
        "validate": "list",
        "source": list(field.choices),
        "error_title": field.name,
        "error_message": f"Choose one of: {', '.join(field.choices)}."[:255],
    }


def _explain(sheet: Worksheet, template: Template, book: xlsxwriter.Workbook) -> None:
    """The notes across all columns, and below them a line for each column. Heights are written, because not every
    program finds out by itself how high wrapped text is."""
    head = book.add_format({"bold": True, "num_format": "@", "bottom": 1})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    wide = [width for _, width in _EXPLAINED]
    notes = (*template.notes, _COLOURED)
    for row, note in enumerate(notes):
        sheet.merge_range(row, 0, row, len(wide) - 1, note, wrapped)
        sheet.set_row(row, _high((note,), (sum(wide),)))
    for at, (name, width) in enumerate(_EXPLAINED):
        sheet.set_column(at, at, width)
        sheet.write_string(len(notes) + 1, at, name, head)
    fields = [(f"{sheet.title}: {one.name}", one) for sheet in template.sheets for one in sheet.fields]
    for row, (name, one) in enumerate(fields or [(one.name, one) for one in template.fields], len(notes) + 2):
        cells = (name, one.needed, one.says, one.example, ", ".join(one.choices))
        sheet.set_row(row, _high(cells, wide))
        for at, cell in enumerate(cells):
            sheet.write_string(row, at, cell, wrapped)
    sheet.freeze_panes(len(notes) + 2, 0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _high(cells: Sequence[str], wide: Sequence[int]) -> int:
    lines = (-(-max(len(cell), 1) // max(width - 1, 1)) for cell, width in zip(cells, wide, strict=True))
    return _LINE_POINTS * max(lines)
