"""Contents that are no documents of the exchange, of every kind that a school may send by mistake.

Each with the words that tell its sender what it is. Made here as the programs make them: by the standard library, zip,
PDF by ReportLab, pictures by Pillow; workbooks in the members and streams by which they are known.
"""

import bz2
import gzip
import io
import json
import lzma
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from tests.support.tools import require_tool

RECORD = {
    "packet": "enrollment.v1",
    "from": "01",
    "students": [{"student": {"legal_name": {"first": "Zsófia", "last": "Quenneville"}, "birth_date": "2012-03-04"}}],
}
CSV = "Request Type,School,Last Name,First Name,Date of Birth\r\nNew,704,Quenneville,Zsófia,2012-03-04\r\n"
JSON = json.dumps(RECORD, ensure_ascii=False, indent=1)
_TYPES = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
_HTML = "<html><head><title>Export</title></head><body><table><tr><td>Ana</td></tr></table></body></html>"
_MAIL = (
    "Return-Path: <records@summit.example>\r\nReceived: by mail.example\r\nFrom: Records <records@summit.example>\r\n"
    "To: state@state.example\r\nSubject: the list\r\nDate: Mon, 23 Nov 2026 10:00:00 -0700\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/plain\r\n\r\nHere it is.\r\n"
)


def zipped(*members: tuple[str, str], stored: bool = False) -> bytes:
    """A ZIP archive of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as made:
        for name, text in members:
            made.writestr(name, text)
    return out.getvalue()


def workbook() -> bytes:
    """An Excel workbook, as far as its members are concerned."""
    sheet = "<worksheet><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>"
    parts = (("[Content_Types].xml", _TYPES), ("_rels/.rels", "<r/>"), ("xl/workbook.xml", "<workbook/>"))
    return zipped(*parts, ("xl/worksheets/sheet1.xml", sheet))


def locked_zip() -> bytes:
    """A ZIP archive with a password, made by `zip`."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "students.csv").write_text(CSV)
        subprocess.run([require_tool("zip"), "-q", "-P", "secret", "a.zip", "students.csv"], cwd=folder, check=True)
        return (Path(folder) / "a.zip").read_bytes()


def _compound(*streams: str) -> bytes:
    names = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", *streams))
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + names + bytes(512)


def _pdf() -> bytes:
    out = io.BytesIO()
    page = Canvas(out)
    page.drawString(72, 720, "Transcript")
    page.save()
    return out.getvalue()


def _picture(form: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (32, 32), (200, 10, 10)).save(out, form)
    return out.getvalue()


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        info = tarfile.TarInfo("students.csv")
        info.size = len(CSV.encode())
        made.addfile(info, io.BytesIO(CSV.encode()))
    return out.getvalue()


