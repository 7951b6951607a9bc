"""Tables of answers, read into `review-answer.v1` or, line by line, into `acknowledgement.v1`.

Owns this reading; `columns` has the columns, `words` the answers. Promises: a line without an answer is no answer yet,
and no fault; a faulty line stops no other line; of a question that is answered in two ways in one table, neither way is
taken; no sentence holds anything of a cell.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from broker.core import template
from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.formats import no_ssn, returned
from broker.formats.answering.columns import ANSWER, QUESTIONS, TRACKING, Kind
from broker.formats.cells import Unfit, is_secret
from broker.formats.enrollment.header import label
from broker.formats.heading import Headed
from broker.formats.made import Made
from broker.formats.ssid.header import places_of
from broker.formats.ssid.lines import SHEET, Sheet, Unread, fault_of
from broker.formats.table import Row, Table, place_of

Entry = dict[str, Any]
Check = Callable[[Mapping[str, Any]], object]
"""Raises Refused `schema` for a document that does not fit."""

SAID = "acknowledgements"  # the lines of a table about packets; no schema allows this, so no JSON can bring it
_MOST_EXPLAINED = 100  # lines
_TWICE = "More than one line answers this, and not in the same way: leave one of them."
_EXAMPLE = "This line is the example of the template: write an answer of yours over it, or delete it."
_UNFIT = "It does not have the form that is asked for."


@dataclass(frozen=True, slots=True, repr=False)
class _Line:
    """One line: what the document has of it (None where it cannot be read), what is missing, and what is wrong with
    which column, '' for the line. Repr hidden."""

    number: int
    entry: Entry | None = None
    missing: tuple[str, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)


def read(kind: Kind, headed: Headed, own: Table, plain: bytes, lea: LeaId, made: Made, check: Check) -> Entry:
    """The document that a table of this kind becomes, with a `Sheet` as its property `sheet`; `own` is the table
    without the columns that the exchange has added, `plain` its text with a byte for each digit.

    Raises Refused `csv-form`, `ssn-column`, `has-ssn`.
    """
    found, (_, above) = headed.table, returned.without_added(headed.table, headed.above)
    fields = _fields(kind, own.header)
    no_ssn.check_rows(plain, (*headed.above, *found.rows, *found.aside), fields)
    top = _top(kind, own, lea, made)
    labels = {name: label(own.header, n) for n, name in enumerate(fields, 1) if name}
    answered = [one for row in own.rows if (one := _line(kind, row, fields)) is not None]
    if not answered and kind is QUESTIONS:
        raise Refused("csv-form", place_of(own.header), "No line below it has an answer: fill in that column.")
    lines = _checked(_once(answered), lambda entries: _check(kind, top, entries, check))
    good = [one for one in lines if one.entry is not None]
    sheet = Sheet(
        form="",
        day="",
        numbers=tuple(one.number for one in good),
        unread=tuple(_told(one, labels) for one in lines if one.entry is None),
        back=returned.kept(own, above, (), (*found.told, *_passed(kind, own))),
        is_named_by_rows=True,
    )
    entries = [one.entry for one in good]
    whole = {"answers": entries} if kind is QUESTIONS else {SAID: [top | (one or {}) for one in entries]}
    return top | whole | {SHEET: sheet}


def _top(kind: Kind, own: Table, lea: LeaId, made: Made) -> Entry:
    """The header of the document. A table without an answer asks for the newest one: it is another one each time."""
    created = made.signed_at.isoformat(timespec="seconds")
    fields = _fields(kind, own.header)
    is_asked = all(not _said(row, fields).get(ANSWER) for row in own.rows)
    rows = replace(own, rows=(*own.rows, Row(0, (created,)))) if is_asked else own
    return {
        "packet": f"{kind.packet}.v1",
        "id": made.id_of(kind.packet, lea, rows),
        "from": str(lea),
        "created": created,
    }


def _check(kind: Kind, top: Entry, entries: Sequence[Entry], check: Check) -> None:
    """Raises Refused `schema`."""
    for one in [{"answers": list(entries)}] if kind is QUESTIONS else entries:
        check(top | one)


def _fields(kind: Kind, header: Row) -> list[str]:
    """The field of each column. Raises Refused."""
    fields = [kind.field_of(cell) for cell in header.cells]
    faults = list(_doubled(header, fields))
    secret = [place for place, cell in enumerate(header.cells, 1) if is_secret(cell)]
    if secret:
        raise Refused("ssn-column", places_of(header, secret), " ".join(faults))
    if faults:
        raise Refused("csv-form", place_of(header), " ".join(faults))
    return fields


def _doubled(header: Row, fields: Sequence[str]) -> Iterator[str]:
    for name in dict.fromkeys(filter(None, fields)):
        places = [place for place, one in enumerate(fields, 1) if one == name]
        if len(places) > 1:
            yield f"Several columns are {name} ({places_of(header, places)}): leave one of them."


def _passed(kind: Kind, own: Table) -> Iterator[str]:
    named = [label(own.header, n) for n, cell in enumerate(own.header.cells, 1) if cell and not kind.is_known(cell)]
    if named:
        yield f"These columns say nothing to the exchange, and were passed over: {', '.join(named[:20])}."


def _said(row: Row, fields: Sequence[str]) -> dict[str, str]:
    return {name: cell for name, cell in zip(fields, row.cells, strict=False) if name and cell}


def _line(kind: Kind, row: Row, fields: Sequence[str]) -> _Line | None:
    """One line; None where it has no answer yet."""
    if row.fault:
        return _Line(row.number, faults={"": f"In this line {row.fault}."})
    said = _said(row, fields)
    if template.is_example(said.get(TRACKING, "")):
        return _Line(row.number, faults={"": _EXAMPLE})
    if ANSWER not in said:
        return None
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name, cell in said.items():
        try:
            values[name] = kind.columns[name].read(cell)
        except Unfit as error:
            faults[name] = str(error)
    missing = () if TRACKING in said else (TRACKING,)
    if missing or faults:
        return _Line(row.number, None, missing, faults)
    try:
        return _Line(row.number, kind.entry(values))
    except Unfit as error:
        return _Line(row.number, faults={ANSWER: str(error)})


def _once(lines: Sequence[_Line]) -> list[_Line]:
    """The lines, without entries that contradict each other."""
    told: dict[object, set[object]] = {}
    for one in lines:
        if one.entry is not None:
            told.setdefault(_about(one.entry), set()).add(_answer(one.entry))
    twice = {about for about, answers in told.items() if len(answers) > 1}
    return [
        _Line(one.number, faults={"": _TWICE}) if one.entry is not None and _about(one.entry) in twice else one
        for one in lines
    ]


def _about(entry: Entry) -> object:
    return entry[TRACKING], entry.get("line")


def _answer(entry: Entry) -> object:
    return tuple(entry.get(name) for name in ("decision", "candidate", "status", "code", "courses"))


def _checked(lines: Sequence[_Line], check: Callable[[list[Entry]], object]) -> list[_Line]:
    """The lines, with what the schema has against them. What fits as a whole is not looked at line by line."""
    entries = [one.entry for one in lines if one.entry is not None]
    if not entries or fault_of(entries, check) is None:
        return list(lines)
    explained = count()
    return [
        _Line(one.number, faults={"": _UNFIT})
        if one.entry is not None and (next(explained) >= _MOST_EXPLAINED or fault_of([one.entry], check))
        else one
        for one in lines
    ]


def _told(line: _Line, labels: Mapping[str, str]) -> Unread:
    """The answer to a faulty line, with all its faults at once."""
    musts = dict.fromkeys(line.missing, "must be filled in") | dict(line.faults)
    said = [f"{labels.get(name, name)} {must.rstrip('.')}." if name else must for name, must in musts.items()]
    fields = tuple(filter(None, musts))
    return Unread(line.number, "unreadable" if line.faults else "missing", fields, " ".join(said))
