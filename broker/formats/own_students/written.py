"""The list of an LEA's own students, as the exchange has them, in the form that the LEA asked for.

Owns its columns and its forms. Promises: the columns are those of a table of enrollments, so that a list can be mended
and sent back; the last column says of which list a line is, and of which part; a spreadsheet takes no cell for a
formula; a workbook's cells are text, so that no number loses its zeros.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broker.edge import workbook_writer
from broker.formats import cells
from broker.formats.enrollment.columns import COLUMNS
from broker.formats.ssid import answer

FIELDS = (
    *("ssid", "local_number", "last_name", "first_name", "middle_name", "suffix", "birth_date", "gender", "school"),
    *("entry_date", "entry_code", "exit_date", "exit_code", "grade", "programme", "dual", "military", "day_part"),
)
PART = "roster"  # the column that says of which list a line is, and of which part
SHEET = "Students"
_MARK = "\ufeff"  # by which spreadsheet programs know UTF-8
_PART = re.compile(
    r"(?P<asked>[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}), part (?P<n>[0-9]{1,4})(?P<last>, the last)?"
)
_OF_EXIT = ("exit_date", "exit_code")
_ONLY_IN_TABLES = (*_OF_EXIT, "entry_date", "entry_code")

Line = Mapping[str, str]
"""One stay: a text for each of `FIELDS`, as a cell has it; '' for what is not known."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of which list: when it was asked for (`2026-12-02 09:12`, in the state), and the part's number, 1 for
    the first."""

    asked: str
    number: int
    is_last: bool

    def __str__(self) -> str:
        return f"{self.asked}, part {self.number}{', the last' if self.is_last else ''}"

    @property
    def day(self) -> str:
        """The day of the list, ISO 8601."""
        return self.asked[:10]


def part_of(text: str) -> Part | None:
    """The part that a cell names; None for any other text."""
    found = _PART.fullmatch(text)
    return Part(found["asked"], int(found["n"]), bool(found["last"])) if found else None


def as_csv(lines: Sequence[Line], part: Part) -> bytes:
    """The list as CSV (RFC 4180)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow((*FIELDS, PART))
    writer.writerows([answer.safe(cell) for cell in _cells(line, part)] for line in lines)
    return (_MARK + out.getvalue()).encode()


def as_workbook(lines: Sequence[Line], part: Part) -> bytes:
    """The list as an Excel workbook."""
    return workbook_writer.write([(SHEET, (*FIELDS, PART), (_cells(line, part) for line in lines))])


def as_body(document_id: str, lines: Sequence[Line], part: Part) -> dict[str, Any]:
    """The list as the body of a notice in JSON; `document_id` is the request that it answers. `students` are entries,
    and where an exit is told already exits, as `enrollment.v1` has them."""
    entries = [entry for line in lines for entry in _entries(line)]
    about = {"answers": document_id, "roster": str(part), "part": part.number, "is_last": part.is_last}
    return about | {"as_of": part.day, "students": entries}


def _cells(line: Line, part: Part) -> list[str]:
    return [*(line[name] for name in FIELDS), str(part)]


def _entries(line: Line) -> list[dict[str, Any]]:
    entry: dict[str, Any] = {}
    for name in FIELDS:
        if line[name] and name not in _ONLY_IN_TABLES:
            cells.put(entry, COLUMNS[name].place, COLUMNS[name].read(line[name]))
    entry = cells.whole(entry)
    entries = [entry | {"event": "entry", "date": line["entry_date"], "code": line["entry_code"]}]
    if line["exit_date"]:
        who = {name: entry[name] for name in ("student", "school")}
        entries.append(who | {"event": "exit", "date": line["exit_date"], "code": line["exit_code"]})
    return entries
