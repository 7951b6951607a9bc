"""Refusals and answers to lines, as faults with places that a person finds in the file.

Owns how a refusal's or an answer's words are taken apart by place. Promises: pure; every word is the exchange's own,
but for the few refusals whose remedy is another one as long as nothing has been sent.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from broker.checking.report import Fault
from broker.core.codes import CODES
from broker.core.errors import Refused
from broker.formats.answering.columns import field_of as answer_of
from broker.formats.enrollment import columns as enrollment
from broker.formats.ssid.columns import COLUMNS, field_of
from broker.formats.ssid.lines import SHEET, Sheet
from broker.formats.student_record import faults as of_record
from broker.formats.table import letters
from broker.notices.answers import REASONS, Answer

Columns = Mapping[str, tuple[str, str]]  # field: its column's letter, and its name in the file

# what to do about what was not sent yet: a meaning and a remedy
_NOT_SENT: Mapping[str, tuple[str, str]] = {
    "secret-key-sent": (
        "The file is, or holds, a secret key, which nobody but you may ever have.",
        "Do not send it, to the exchange or to anybody else; send only the public part of a key.",
    ),
    "sealed-twice": (
        "The file is sealed already: only the exchange can open it, and nothing in it can be checked here.",
        "Check the document before you seal it. If this file is meant for the exchange, put it into outbox as it is;"
        " sealed a second time it would be refused.",
    ),
    "receipt-sent": (
        "The file is a receipt, which the exchange itself wrote for you.",
        "Keep it; receipts are not sent back.",
    ),
}
_MISSING = "must be filled in"
_SHOWN = re.compile("[\\w ./#()-]{1,60}")


def columns_of(header: Sequence[str], packet: str, names: Sequence[str] = ()) -> Columns:
    """The columns of a header that are known in this packet type; one with an odd name in the file has the exchange's
    own name for it. `names` are the header's cells under our names, where a mapping has changed them."""
    ours = names or header
    is_enrollment = packet.startswith("enrollment.")
    fields = enrollment.fields_of(ours) if is_enrollment else [field_of(one) or answer_of(one) for one in ours]
    named = ((field, cell, number) for number, (field, cell) in enumerate(zip(fields, header, strict=True), 1))
    return {
        field: (letters(number), cell if _SHOWN.fullmatch(cell) else field) for field, cell, number in named if field
    }


def of_refusal(refused: Refused) -> tuple[Fault, ...]:
    """The faults in the refusal of a whole file: one, or of a document that does not fit its schema one for each
    place."""
    meaning, remedy = _NOT_SENT.get(refused.code, CODES[refused.code])
    if refused.code == "schema":
        said = [line.partition(": ") for line in refused.hint.splitlines()]
        return tuple(
            Fault(refused.code, _sentence(must) if must else place, remedy, pointer=place if must else "")
            for place, _, must in said
        )
    cells = list(of_record.places_in(refused.hint)) if refused.code == of_record.CODE else []
    if any(one.row for one in cells):
        return tuple(_of_cell(one, remedy) for one in cells)
    pointer = refused.pointer if refused.pointer.startswith("/") else ""
    place = "" if pointer else refused.pointer
    hint = "" if refused.code in _NOT_SENT else refused.hint
    return (Fault(refused.code, f"{meaning} {hint}".strip(), remedy, place=place, pointer=pointer),)


def _of_cell(found: of_record.Fault, remedy: str) -> Fault:
    """A fault in the table of a record, with the name of its sheet in a workbook."""
    return Fault(
        of_record.CODE,
        _sentence(found.must),
        remedy,
        place=f'sheet "{found.sheet}"' if found.sheet else "",
        line=found.row,
        column=found.letter,
        header=found.header,
    )


def of_answer(answer: Answer, body: Mapping[str, Any], columns: Columns | None) -> Iterator[Fault]:
    """The faults in the answer to a line. `columns` are those of a table; of a document in JSON they are None, and the
    places are pointers into its `body`, or where they are, the places in the file that a `Sheet` tells."""
    for field, must in told_apart(answer.field, _by_fields(answer.must, columns or {})):
        wrong, remedy = _sentence(must) if must else REASONS[answer.why], REASONS[answer.why]
        if columns is None and SHEET in body:
            yield _in_export(Fault(answer.why, wrong, remedy), body[SHEET], answer.line, field)
            continue
        if columns is None:
            yield Fault(answer.why, wrong, remedy, pointer=_pointer(body, answer.line, field))
            continue
        letter, header = columns.get(field, ("", field))
        yield Fault(answer.why, wrong, remedy, line=answer.line, column=letter, header=header)


def _in_export(fault: Fault, sheet: Sheet, line: int, field: str) -> Fault:
    """The fault at its place in an export. A line that could be read is named by its own place, and the field."""
    place = field
    if line in sheet.numbers:
        own = sheet.places[sheet.numbers.index(line)]
        place = f"{own} ({field})" if field else own
    return replace(fault, pointer=place) if place.startswith("/") and " " not in place else replace(fault, place=place)


def _by_fields(must: str, columns: Columns) -> str:
    """The sentences with the fields' names, where they name columns by letter and header."""
    for field, (letter, header) in columns.items():
        must = must.replace(f'Column {letter} "{header}" ', f"{field} ").replace(
            f"Column {letter} must", f"{field} must"
        )
    return must


def told_apart(field: str, must: str) -> list[tuple[str, str]]:
    """An answer's `field` and `must`, for each field by itself, as (field, what must be true of it, '' where that goes
    without saying); what is said of the whole line has the field ''."""
    names = field.split()
    if must and not any(_starts(must, name) for name in names):
        first = [(names[0] if len(names) == 1 else "", must)]
        return first + [(name, _MISSING) for name in names if len(names) > 1]
    starts = _starts_of(names, must)
    found = [("", must[: min(starts.values())].strip())] if starts and min(starts.values()) else []
    for name, start in starts.items():
        end = min((one for one in starts.values() if one > start), default=len(must))
        found.append((name, must[start:end].strip().removeprefix(name).strip()))
    found += [(name, _MISSING) for name in names if name not in starts]
    return found or [("", must)]


def _starts(must: str, name: str) -> bool:
    return must.startswith(f"{name} ") or f". {name} " in must


def _starts_of(names: Sequence[str], must: str) -> dict[str, int]:
    """Where the sentence about each of these fields begins; they come in this order."""
    starts: dict[str, int] = {}
    at = 0
    for name in names:
        if must.startswith(f"{name} ", at):
            starts[name] = at
        elif (found := must.find(f". {name} ", at)) >= 0:
            starts[name] = at = found + 2
    return starts


def _pointer(body: Mapping[str, Any], line: int, field: str) -> str:
    if not field:
        return f"/students/{line}"
    place = COLUMNS[field].place if field in COLUMNS else (field,)
    entry = body["students"][line]
    if field not in entry and field in body and len(place) == 1:
        return f"/{field}"
    return f"/students/{line}/{'/'.join(map(str, place))}"


def _sentence(must: str) -> str:
    """A sentence of its own: `must be a date` becomes `It must be a date.`"""
    said = f"It {must}" if must.startswith(("must ", "is ")) else must
    return said if said.endswith(".") else f"{said}."
