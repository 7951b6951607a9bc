"""The tables of a document as CSV files, and as the sheets of a workbook.

Owns their names and headers. Promises: pure; CSV is UTF-8 with a byte order mark (Excel needs it) and has the
document's own names as headers, for a program; a workbook has words as headers, for people, and a first sheet that
explains them; no spreadsheet takes a cell for a formula; a text that is too long for one cell goes on in the next
column.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count

from broker.core.page import Sheet as Written
from broker.formats.parent.attached import safe_name
from broker.formats.parent.term import Book, Term
from broker.formats.readable.other import WORDS
from broker.formats.readable.school import HEADER, RECORD
from broker.formats.readable.sheets import DOCUMENT, OF, ROW, Sheet
from broker.formats.readable.transcript import BOOK
from broker.formats.ssid.answer import safe

MOST_CELL = 16_000  # characters; Excel takes 32,767 units of two bytes
_NUMBER = re.compile(r"-[0-9]{1,20}(?:\.[0-9]{1,20})?")
_BAD = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,69}")
_SHEET_CHARS = 31
_TURNED = ("What", "Value")
_WORDS = "What the words mean"
_PARTS = {"first": "First name", "middle": "Middle name", "last": "Last name", "suffix": "Suffix"}


def csv_files(found: Iterable[Sheet], ssid: str = "") -> dict[str, bytes]:
    """A CSV for each table, by a name that is safe for a file. With an `ssid`, each row of each part says whose it
    is."""
    made: dict[str, bytes] = {}
    for sheet in found:
        first = ["ssid"] if ssid and sheet.name != DOCUMENT and "ssid" not in sheet.columns else []
        rows = ([*first, *sheet.columns], *([ssid] * len(first) + row for row in sheet.rows))
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\r\n").writerows(map(_harmless, row) for row in rows)
        made[_single(_file_name(sheet.name), made, 70)] = b"\xef\xbb\xbf" + out.getvalue().encode()
    return made


def _file_name(name: str) -> str:
    plain = name.replace(".", "-")
    return plain if _PLAIN.fullmatch(plain) else safe_name(f"{plain}.csv").removesuffix(".csv")


def _harmless(cell: str) -> str:
    return cell if _NUMBER.fullmatch(cell) else safe(cell)


def workbook(found: Sequence[Sheet]) -> list[Written]:
    """The sheets of a workbook: one for each table, and one with the words."""
    used: dict[Term, None] = {}
    made: dict[str, Written] = {}
    for sheet in found:
        labels = [_label(sheet.name, path, used) for path in sheet.columns]
        name = _single(_title(sheet.name), {one.casefold() for one in made}, _SHEET_CHARS)
        made[name] = Written(name, *_sheet(sheet, labels))
    meanings = sorted({(term.label, term.meaning) for term in used if term.meaning})
    words = Written(_WORDS, ("Word", "What it means"), tuple(meanings))
    return [*made.values(), *([words] if meanings else [])]


def _sheet(sheet: Sheet, labels: Sequence[str]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """A header and its rows; what stands only once is turned, because nobody reads forty columns of one row."""
    if sheet.name == DOCUMENT:
        return _fitted(_TURNED, [[label, cell] for label, cell in zip(labels, sheet.rows[0], strict=True)])
    return _fitted(labels, sheet.rows)


def _title(name: str) -> str:
    book = _book(name)
    return book.parts[name].heading if book else _plain(name.replace(".", " "))


def _plain(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _book(name: str) -> Book | None:
    return next((one for one in (RECORD, BOOK) if name in one.parts), None)


def _single(name: str, taken: Iterable[str], most: int) -> str:
    """The name as a sheet or file can have it, unlike those that are taken."""
    plain = _BAD.sub(" ", name).strip(" '")[:most].strip() or "Part"
    if plain.casefold() not in taken:
        return plain
    others = (f"{plain[: most - 4]} {number}" for number in count(2))
    return next(one for one in others if one.casefold() not in taken)


def _label(sheet: str, path: str, used: dict[Term, None]) -> str:
    """The words for a property: those of each step of its path."""
    if path == ROW:
        return "Row"
    if path.startswith(OF):
        return f"Row of {_title(path.removeprefix(OF))}"
    return ", ".join(_steps(sheet, path, used)) or path


def _steps(sheet: str, path: str, used: dict[Term, None]) -> Iterator[str]:
    fields: Mapping[str, Term] = HEADER
    below = sheet.split(".") if sheet != DOCUMENT else []
    for place, step in enumerate([*below, *path.split(".")]):
        book = _book(step) if fields is HEADER else None
        term = None if book else fields.get(step) or WORDS.get(step)
        if term:
            used[term] = None
        if place >= len(below):
            yield book.parts[step].heading if book else term.label if term else _PARTS.get(step, _plain(step))
        fields = _below(step, book, term)


def _below(step: str, book: Book | None, term: Term | None) -> Mapping[str, Term]:
    """The words for what stands in a property."""
    if step == "record":
        return HEADER
    of = book.parts[step].of if book else term.of if term and term.of else step if step == "student" else ""
    return BOOK.fields.get(of, {})


def _fitted(
    labels: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Each column as often as its longest cell needs."""
    needed = [max((len(row[at]) for row in rows), default=0) for at in range(len(labels))]
    times = [max(1, -(-length // MOST_CELL)) for length in needed]
    head = (
        f"{label} ({part})" if part > 1 else label
        for label, many in zip(labels, times, strict=True)
        for part in range(1, many + 1)
    )
    cut = (
        tuple(
            cell[part * MOST_CELL : (part + 1) * MOST_CELL]
            for cell, many in zip(row, times, strict=True)
            for part in range(many)
        )
        for row in rows
    )
    return tuple(head), tuple(cut)
