"""The list of an LEA's own students, asked for without JSON: a table of two columns, with one line below the names.

Owns this reading into `record-request.v1`: `want` says that it is the roster, `form` as what it shall come. Promises:
each signature makes a request of its own, so that the same table may be sent again; a table of students is never taken
for a request.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.formats.cells import plain
from broker.formats.made import Made
from broker.formats.ssid.lines import SHEET, Sheet
from broker.formats.table import Row, Table, place_of

PACKET = "record-request.v1"
_ROSTERS = {plain(one) for one in ("roster", "the roster", "my roster", "our roster", "my students", "our students")}
_NAMES = {"want": "want", "iwant": "want", "wanted": "want", "form": "form", "format": "form", "as": "form"}
_FORMS = {"csv": "csv", "xlsx": "xlsx", "excel": "xlsx", "workbook": "xlsx", "json": "json"}
_EXAMPLE = "want,form and below it roster,csv"


def known_in(header: Sequence[str]) -> int:
    """How many of these cells name columns of a request; 0 where none of them says what is wanted."""
    fields = [_NAMES.get(plain(cell), "") for cell in header]
    return sum(map(bool, fields)) if "want" in fields else 0


def is_header(cells: Sequence[str]) -> bool:
    """Whether these cells are the names of a request's columns, and of nothing else."""
    named = [cell for cell in cells if cell]
    return len(named) > 1 and known_in(named) == len(named)


def is_meant(found: Table) -> bool:
    """Whether the table is a request."""
    return is_header(found.header.cells)


def read(own: Table, lea: LeaId, made: Made, check: Callable[[Mapping[str, Any]], object]) -> dict[str, Any]:
    """The request. `check` raises Refused `schema` for a document that does not fit. Raises Refused `csv-form`."""
    if len(own.rows) != 1:
        place = place_of(own.rows[1] if own.rows else own.header)
        raise Refused("csv-form", place, f"A request for a roster has one line below the names: {_EXAMPLE}.")
    row = own.rows[0]
    said = {_NAMES[plain(name)]: cell for name, cell in zip(own.header.cells, row.cells, strict=False) if name}
    at = {_NAMES[plain(name)]: number for number, name in enumerate(own.header.cells, 1) if name}
    if plain(said.get("want", "")) not in _ROSTERS:
        raise _unknown(row, at["want"], 'must be "roster"; what is about one student is asked for in JSON')
    form = _FORMS.get(plain(said.get("form", "")) or "csv")
    if form is None:
        raise _unknown(row, at["form"], "must be csv, xlsx or json")
    request = {
        "packet": PACKET,
        "id": _id(made, lea, own),
        "from": str(lea),
        "created": made.signed_at.isoformat(timespec="seconds"),
        "want": "roster",
        "form": form,
    }
    check(request)
    return request | {SHEET: Sheet("", "", (), (), is_named_by_rows=True)}


def _unknown(row: Row, column: int, must: str) -> Refused:
    return Refused("csv-form", place_of(row, column), f"It {must}.")


def _id(made: Made, lea: LeaId, own: Table) -> str:
    """A UUID (RFC 9562, version 8) of the signature's second: another signature is another request."""
    rows = [own.header.cells, *(row.cells for row in own.rows)]
    digest = made.digest(orjson.dumps([PACKET, lea, made.signed_at.isoformat(timespec="seconds"), rows]))
    return f"{digest[:8]}-{digest[8:12]}-8{digest[12:15]}-8{digest[15:18]}-{digest[18:30]}"
