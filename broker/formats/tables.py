"""Which document a table is, told by its columns, and its reading.

Owns this decision, and the list of the forms of table. Promises: the name of a file decides nothing but that `REQ_...`
is an SSID request; where it is not plain what a table is, the refusal says which columns are missing for which.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.formats import heading, returned, sheets, table
from broker.formats.answering import lines as answering
from broker.formats.answering.columns import DELIVERED, QUESTIONS, Kind
from broker.formats.cells import plain
from broker.formats.enrollment import columns, header
from broker.formats.enrollment import lines as enrollment
from broker.formats.heading import Headed
from broker.formats.made import Made
from broker.formats.own_students import asked
from broker.formats.ssid import columns as ssid_columns
from broker.formats.ssid import lines as ssid
from broker.formats.ssid import name as ssid_name
from broker.formats.student_record import columns as record_columns
from broker.formats.student_record import document as record
from broker.formats.student_record import sheets as record_sheets
from broker.formats.table import Row, Table, place_of

_KNOWN_CELLS = 3  # so many known cells make a line the header of a table
_LEAST_OF_LINE = 2  # so many are known where a line has names of columns at all
_MOST_MEANT = 2  # documents, of which a table may be meant to be one, and lacks the fewest columns
_REQUESTS = {*ssid_columns.REQUESTS, *ssid_columns.REQUESTS.values()}
_ASKS = {plain(name) for name in ("request_type", "request", "ssid request type", "transaction type")}

Check = Callable[[Mapping[str, Any]], object]
"""Raises Refused `schema` for a document that does not fit."""


class Given(NamedTuple):
    """A table that was found in a file: with its header, as it came (`headed`); without the columns that the exchange
    has added (`own`); and all its text, with a byte for each digit (`plain`)."""

    headed: Headed
    own: Table
    plain: bytes


class Form(NamedTuple):
    """A document that may be sent as a table. `name` is the document in words; `known_in` counts the names of its
    columns among some cells, `is_meant` tells whether a table is one, `missing` which columns a header lacks for it."""

    name: str
    known_in: Callable[[Sequence[str]], int]
    is_meant: Callable[[Table], bool]
    missing: Callable[[Sequence[str]], Sequence[str]]
    read: Callable[[Given, LeaId, Made, Check], dict[str, Any]]


def found(content: bytes, most_lines: int) -> Table:
    """The table in a file; of a workbook whose sheets are one record, all. Raises the codes of `sheets.read`."""
    return sheets.read(content, most_lines, _known_in_one, sheets.Joined(record_sheets.joined, known_in))


def is_of_one_student(table: Table) -> bool:
    """Whether a table is a part of a student's record."""
    return record_sheets.is_meant(table)


def known_in(cells: Sequence[str]) -> int:
    """How many of these cells name columns of one of the tables that are read: of the one with most of them."""
    return max(one.known_in(cells) for one in FORMS)


def _known_in_one(cells: Sequence[str]) -> int:
    """The same, of the tables of which a workbook has one."""
    return max(one.known_in(cells) for one in FORMS if one.read is not _record)


def is_table(content: bytes, file: str) -> bool:
    """Whether the content is meant to be a table: it is not JSON, and its file name or its column names say so."""
    if sheets.is_workbook(content):
        return True
    if content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return False
    return ssid_name.is_meant(file) or any(_is_header(one) for one in table.first_lines(content))


def _is_header(cells: Sequence[str]) -> bool:
    """Whether a line has so many names of columns, or all that one of the tables needs."""
    return known_in(cells) >= _KNOWN_CELLS or any(not one.missing(cells) for one in FORMS)


def read(content: bytes, file: str, lea: LeaId, most_lines: int, made: Made, check: Check) -> dict[str, Any]:
    """The document that a table becomes, with a `Sheet` as its property `sheet`.

    `check` raises Refused `schema` for a document that does not fit. Raises Refused: the codes of `sheets.read` and
    of the forms' own reading, and `csv-form` where it is not plain what the table is.
    """
    if ssid_name.is_request(file):
        return ssid.read(content, file, lea, most_lines, check)
    whole = found(content, most_lines)
    headed = heading.headed(whole, known_in)
    own, _ = returned.without_added(headed.table)
    given = Given(headed, own, sheets.plain(content, whole))
    meant = next((one for one in FORMS if one.is_meant(own)), None)
    if meant is None:
        raise _unclear(own, headed.above)
    try:
        return meant.read(given, lea, made, check)
    except Refused as refused:
        askew = heading.askew(own, headed.above, known_in) if refused.code == "csv-form" else ""
        raise (Refused(refused.code, refused.pointer, askew) if askew else refused) from None


def _unclear(found: Table, above: Sequence[Row]) -> Refused:
    """The refusal of a table that is plainly none of the forms."""
    askew = heading.askew(found, above, known_in)
    if askew:
        return Refused("csv-form", place_of(found.header), askew)
    named = [cell for cell in found.header.cells if cell]
    if known_in(found.header.cells) < min(_LEAST_OF_LINE, len(named)):
        hint = (
            "None of its first lines holds the names of the columns, such as Last Name, First Name, Birth Date: put"
            " them above the students."
        )
        return Refused("csv-form", place_of(found.header), hint)
    cells = found.header.cells
    known = [one for one in reversed(FORMS) if one.known_in(cells)]
    nearest = sorted(known, key=lambda one: len(one.missing(cells)) - one.known_in(cells))[:_MOST_MEANT]
    lacking = "; ".join(f"for {one.name}: {', '.join(one.missing(cells))}" for one in nearest)
    unknown = header.unknown(found.header, [cell if known_in([cell]) else "" for cell in cells])
    return Refused("csv-form", place_of(found.header), f"These columns are missing {lacking}. {unknown}".strip())


def _enrollment(given: Given, lea: LeaId, made: Made, check: Check) -> dict[str, Any]:
    top = {
        "packet": enrollment.PACKET,
        "id": made.id_of("enrollment", lea, given.own),
        "from": str(lea),
        "created": made.signed_at.isoformat(timespec="seconds"),
    }
    year = made.signed_on.year
    found = enrollment.read(given.headed, given.plain, lea, year, lambda some: check(top | {"students": some}))
    return top | {"students": list(found.entries), ssid.SHEET: found.sheet}


def _record(given: Given, lea: LeaId, made: Made, check: Check) -> dict[str, Any]:
    return record.read(given.headed, given.plain, lea, made, check)


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
        ssid_columns.known_in,
        _is_request,
        _missing_for_request,
        lambda given, lea, made, check: ssid.of_table(given.headed.table, given.plain, made, lea, check),
    ),
    Form("a student's record", record_columns.known_in, record_sheets.is_meant, record_sheets.missing, _record),
    Form(
        "an enrollment",
        columns.known_in,
        _is_enrollment,
        lambda header: columns.missing(columns.fields_of(header)),
        _enrollment,
    ),
    Form(
        "a request for a roster",
        asked.known_in,
        asked.is_meant,
        lambda header: [] if asked.is_header(header) else ["want", "form"],
        lambda given, lea, made, check: asked.read(given.own, lea, made, check),
    ),
)
"""The forms of table, the more special ones first: the first one that a table is meant to be reads it."""
