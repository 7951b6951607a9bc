"""Workbooks (.xlsx, .xls, .ods) in, sheets of plain cells out.

Owns the outside library `python-calamine`. Promises: what a workbook would become is bounded before the library sees
it, and the library gets nothing but the parts that were looked at; a formula gives its last value; a date is ISO 8601,
with its time only where that is not midnight; a number is written as a person types it; a cell that is merged with the
one above it has the value of that one; a cell with an error is told and never taken for a blank one. No refusal holds a
cell.
"""

import io
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import python_calamine as calamine

from broker.core.errors import Refused
from broker.core.files import workbook_cells, workbook_xls, workbook_zip
from broker.core.files.workbook_cells import MOST_CELLS, Seen
from broker.core.files.workbook_zip import DAMAGED

Value = object
_MOST_MERGED = 100_000  # cells that are merged with the one above them
_ZIP = b"PK\x03\x04"
_RELATION = re.compile(r"<(?:\w+:)?Relationship\s[^<>]{0,2000}>")
_SHEET = re.compile(r"<(?:\w+:)?sheet\s[^<>]{0,2000}>")
_ATTRIBUTE = re.compile(r"""([\w:]{1,40})\s*=\s*(?:"([^"]*)"|'([^']*)')""")


@dataclass(frozen=True, slots=True, repr=False)
class Sheet:
    """One sheet. `rows` are those in which anything stands, by their number as the program shows it; each begins in the
    first column. `faults` says of a cell, by row and column from 1, why it has no value; `hidden` are rows that are
    hidden, mostly by a filter. Repr hidden."""

    name: str
    is_hidden: bool
    rows: tuple[tuple[int, tuple[str, ...]], ...] = ()
    faults: Mapping[tuple[int, int], str] = field(default_factory=dict)
    hidden: Sequence[int] = ()


def read(content: bytes) -> tuple[Sheet, ...]:
    """The sheets, in order. Raises Refused: `workbook` for a damaged one, `inflates-too-much`, `xml-unsafe`, and
    `not-a-document` for one with a password."""
    if content.startswith(_ZIP):
        checked, seen = _zipped(content)
    else:
        checked, seen = content, dict(enumerate(workbook_xls.of_xls(content)))
    if sum((one.rows - one.first_row + 1) * one.columns for one in seen.values()) > MOST_CELLS:
        raise Refused("inflates-too-much", "", f"A workbook may have {MOST_CELLS:,} cells in all its sheets.")
    try:
        return tuple(_sheets(checked, seen))
    except (calamine.CalamineError, OSError, ValueError, OverflowError):
        raise Refused("workbook", "", DAMAGED) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # the library's own faults do not derive from Exception
            raise
        raise Refused("workbook", "", DAMAGED) from None


