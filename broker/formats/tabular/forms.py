"""The forms of table: documents that may be sent as one.

Owns the list of them. Promises: a further form is one row; what is known of one form alone is in its own package.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from broker.core.days.written import Decided, Order
from broker.core.model import LeaId
from broker.formats.answering import lines as answering
from broker.formats.answering.columns import DELIVERED, QUESTIONS, Kind
from broker.formats.cells import plain
from broker.formats.enrollment import columns
from broker.formats.enrollment import lines as enrollment
from broker.formats.heading import WHOLE, Headed, Part
from broker.formats.made import Made
from broker.formats.own_students import asked
from broker.formats.ssid import columns as ssid_columns
from broker.formats.ssid import lines as ssid
from broker.formats.ssid import orders
from broker.formats.student_record import columns as record_columns
from broker.formats.student_record import document as record
from broker.formats.student_record import sheets as record_sheets
from broker.formats.table import Table

_LEAST_OF_LINE = 2  # so many are known where a line has names of columns at all
_REQUESTS = {*ssid_columns.REQUESTS, *ssid_columns.REQUESTS.values()}
_ASKS = {plain(name) for name in ("request_type", "request", "ssid request type", "transaction type")}

Check = Callable[[Mapping[str, Any]], object]
"""Raises Refused `schema` for a document that does not fit."""


class Given(NamedTuple):
    """A table that was found in a file: with its header, as it came (`headed`); without the columns that the exchange
    has added (`own`); and all its text, with a byte for each digit (`plain`). `is_whole`: all of it is carried out or
    nothing; `order` is that of dates which the table does not show; `meant` is what is said beside the cells;
    `part` says which part of the table this is."""

    headed: Headed
    own: Table
    plain: bytes
    is_whole: bool = False
    order: Order = Order.MONTH
    meant: tuple[str, ...] = ()
    part: Part = WHOLE


class Form(NamedTuple):
    """A document that may be sent as a table. `name` is the document in words, `packet` its packet type; `known_in`
    counts the names of its columns among some cells, `is_meant` tells whether a table is one, `missing` which columns a
    header lacks for it. `field_of` is our name of the column that a cell names, '' for none; `tells_codes`: it reads
    `Row.unfit`; `decided_by` tells of a part of a table what its dates show of their order (it raises Refused for the
    columns), None where a table cannot be divided by its lines."""

    name: str
    packet: str
    known_in: Callable[[Sequence[str]], int]
    is_meant: Callable[[Table], bool]
    missing: Callable[[Sequence[str]], Sequence[str]]
    read: Callable[[Given, LeaId, Made, Check], dict[str, Any]]
    field_of: Callable[[str], str] = plain
    tells_codes: bool = False
    decided_by: Callable[[Table], Decided] | None = None


def known_in(cells: Sequence[str]) -> int:
    """How many of these cells name columns of one of the tables that are read: of the one with most of them."""
    return max(one.known_in(cells) for one in FORMS)


def known_in_one(cells: Sequence[str]) -> int:
    """The same, of the tables of which a workbook has one."""
    return max(one.known_in(cells) for one in OF_LISTS)


def _enrollment(given: Given, lea: LeaId, made: Made, check: Check) -> dict[str, Any]:
    top = {
        "packet": enrollment.PACKET,
        "id": made.id_of("enrollment", lea, given.own, meant=given.meant),
        "from": str(lea),
        "created": made.signed_at.isoformat(timespec="seconds"),
    }
    year, order = made.signed_on.year, given.order
    found = enrollment.read(
        given.headed, given.plain, lea, year, lambda some: check(top | {"students": some}), order, given.part
    )
    return top | {"students": list(found.entries), ssid.SHEET: found.sheet}


def _record(given: Given, lea: LeaId, made: Made, check: Check) -> dict[str, Any]:
    return record.read(given.headed, given.plain, lea, made, check)


def _request(given: Given, lea: LeaId, made: Made, check: Check) -> dict[str, Any]:
    of_rows = made.id_of("ssid-request", lea, given.headed.table, meant=given.meant)
    return ssid.of_table(given.headed.table, given.plain, of_rows, made, lea, check, given.order, given.part)


def _is_enrollment(found: Table) -> bool:
    fields = columns.fields_of(found.header.cells)
    return sum(map(bool, fields)) >= _LEAST_OF_LINE and columns.is_meant(fields)


def _is_request(found: Table) -> bool:
    """Whether the table has the column with the kind of request: by its name, or by what stands in it."""
    for place, cell in enumerate(found.header.cells):
        if ssid_columns.field_of(cell) == "request_type":
            said = {row.cells[place].lower() for row in found.rows if place < len(row.cells)} - {""}
            if plain(cell) in _ASKS or said & _REQUESTS:
                return True
    return False


def _missing_for_request(header: Sequence[str]) -> list[str]:
    asked = [ssid_columns.field_of(cell) for cell in header]
    return [name for name in (*ssid_columns.REQUIRED, "school") if name not in asked]


def _of_answers(kind: Kind, name: str) -> Form:
    return Form(
        name,
        f"{kind.packet}.v1",
        kind.known_in,
        lambda found: not kind.missing(found.header.cells),
        kind.missing,
        lambda given, lea, made, check: answering.read(kind, given.headed, given.own, given.plain, lea, made, check),
    )


FORMS = (
    _of_answers(QUESTIONS, "a review answer"),
    _of_answers(DELIVERED, "an acknowledgement"),
    Form(
        "an SSID request",
        ssid.PACKET,
        ssid_columns.known_in,
        _is_request,
        _missing_for_request,
        _request,
        ssid_columns.field_of,
        tells_codes=True,
        decided_by=orders.decided_by,
    ),
    Form(
        "a student's record",
        f"{record.RECORD}.v1",
        record_columns.known_in,
        record_sheets.is_meant,
        record_sheets.missing,
        _record,
    ),
    Form(
        "an enrollment",
        enrollment.PACKET,
        columns.known_in,
        _is_enrollment,
        lambda header: columns.missing(columns.fields_of(header)),
        _enrollment,
        columns.field_of,
        tells_codes=True,
        decided_by=enrollment.decided_by,
    ),
    Form(
        "a request for a roster",
        asked.PACKET,
        asked.known_in,
        asked.is_meant,
        lambda header: [] if asked.is_header(header) else ["want", "form"],
        lambda given, lea, made, check: asked.read(given.own, lea, made, check),
    ),
)
"""The forms of table, the more special ones first: the first one that a table is meant to be reads it."""
FIELDS = tuple(one.field_of for one in FORMS)
OF_LISTS = tuple(one for one in FORMS if one.read is not _record)
"""Those whose lines are about one student, or one packet, each."""
