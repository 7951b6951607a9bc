"""Which document a table is, told by its columns, and its reading.

Owns this decision. Promises: the name of a file decides nothing but that `REQ_...` is an SSID request; where it is not
plain what a table is, the refusal says which columns are missing for which.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.formats import heading, returned, sheets, table
from broker.formats.cells import plain
from broker.formats.enrollment import columns
from broker.formats.enrollment import lines as enrollment
from broker.formats.heading import Headed
from broker.formats.made import Made
from broker.formats.ssid import columns as ssid_columns
from broker.formats.ssid import lines as ssid
from broker.formats.ssid import name as ssid_name
from broker.formats.table import Table, place_of

_KNOWN_CELLS = 3  # so many known cells make a line the header of a table
_LEAST_OF_LINE = 2  # so many are known where a line has names of columns at all
_REQUESTS = {*ssid_columns.REQUESTS, *ssid_columns.REQUESTS.values()}
_ASKS = {plain(name) for name in ("request_type", "request", "ssid request type", "transaction type")}


def known_in(cells: Sequence[str]) -> int:
    """How many of these cells name columns of any table that is read."""
    return max(columns.known_in(cells), ssid_columns.known_in(cells))


def is_table(content: bytes, file: str) -> bool:
    """Whether the content is meant to be a table: it is not JSON, and its file name or its column names say so."""
    if sheets.is_workbook(content):
        return True
    if content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return False
    return ssid_name.is_meant(file) or any(known_in(one) >= _KNOWN_CELLS for one in table.first_lines(content))


def read(
    content: bytes, file: str, lea: LeaId, most_lines: int, made: Made, check: Callable[[Mapping[str, Any]], object]
) -> dict[str, Any]:
    """The document that a table becomes, with a `Sheet` as its property `sheet`.

    `check` raises Refused `schema` for a document that does not fit. Raises Refused: the codes of `sheets.read`,
    `ssid.lines.read` and `enrollment.lines.read`, and `csv-form` where it is not plain what the table is.
    """
    if ssid_name.is_request(file):
        return ssid.read(content, file, lea, most_lines, check)
    found = sheets.read(content, most_lines, known_in)
    plain_text = sheets.plain(content, found)
    headed = heading.headed(found, known_in)
    own, _ = returned.without_added(headed.table)
    if _is_request(own):
        return ssid.of_table(headed.table, plain_text, made, lea, check)
    return _enrollment(headed, own, plain_text, lea, made, check)


def _enrollment(
    headed: Headed, own: Table, content: bytes, lea: LeaId, made: Made, check: Callable[[Mapping[str, Any]], object]
) -> dict[str, Any]:
    _require(own)
    top = {
        "packet": enrollment.PACKET,
        "id": made.id_of("enrollment", lea, own),
        "from": str(lea),
        "created": made.signed_at.isoformat(timespec="seconds"),
    }
    found = enrollment.read(headed, content, lea, made.signed_on.year, lambda some: check(top | {"students": some}))
    return top | {"students": list(found.entries), ssid.SHEET: found.sheet}


def _is_request(found: Table) -> bool:
    """Whether the table has the column with the kind of request: by its name, or by what stands in it."""
    for place, cell in enumerate(found.header.cells):
        if ssid_columns.field_of(cell) == "request_type":
            said = {row.cells[place].lower() for row in found.rows if place < len(row.cells)} - {""}
            if plain(cell) in _ASKS or said & _REQUESTS:
                return True
    return False


def _require(found: Table) -> None:
    """Refuse a table that is plainly neither, where its first line names its columns at all."""
    fields = [columns.field_of(cell) for cell in found.header.cells]
    named = [cell for cell in found.header.cells if cell]
    if sum(map(bool, fields)) < _LEAST_OF_LINE or not columns.is_meant(fields):
        if known_in(found.header.cells) < min(_LEAST_OF_LINE, len(named)):
            hint = "None of its first lines holds the names of the columns: put them above the students."
            raise Refused("csv-form", place_of(found.header), hint)
        asked = [ssid_columns.field_of(cell) for cell in found.header.cells]
        lacking = [name for name in (*ssid_columns.REQUIRED, "school") if name not in asked]
        hint = (
            "It is not plain which document this table is. These columns are missing for an enrollment:"
            f" {', '.join(columns.missing(fields))}; for an SSID request: {', '.join(lacking)}."
        )
        raise Refused("csv-form", place_of(found.header), hint)
