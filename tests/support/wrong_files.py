"""Files that secretaries really send by mistake, each made as it comes about: by the program, or byte by byte.

`MADE` names each file, and makes it from a list that is good; nobody's cell of that list may stand in an answer.
"""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from broker.edge.pgp import openpgp
from tests.support import contents
from tests.support.own_computer import EXCHANGE, OWN
from tests.support.workbooks import converted, made

HEADER = ["Stu #", "Last Name", "First Name", "M/F", "Birth Date", "School", "Gr", "Enter Date", "Notes"]
GOOD = [
    ["20401", "Quenneville", "Zsófia", "F", "3/4/2012", "700", "09", "8/17/26", "peanut allergy"],
    ["20402", "Ødegaard", "Noah", "M", "11/30/2013", "700", "08", "8/17/26", ""],
    ["20403", "Lindqvist", "Tova", "F", "7/9/2014", "700", "07", "8/24/26", "lives with aunt"],
]
CELLS = [cell for row in GOOD for cell in (row[1], row[2], row[4], row[8]) if cell]
Rows = Sequence[Sequence[Any]]


def text(rows: Rows, separator: str = ",", encoding: str = "utf-8") -> bytes:
    """The rows as CSV."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode(encoding)


def listed(header: Sequence[str] = HEADER, rows: Rows = GOOD) -> bytes:
    """A list as CSV."""
    return text([header, *rows])


def typed(rows: Rows = GOOD) -> list[list[Any]]:
    """The rows as a spreadsheet has them: dates are dates."""
    return [[_day(cell) if place in (4, 7) else cell for place, cell in enumerate(row)] for row in rows]


def _day(cell: str) -> date:
    month, day, year = map(int, cell.split("/"))
    return date(year if year > 99 else 2000 + year, month, day)


def renamed(**names: str) -> list[str]:
    """The header, with other names of columns: `DOB="Born"` by the first word of the name."""
    return [names.get(one.partition(" ")[0].strip("#"), one) for one in HEADER]


def without(*columns: str) -> bytes:
    """The list without these columns."""
    kept = [place for place, name in enumerate(HEADER) if name not in columns]
    return text([[row[place] for place in kept] for row in (HEADER, *GOOD)])


def changed(column: str, *cells: str, header: str = "") -> bytes:
    """The list with other cells in a column, and perhaps another name for it."""
    at = HEADER.index(column)
    rows = [[*row[:at], cell, *row[at + 1 :]] for row, cell in zip(GOOD, cells, strict=True)]
    return text([[*HEADER[:at], header or column, *HEADER[at + 1 :]], *rows])


def swapped(*pairs: tuple[str, str]) -> bytes:
    """The list with the contents of columns exchanged below their names."""
    order = list(range(len(HEADER)))
    for one, other in pairs:
        a, b = HEADER.index(one), HEADER.index(other)
        order[a], order[b] = order[b], order[a]
    return listed(rows=[[row[place] for place in order] for row in GOOD])


def _merged_title(_: Workbook, sheet: Worksheet) -> None:
    sheet.insert_rows(1)
    sheet["A1"] = "Summit Charter: new students"
    sheet.merge_cells("A1:I1")


def _merged_cells(_: Workbook, sheet: Worksheet) -> None:
    sheet.merge_cells("F2:F4")


def _two_sheets(book: Workbook, sheet: Worksheet) -> None:
    sheet.title = "Grade 9"
    other = book.create_sheet("Grade 8")
    for row in (HEADER, *typed()):
        other.append(row)


def _protected(book: Workbook, sheet: Worksheet) -> None:
    sheet.protection.set_password("secret")
    book.security.workbookPassword = "secret"
    book.security.lockStructure = True


def _empty_rows(_: Workbook, sheet: Worksheet) -> None:
    for row in range(5, 706):
        sheet.cell(row, 1).fill = PatternFill("solid", fgColor="FFFF00")
    for place, cell in enumerate(typed()[0], 1):
        sheet.cell(706, place, cell)
    sheet.cell(706, 1, "20404")


def _filtered(_: Workbook, sheet: Worksheet) -> None:
    sheet.auto_filter.ref = "A1:I4"
    sheet.auto_filter.add_filter_column(6, ["09"])
    for row in (3, 4):
        sheet.row_dimensions[row].hidden = True


def _failed(_: Workbook, sheet: Worksheet) -> None:
    for cell, error in (("F2", "#REF!"), ("G3", "#N/A")):
        sheet[cell] = error
        sheet[cell].data_type = "e"


def _hidden_sheet(book: Workbook, sheet: Worksheet) -> None:
    sheet.sheet_state = "hidden"
    book.create_sheet("Cover")["A1"] = "Summit Charter"
    book.active = 1


def locked_ods() -> bytes:
    """An OpenDocument workbook with a password: its parts are unreadable, as its manifest says."""
    name = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    manifest = (
        f'<manifest:manifest xmlns:manifest="{name}"><manifest:file-entry manifest:full-path="content.xml"'
        ' manifest:media-type="text/xml" manifest:size="3000"><manifest:encryption-data manifest:checksum="x"/>'
        "</manifest:file-entry></manifest:manifest>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        file.writestr("content.xml", bytes((7 * n * n + 3) % 251 for n in range(3000)))
        file.writestr("META-INF/manifest.xml", manifest)
    return out.getvalue()


def owner_file() -> bytes:
    """What Excel lays beside a workbook while it is open (`~$list.xlsx`): who has it open."""
    name = "Records office"
    count = len(name)
    return bytes([count]) + name.encode().ljust(54) + bytes([count, 0]) + name.ljust(54).encode("utf-16-le")


def page() -> bytes:
    """A table as a web page, as systems export it under a name that ends in .xls."""
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in (HEADER, *GOOD))
    return f"<html><head><meta charset=utf-8></head><body><table>{rows}</table></body></html>".encode()


def spreadsheet_xml() -> bytes:
    """A workbook of Excel 2003, in XML."""
    cell = '<Cell><Data ss:Type="String">{}</Data></Cell>'
    rows = "".join(f"<Row>{''.join(cell.format(one) for one in row)}</Row>" for row in (HEADER, *GOOD))
    return (
        '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook xmlns="urn:schemas-microsoft-com:'
        'office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="Students">'
        f"<Table>{rows}</Table></Worksheet></Workbook>"
    ).encode()


_BOOK = [HEADER, *typed()]
_NAMED = [[row[0], f"{row[1]}, {row[2]}", *row[3:]] for row in GOOD]
_PLAIN = [[row[0], f"{row[2]} {row[1]}", *row[3:]] for row in GOOD]
_NAME_HEADER = ["Stu #", "Student Name", *HEADER[3:]]
_TITLES = [["Summit Charter School", *[""] * 8], ["New students", *[""] * 8], [""] * 9]
_TWO_ROWS = [
    ["Student", "Legal", "", "", "Birth", "", "", "Enter", ""],
    ["#", "Last Name", "First Name", "M/F", "Date", "School", "Gr", "Date", "Notes"],
]
_PIVOT = [["Row Labels", "Count of Stu #"], ["700", "3"], ["Grand Total", "3"]]
_GSHEET = {"url": "https://docs.google.com/open?id=1aBcD", "doc_id": "1aBcD", "email": "records@summit.example"}
_ANSWER = {
    "packet": "ssid.v1",
    "id": "01942f93-77c2-7b51-a8e0-3c5d9f1b2e46",
    "from": "exchange",
    "to": "6G",
    "students": [],
}

# what each is, and what came of it, stands in tests/vectors/wrong_files.toml
MADE: Mapping[str, Callable[[], bytes]] = {
    # the columns
    "other-names.csv": lambda: listed(["Nbr", "Pupil", "Called", "Sx", "Born", "Bldg", "Lvl", "Came", "Notes"]),
    "one-other-name.csv": lambda: listed(renamed(Enter="Came on")),
    "no-header.csv": lambda: text(GOOD),
    "no-school.csv": partial(without, "School"),
    "no-dates.csv": partial(without, "Enter Date"),
    "twelve-as-they-are.csv": partial(without, "School", "Enter Date"),
    "swapped.csv": partial(swapped, ("Birth Date", "School")),
    "names-swapped.csv": partial(swapped, ("Last Name", "First Name")),
    "shifted.csv": lambda: listed(rows=[["", *row] for row in GOOD]),
    "two-birth-dates.csv": lambda: text([[*HEADER, "DOB"], *([*row, "1/1/2012"] for row in GOOD)]),
    "header-in-row-4.csv": lambda: text([*_TITLES, HEADER, *GOOD]),
    "header-in-two-rows.csv": lambda: text([*_TWO_ROWS, *GOOD]),
    "units-below.csv": lambda: text(
        [HEADER, ["", "required", "required", "", "mm/dd/yyyy", "", "", "mm/dd/yyyy", ""], *GOOD]
    ),
    "turned.csv": lambda: text([*zip(HEADER, *GOOD, strict=True)]),
    "last-first.csv": lambda: listed(_NAME_HEADER, _NAMED),
    "first-last.csv": lambda: listed(_NAME_HEADER, _PLAIN),
    "trailing-comma.csv": lambda: text([[*HEADER, ""], *([*row, ""] for row in GOOD)]),
    "comma-too-many.csv": lambda: text([HEADER, *([*row, ""] for row in GOOD[:2]), [*GOOD[2][:2], "Jr", *GOOD[2][2:]]]),
    "one-column.csv": lambda: text([[";".join(row)] for row in (HEADER, *GOOD)]),
    "all-quoted.csv": lambda: b"".join(
        b'"' + line.replace(b'"', b'""') + b'"\r\n' for line in text([HEADER, *GOOD], ",").splitlines()
    ),
    # social security numbers
    "ssn.csv": lambda: changed("Notes", "529-12-3456", "529-12-3457", "", header="Soc. Sec. #"),
    "ssn-as-tax-number.csv": lambda: changed("Notes", "529-12-3456", "529-12-3457", "", header="Tax No"),
    "ssn-as-id.csv": lambda: changed("Stu #", "529-12-3456", "529-12-3457", "529-12-3458", header="ID"),
    "ssn-as-id-plain.csv": lambda: changed("Stu #", "529123456", "529123457", "529123458", header="ID"),
    # the lines
    "total.csv": lambda: text([HEADER, *GOOD, ["Total", "3", *[""] * 7]]),
    "duplicates.csv": lambda: listed(rows=[*GOOD, GOOD[0], GOOD[0]]),
    "blank-lines.csv": lambda: text([HEADER, *GOOD[:1], *[[""] * 9] * 700, *GOOD[1:]]),
    "header-only.csv": lambda: text([HEADER]),
    "dates-in-words.csv": lambda: changed("Birth Date", "March 4, 2012", "30 Nov 2013", "2014-07-09"),
    "dates-in-two-ways.csv": lambda: changed("Birth Date", "3/14/2012", "30/11/2013", "7/9/2014"),
    "no-such-day.csv": lambda: changed("Birth Date", "2/29/2013", "11/31/2013", "7/9/2014"),
    "dates-as-numbers.csv": lambda: changed("Birth Date", "40972", "41608", "41829"),
    "dates-unknown.csv": lambda: changed("Birth Date", "unknown", "n/a", "about 2014"),
    "shortened.csv": lambda: changed("Stu #", "2.04E+09", "2.04E+09", "2.04E+09"),
    "failed.csv": lambda: changed("School", "#REF!", "#N/A", "###"),
    # workbooks
    "merged-title.xlsx": lambda: made(_BOOK, _merged_title),
    "merged-cells.xlsx": lambda: made(_BOOK, _merged_cells),
    "two-sheets.xlsx": lambda: made(_BOOK, _two_sheets),
    "hidden-sheet.xlsx": lambda: made(_BOOK, _hidden_sheet),
    "protected.xlsx": lambda: made(_BOOK, _protected),
    "empty-rows.xlsx": lambda: made(_BOOK, _empty_rows),
    "filtered.xlsx": lambda: made(_BOOK, _filtered),
    "failed.xlsx": lambda: made(_BOOK, _failed),
    "pivot.xlsx": lambda: made(_PIVOT),
    "one-column.xlsx": lambda: made([[",".join(row)] for row in (HEADER, *GOOD)]),
    "empty.xlsx": lambda: made([]),
    "half.xlsx": lambda: made(_BOOK)[:-900],
    "password.xlsx": contents.FORMS["xlsx with a password"][0],
    "password.ods": locked_ods,
    # other files
    "list.numbers": contents.FORMS["numbers"][0],
    "list.docx": contents.FORMS["docx"][0],
    "list.pdf": contents.FORMS["pdf"][0],
    "screenshot.png": contents.FORMS["png"][0],
    "photo.heic": contents.FORMS["heic"][0],
    "page.xls": page,
    "page.csv": page,
    "old-excel.xls": spreadsheet_xml,
    "list.zip": lambda: contents.zipped(("list.csv", listed().decode())),
    "list.gsheet": lambda: json.dumps(_GSHEET).encode(),
    "~$list.xlsx": owner_file,
    ".~lock.list.ods#": lambda: (
        b",records,SUMMIT-PC,02.12.2026 09:12,file:///C:/Users/records/AppData/Roaming/LibreOffice/4;"
    ),
    "answer.json": lambda: json.dumps(_ANSWER).encode(),
    "list.csv.pgp": lambda: openpgp.seal(listed(), OWN.key, [EXCHANGE.public]),
    "empty.csv": lambda: b"",
    "utf-16.csv": lambda: text([HEADER, *GOOD], "\t", "utf-16"),
    "old-mac.csv": lambda: text([HEADER, *GOOD], ",", "mac_roman"),
    "lost-letters.csv": lambda: listed().decode().replace("Ødegaard", "\ufffddegaard").encode(),
    "lost-to-marks.csv": lambda: listed().decode().replace("ó", "?").replace("Ø", "?").encode("ascii"),
    "read-otherwise.csv": lambda: listed().decode("cp1252").encode(),
    "dos.csv": lambda: text([HEADER, *([*row[:1], "Núñez", *row[2:]] for row in GOOD)], ",", "cp437"),
}
# those that LibreOffice makes of others: of which, and in which form
BY_LIBREOFFICE: Mapping[str, tuple[str, str]] = {
    "saved-as-page.html": ("protected.xlsx", "html"),
    "saved-as-sylk.slk": ("protected.xlsx", "slk"),
    "saved-as-page.pdf": ("protected.xlsx", "pdf"),
    "saved-as-text.ods": ("protected.xlsx", "fods"),
    "filtered.xls": ("filtered.xlsx", "xls"),
    "merged-cells.ods": ("merged-cells.xlsx", "ods"),
}


def made_in(folder: Path) -> dict[str, bytes]:
    """All of these files; LibreOffice works in the folder."""
    made = {name: make() for name, make in MADE.items()}
    more = {name: converted(made[source], "xlsx", to, folder) for name, (source, to) in BY_LIBREOFFICE.items()}
    return made | more
