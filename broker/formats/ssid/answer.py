"""The answer to an SSID request in CSV or a workbook: one line for each line, in the request's own form.

Owns its cells. Promises: in CSV RFC 4180, the request's encoding and separator, no header line; in a workbook the same
cells as text, below a header; a spreadsheet takes no cell for a formula, and `plain` gives back each cell of a CSV as
it was, so that a program finds its students again by their names.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, field

from broker.core.files import texts
from broker.core.files.formulas import plain, safe
from broker.edge import workbook_writer
from broker.formats.sheets import WORKBOOK
from broker.formats.table import Table

__all__ = ["Answered", "form_of", "plain", "safe", "table"]

_PLAIN, _MARK = "utf-8", "\ufeff"
_TITLES = (
    *("Row", "SSID", "School Year", "Last Name", "First Name", "Local Student Number"),
    *("Answer", "Reason", "Column", "What To Do", "Request"),
)


@dataclass(frozen=True, slots=True, repr=False)
class Answered:
    """One line of the answer, in the order of its cells. Repr hidden."""

    line: int
    ssid: str
    school_year: str
    last_name: str = field(repr=False)
    first_name: str = field(repr=False)
    local_number: str = field(repr=False)
    answer: str
    reason: str
    field: str
    what_to_do: str


def form_of(request: Table) -> str:
    """The form of a request, by which its answer is written: its encoding where that is not UTF-8, a byte order mark or
    none, its separator; for a workbook the word, and what its sender is told of it."""
    if request.encoding == WORKBOOK:
        return "\n".join((WORKBOOK, *request.told))
    encoding = "" if request.encoding == _PLAIN else f"{request.encoding}:"
    return encoding + (_MARK if request.marked else "") + request.separator


def table(form: str, name: str, lines: Iterable[Answered]) -> bytes:
    """The answer as a file of this form (`form_of`); `name` is the request's.

    Each line: file line number (8 digits), SSID (10, or empty), school year (4), last name, first name, local number,
    answer, reason, column, what to do, name of the request. In a workbook a second sheet says what is told of it.
    """
    if form.startswith(WORKBOOK):
        return _workbook(form.split("\n")[1:], name, lines)
    out = io.StringIO(newline="")
    encoding, _, rest = form.rpartition(":")
    writer = csv.writer(out, delimiter=form[-1], lineterminator="\r\n")
    writer.writerows(map(safe, _cells(line, name)) for line in lines)
    return texts.encoded(out.getvalue(), encoding or _PLAIN, marked=rest.startswith(_MARK))


def _workbook(told: Sequence[str], name: str, lines: Iterable[Answered]) -> bytes:
    answers = (tuple(_cells(line, name)) for line in lines)
    notes = [("Notes", ("About Your Workbook",), [(one,) for one in told])] if told else []
    return workbook_writer.write([("Answer", _TITLES, answers), *notes])


def _cells(line: Answered, name: str) -> Iterator[str]:
    number, *rest = astuple(line)
    yield f"{number:08}"
    yield from (*rest, name)