# what it is: how it is made, and what its sender reads
FORMS: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "xlsx": (workbook, "It is an Excel workbook (.xlsx)."),
    "xls": (lambda: _compound("Workbook"), "It is an Excel workbook (.xls)."),
    "xls of Excel 5": (lambda: _compound("Book"), "It is an Excel workbook (.xls)."),
    "xlsx with a password": (lambda: _compound("EncryptedPackage"), "It is an Office document with a password."),
    "xls that is HTML": (lambda: b"\r\n" + _HTML.encode(), "It is a web page (HTML)"),
    "xls that is XML": (
        lambda: (
            b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook xmlns="urn:schemas-microsoft'
            b'-com:office:spreadsheet"/>'
        ),
        "It is an Excel workbook, saved as XML.",
    ),
    "ods": (
        lambda: zipped(
            ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", "x"), stored=True
        ),
        "It is a LibreOffice workbook (.ods).",
    ),
    "numbers": (lambda: zipped(("Index/Document.iwa", "x")), "It is a document of a Mac"),
    "docx": (lambda: zipped(("word/document.xml", "x")), "It is a Word document (.docx)."),
    "doc": (lambda: _compound("WordDocument"), "It is a Word document (.doc)."),
    "odt": (lambda: zipped(("mimetype", "application/vnd.oasis.opendocument.text"), stored=True), "(.odt)."),
    "rtf": (lambda: b"{\\rtf1\\ansi Ana}", "It is a text document (.rtf)."),
    "pdf": (_pdf, "It is a PDF."),
    "png": (lambda: _picture("PNG"), "It is a picture (PNG)."),
    "jpeg": (lambda: _picture("JPEG"), "It is a picture (JPEG)."),
    "gif": (lambda: _picture("GIF"), "It is a picture (GIF)."),
    "tiff": (lambda: _picture("TIFF"), "It is a picture (TIFF)."),
    "bmp": (lambda: _picture("BMP"), "It is a picture (BMP)."),
    "webp": (lambda: _picture("WEBP"), "It is a picture (WebP)."),
    "heic": (lambda: b"\0\0\0\x18ftypheic" + bytes(40), "It is a picture (HEIC)."),
    "zip": (lambda: zipped(("students.csv", CSV)), "It is a ZIP archive."),
    "zip with a password": (locked_zip, "It is a ZIP archive with a password."),
    "gzip": (lambda: gzip.compress(CSV.encode()), "It is a compressed file (gzip)."),
    "bzip2": (lambda: bz2.compress(CSV.encode()), "It is a compressed file (bzip2)."),
    "xz": (lambda: lzma.compress(CSV.encode()), "It is a compressed file (xz)."),
    "7z": (lambda: b"7z\xbc\xaf\x27\x1c\0\4" + bytes(range(60)), "It is a 7-Zip archive (.7z)."),
    "rar": (lambda: b"Rar!\x1a\x07\x01\0" + bytes(range(60)), "It is a RAR archive."),
    "tar": (_tar, "It is a tar archive."),
    "html": (lambda: b"<!DOCTYPE html>\n" + _HTML.encode(), "It is a web page (HTML)"),
    "xhtml": (lambda: b'<?xml version="1.0"?><!-- a page --><html/>', "It is a web page (HTML)"),
    "mail": (_MAIL.encode, "It is an e-mail."),
    "msg": (lambda: _compound("__substg1.0_0037001F"), "It is an e-mail of Outlook (.msg)."),
    "database": (lambda: b"SQLite format 3\0" + bytes(90), "It is a database (SQLite)."),
    "access": (lambda: b"\0\1\0\0Standard ACE DB\0" + bytes(90), "It is an Access database (.accdb)."),
    "s/mime": (lambda: b"\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03" + bytes(90), "(S/MIME)."),
    "age": (lambda: b"age-encryption.org/v1\n-> X25519 abc\n" + bytes(range(128, 200)), "(age)."),
    "shortcut": (lambda: b"L\0\0\0\x01\x14\x02\0" + bytes(90), "It is a shortcut of Windows (.lnk)."),
    "program": (lambda: Path("/bin/true").read_bytes(), "It is a program."),
    "noise": (lambda: bytes((7 * n * n + 3) % 251 for n in range(4000)), "a form that the exchange does not know."),
}
# these are read, where they are whole
WORKBOOKS = frozenset({"xlsx", "xls", "xls of Excel 5", "ods"})
# JSON in encodings that are not read (a CSV may have any of them)
ENCODED: Mapping[str, tuple[Callable[[], bytes], str]] = {
    f"JSON in {name}": (lambda python=python: JSON.encode(python), f"It is text in {word}.")  # type: ignore[misc]
    for name, python, word in (
        ("UTF-16", "utf-16", "UTF-16"),
        ("UTF-16, no mark, little", "utf-16-le", "UTF-16"),
        ("UTF-16, no mark, big", "utf-16-be", "UTF-16"),
        ("UTF-32", "utf-32", "UTF-32"),
        ("UTF-32, no mark, little", "utf-32-le", "UTF-32"),
        ("UTF-32, no mark, big", "utf-32-be", "UTF-32"),
    )
}
EMPTY = {"nothing": b"", "a line end": b"\r\n", "blanks": b" \t\n \n", "a mark": b"\xef\xbb\xbf", "zeros": bytes(99)}
