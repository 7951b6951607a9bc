"""Workbooks as programs make them, and ones that nobody would."""

import io
import subprocess
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.support.tools import require_tool

HEAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
TAIL = b"</sheetData></worksheet>"


def made(rows: Iterable[Sequence[Any]], change: Callable[[Workbook, Worksheet], object] | None = None) -> bytes:
    """An .xlsx by openpyxl with these rows in its sheet `Students`."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Students"
    for row in rows:
        sheet.append(row)
    if change is not None:
        change(book, sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def text_of(content: bytes) -> str:
    """All that a workbook says and offers, sheet by sheet."""
    sheets = load_workbook(io.BytesIO(content)).worksheets
    cells = ["\t".join(str(cell or "") for cell in row) for one in sheets for row in one.iter_rows(values_only=True)]
    offered = [f"{rule.sqref}: {rule.formula1}" for one in sheets for rule in one.data_validations.dataValidation]
    return "\n".join([*cells, *offered])


def converted(content: bytes, ending: str, to: str, folder: Path, *more: str) -> bytes:
    """The file as LibreOffice saves it in another form; `to` is an ending, or an ending with a filter."""
    source = folder / f"source.{ending}"
    source.write_bytes(content)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    words = [require_tool("soffice"), profile, "--headless", "--convert-to", to, "--outdir", str(folder / "out")]
    subprocess.run([*words, *more, str(source)], check=True, capture_output=True, timeout=240)
    return (folder / "out" / f"source.{to.partition(':')[0]}").read_bytes()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """The workbook with another part in the place of this one."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for one in before.infolist():
            after.writestr(one.filename, part if one.filename == name else before.read(one))
    return out.getvalue()


def with_sheet(cells: bytes) -> bytes:
    """A workbook whose one sheet has this XML within its rows."""
    return with_part(made([]), "xl/worksheets/sheet1.xml", HEAD + cells + TAIL)


def opendocument(rows: str) -> bytes:
    """An .ods with this XML as the rows of its one sheet."""
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f"<office:document-content {spaces}><office:body><office:spreadsheet>"
        f'<table:table table:name="Students">{rows}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        made.writestr("content.xml", content)
        made.writestr("META-INF/manifest.xml", "<manifest/>")
    return out.getvalue()
