"""Which document a table is, told by its columns, and its reading.

Owns this decision, and the list of the forms of table. Promises: the name of a file decides nothing but that `REQ_...`
is an SSID request; where it is not plain what a table is, the refusal says which columns are missing for which.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from broker.core.days.written import Decided, Order
from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.formats import heading, returned, sheets, table
from broker.formats.cells import plain
from broker.formats.enrollment import columns
from broker.formats.enrollment import lines as enrollment
from broker.formats.heading import WHOLE, Headed, Part
from broker.formats.made import Made
from broker.formats.ssid import columns as ssid_columns
from broker.formats.ssid import header as ssid_header
from broker.formats.ssid import lines as ssid
from broker.formats.ssid import name as ssid_name
from broker.formats.table import Table, place_of

_KNOWN_CELLS = 3  # so many known cells make a line the header of a table
_LEAST_OF_LINE = 2  # so many are known where a line has names of columns at all
_MOST_MEANT = 2  # documents, of which a table may be meant to be one, and lacks the fewest columns
_REQUESTS = {*ssid_columns.REQUESTS, *ssid_columns.REQUESTS.values()}
_ASKS = {plain(name) for name in ("request_type", "request", "ssid request type", "transaction type")}

Check = Callable[[Mapping[str, Any]], object]
"""Raises Refused `schema` for a document that does not fit."""


class Given(NamedTuple):
    """A table that was found in a file: with its header, as it came (`headed`); without the columns that the exchange
    has added (`own`); and all its text, with a byte for each digit (`plain`). `part` says which part of it this is."""

    headed: Headed
    own: Table
    plain: bytes
    part: Part = WHOLE


class Form(NamedTuple):
    """A document that may be sent as a table. `name` is the document in words; `known_in` counts the names of its
    columns among some cells, `is_meant` tells whether a table is one, `missing` which columns a header lacks for it;
    `packet` is the packet type, where any table can be asked to be read as it; `decided_by` tells of a part of a table
    what its dates show of their order, None where a table cannot be divided by its lines."""

    name: str
    known_in: Callable[[Sequence[str]], int]
    is_meant: Callable[[Table], bool]
    missing: Callable[[Sequence[str]], Sequence[str]]
    read: Callable[[Given, LeaId, Made, Check], dict[str, Any]]
    packet: str = ""
    decided_by: Callable[[Table], Decided] | None = None


def known_in(cells: Sequence[str]) -> int:
    """How many of these cells name columns of one of the tables that are read: of the one with most of them."""
    return max(one.known_in(cells) for one in FORMS)


def is_table(content: bytes, file: str) -> bool:
    """Whether the content is meant to be a table: it is not JSON, and its file name or its column names say so."""
    if sheets.is_workbook(content):
        return True
    if content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return False
    return ssid_name.is_meant(file) or any(known_in(one) >= _KNOWN_CELLS for one in table.first_lines(content))


def read(
    content: bytes, file: str, lea: LeaId, most_lines: int, made: Made, check: Check, wanted: str = ""
) -> dict[str, Any]:
    """The document that a table becomes, with a `Sheet` as its property `sheet`; with `wanted` it is to be of this
    packet type, one of `FORMS`.

    `check` raises Refused `schema` for a document that does not fit. Raises Refused: the codes of `sheets.read` and
    of the forms' own reading, and `csv-form` where it is not plain what the table is.
    """
    if ssid_name.is_request(file) and wanted in ("", ssid.PACKET):
        return ssid.read(content, file, lea, most_lines, check)
    found = sheets.read(content, most_lines, known_in)
    headed = heading.headed(found, known_in)
    own, _ = returned.without_added(headed.table)
    given = Given(headed, own, sheets.plain(content, found))
    meant = next((one for one in FORMS if (one.packet == wanted if wanted else one.is_meant(own))), None)
    if meant is None:
        raise _unclear(own)
    return meant.read(given, lea, made, check)


def _unclear(found: Table) -> Refused:
    """The refusal of a table that is plainly none of the forms."""
    named = [cell for cell in found.header.cells if cell]
    if known_in(found.header.cells) < min(_LEAST_OF_LINE, len(named)):
        hint = "None of its first lines holds the names of the columns: put them above the students."
        return Refused("csv-form", place_of(found.header), hint)
    missing = sorted(((one.missing(found.header.cells), one.name) for one in FORMS), key=lambda one: len(one[0]))
    lacking = "; ".join(f"for {name}: {', '.join(some)}" for some, name in missing[:_MOST_MEANT])
    hint = f"It is not plain which document this table is. These columns are missing {lacking}."
    return Refused("csv-form", place_of(found.header), hint)


def _enrollment(given: Given, lea: LeaId, made: Made, check: Check) -> dict[str, Any]:
    top = {
        "packet": enrollment.PACKET,
        "id": made.id_of("enrollment", lea, given.own),
        "from": str(lea),
        "created": made.signed_at.isoformat(timespec="seconds"),
    }
    year = made.signed_on.year
    found = enrollment.read(
        given.headed, given.plain, lea, year, lambda some: check(top | {"students": some}), given.part
    )
    return top | {"students": list(found.entries), ssid.SHEET: found.sheet}


def _is_enrollment(found: Table) -> bool:
    fields = [columns.field_of(cell) for cell in found.header.cells]
    return sum(map(bool, fields)) >= _LEAST_OF_LINE and columns.is_meant(fields)


def _is_request(found: Table) -> bool:
    """Whether the table has the column with the kind of request: by its name, or by what stands in it."""
    for place, cell in enumerate(found.header.cells):
        if ssid_columns.field_of(cell) == "request_type":
            said = {row.cells[place].lower() for row in found.rows if place < len(row.cells)} - {""}
            if plain(cell) in _ASKS or said & _REQUESTS:
                return True
    return False


def _always_month(_: object) -> Decided:
    """The month comes first in an SSID request, whatever its dates show."""
    return Decided(Order.MONTH, "", "")


def _missing_for_request(header: Sequence[str]) -> list[str]:
    asked = [ssid_columns.field_of(cell) for cell in header]
    return [name for name in (*ssid_columns.REQUIRED, "school") if name not in asked]


FORMS = (
    Form(
        "an SSID request",
        ssid_columns.known_in,
        _is_request,
        _missing_for_request,
        lambda given, lea, made, check: ssid.of_table(given.headed.table, given.plain, made, lea, check, given.part),
        ssid.PACKET,
        lambda own: _always_month(ssid_header.fields_of(own.header)),
    ),
    Form(
        "an enrollment",
        columns.known_in,
        _is_enrollment,
        lambda header: columns.missing([columns.field_of(cell) for cell in header]),
        _enrollment,
        enrollment.PACKET,
        enrollment.decided_by,
    ),
)
"""The forms of table, the more special ones first: the first one that a table is meant to be reads it."""