def text_of(value: Value) -> str:
    """A value as a person types it: 771 and not 771.0, 2012-03-04, TRUE."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return (
            str(int(value))
            if value == int(value)
            else f"{value:.15g}"
            if abs(value) > 1e-4
            else f"{value:.18f}".rstrip("0")
        )
    if isinstance(value, datetime):
        return value.isoformat()[:10] if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat("seconds")
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return str(value)


def _zipped(content: bytes) -> tuple[bytes, dict[int, Seen]]:
    """The workbook as the library gets it, and what was seen of its sheets, by their place in the workbook."""
    parts = workbook_zip.parts(content)
    if "content.xml" in parts:
        return workbook_zip.packed(parts), dict(enumerate(workbook_cells.of_ods(parts["content.xml"])))
    book = _book(parts)
    known = {name.lower(): name for name in parts}  # as the library finds them
    places = [known.get(name.lower(), "") for name in book]
    shared = known.get("xl/sharedstrings.xml")
    strings = workbook_cells.lengths(parts[shared]) if shared else []
    styles = known.get("xl/styles.xml")
    digits = workbook_cells.digits_of(parts[styles]) if styles else []
    seen: dict[str, Seen] = {}
    for name in [name for low, name in known.items() if low.startswith("xl/worksheets/") or name in places]:
        if not name.endswith(".xml"):
            continue
        seen[name] = workbook_cells.of_xlsx(parts[name], strings, digits)
    return workbook_zip.packed(parts), {at: seen[name] for at, name in enumerate(places) if name in seen}


def _book(parts: Mapping[str, bytes]) -> tuple[str, ...]:
    """The names of the parts that are sheets, in the workbook's order; '' for one that is not there."""
    root = _targets(parts, "_rels/.rels", "")
    book = next((target for kind, target in root.values() if kind.endswith("/officeDocument")), "xl/workbook.xml")
    if book not in parts:
        raise Refused("workbook", "", "It is no .xlsx; save it as one.")
    folder, name = posixpath.split(book)
    targets = _targets(parts, f"{folder}/_rels/{name}.rels", folder)
    text = parts[book].decode("utf-8", "replace")
    ids = (
        next((one for key, one in _attributes(tag).items() if key.endswith(":id")), "") for tag in _SHEET.findall(text)
    )
    return tuple(targets.get(one, ("", ""))[1] for one in ids)


def _targets(parts: Mapping[str, bytes], name: str, folder: str) -> dict[str, tuple[str, str]]:
    """The kinds and names of parts that a list of relations names, by id."""
    text = parts.get(name, b"").decode("utf-8", "replace")
    found = map(_attributes, _RELATION.findall(text))
    return {
        one["Id"]: (one.get("Type", ""), posixpath.normpath(posixpath.join("/", folder, one["Target"])).lstrip("/"))
        for one in found
        if "Id" in one and "Target" in one
    }


def _attributes(tag: str) -> dict[str, str]:
    return {name: double or single for name, double, single in _ATTRIBUTE.findall(tag)}


def _sheets(content: bytes, seen: Mapping[int, Seen]) -> Iterator[Sheet]:
    book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    for at, about in enumerate(book.sheets_metadata):
        if about.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        facts = seen.get(at, Seen())
        is_hidden = about.visible != calamine.SheetVisibleEnum.Visible
        rows = tuple(_rows(book.get_sheet_by_index(at), facts))
        yield Sheet(about.name, is_hidden, rows, facts.faults, facts.hidden)


def _rows(sheet: "calamine.CalamineSheet", seen: Seen) -> Iterator[tuple[int, tuple[str, ...]]]:
    if not seen.rows:
        return
    faulty = {row for row, _ in seen.faults}
    by_library = sheet.merged_cell_ranges or []
    spread = _spread([(first + 1, last + 1, column + 1) for (first, column), (last, _) in by_library] or seen.merged)
    above: tuple[str, ...] = ()
    for number, values in enumerate(sheet.iter_rows(), 1):
        is_kept = number in faulty or any(value != "" for value in values)
        if not is_kept and number not in spread:
            continue
        cells = tuple(_shown(value, seen, number, column) for column, value in enumerate(values, 1))
        places = spread.get(number, set())
        above = tuple(above[at - 1] if at in places and at <= len(above) else cell for at, cell in enumerate(cells, 1))
        if is_kept:
            yield number, above


def _spread(merged: Sequence[tuple[int, int, int]]) -> dict[int, set[int]]:
    """The rows in which cells of these columns have the value of the one above them, for cells that are merged from a
    row to another one in a column; none where there are far too many for a list that somebody has written."""
    if sum(last - first for first, last, _ in merged) > _MOST_MERGED:
        return {}
    found: dict[int, set[int]] = {}
    for first, last, column in merged:
        for row in range(first + 1, last + 1):
            found.setdefault(row, set()).add(column)
    return found


def _shown(value: Value, seen: Seen, row: int, column: int) -> str:
    text = text_of(value)
    return text.zfill(seen.padded.get((row, column), 0)) if seen.padded and text.isdigit() else text
