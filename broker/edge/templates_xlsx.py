"""A template as an Excel workbook: a sheet to fill in, and a page of explanations.

Owns the outside library `xlsxwriter` for templates. Promises: every cell that is filled in is text, so that no program
drops a leading zero or makes a date of a number; columns with a closed list of values offer it; the bytes are the same
on every day.
"""

import io
from datetime import UTC, datetime

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from broker.core.template import Field, Template

_MADE = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # the library writes it without a zone
_NARROWEST, _WIDEST = 10, 28  # letters
_EXPLAINED = (("Column", 22), ("Needed", 22), ("What it is", 70), ("Example", 26), ("Values", 34))


def workbook(template: Template) -> bytes:
    """The template as an .xlsx file."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": template.title, "created": _MADE})
        head = book.add_format({"bold": True, "num_format": "@", "bottom": 1})
        text = book.add_format({"num_format": "@"})
        for one in template.sheets or (template,):
            _fill(book.add_worksheet(one.title), one, head, text, book)
        _explain(
            book.add_worksheet("Explanations"), template, head, book.add_format({"text_wrap": True, "valign": "top"})
        )
    return out.getvalue()


def _fill(sheet: Worksheet, template: Template, head: Format, text: Format, book: xlsxwriter.Workbook) -> None:
    grey = book.add_format({"num_format": "@", "italic": True, "font_color": "#595959"})
    for at, one in enumerate(template.fields):
        width = min(max(len(one.name), len(one.example), _NARROWEST), _WIDEST)
        sheet.set_column(at, at, width + 2, text)
        sheet.write_string(0, at, one.name, head)
        sheet.write_string(1, at, one.example, grey) if one.example else sheet.write_blank(1, at, None, grey)
        if one.choices:
            sheet.data_validation(1, at, template.rows, at, _offer(one))
    sheet.freeze_panes(1, 0)


def _offer(field: Field) -> dict[str, object]:
    """The list of choices; a value outside it is told of at once."""
    return {
        "validate": "list",
        "source": list(field.choices),
        "error_title": field.name,
        "error_message": f"Choose one of: {', '.join(field.choices)}."[:255],
    }


def _explain(sheet: Worksheet, template: Template, head: Format, wrapped: Format) -> None:
    for at, (name, width) in enumerate(_EXPLAINED):
        sheet.set_column(at, at, width)
        sheet.write_string(len(template.notes) + 1, at, name, head)
    for row, note in enumerate(template.notes):
        sheet.write_string(row, 0, note)
    fields = [(f"{sheet.title}: {one.name}", one) for sheet in template.sheets for one in sheet.fields]
    for row, (name, one) in enumerate(fields or ((one.name, one) for one in template.fields), len(template.notes) + 2):
        for at, cell in enumerate((name, one.needed, one.says, one.example, ", ".join(one.choices))):
            sheet.write_string(row, at, cell, wrapped)
    sheet.freeze_panes(len(template.notes) + 2, 0)
