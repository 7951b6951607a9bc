"""The first line of an SSID request in CSV: which column is which, and all that is wrong with them, at once.

Owns this judgement. Promises: a column that nobody knows is refused and none is guessed at; what is wrong with the
columns is told in one refusal, in bounded number, and so is what each kind of request needs; where the first line may
be a student's, nothing of it is told.
"""

import re
from collections.abc import Iterator, Sequence

from broker.core.errors import Refused
from broker.formats.ssid.columns import NEEDED_BY, REQUESTS, REQUIRED, field_of, is_secret
from broker.formats.table import Row, lettered

_SHOWN = re.compile(r"[A-Za-z0-9 _./#()-]{1,40}")
_LEAST_NAMED = 3  # columns that are known, before a line is believed to be the header
_MOST_NAMED = 20  # columns named in one refusal


def fields_of(header: Row, rows: Sequence[Row] = ()) -> tuple[str, ...]:
    """The field of each column; '' for one without a name. `rows` are those below, which say what is asked for.

    Raises Refused `ssn-column`, `unknown-column` or `csv-form`, with all that is wrong with the columns. What
    nobody knows is named as the header names it only where most of the header is known: it may be a student's line.
    """
    secret = [place for place, cell in enumerate(header.cells, 1) if is_secret(cell)]
    fields = [field_of(cell) for cell in header.cells]
    named = sum(map(bool, fields)) + len(secret)
    if not secret and 2 * named < len([cell for cell in header.cells if cell]):
        raise Refused("csv-form", f"line {header.number}", "Its first line must hold the names of the columns.")
    cells = enumerate(zip(header.cells, fields, strict=True), 1)
    unknown = [place for place, (cell, field) in cells if cell and not field and place not in secret]
    faults = [
        _unknown(header, unknown, is_shown=named >= _LEAST_NAMED),
        *_doubled(header, fields),
        _missing(fields, rows),
    ]
    said = " ".join(filter(None, faults))
    if secret:
        raise Refused("ssn-column", _places(header, secret), said)
    if unknown:
        raise Refused("unknown-column", _places(header, unknown), said)
    if said:
        raise Refused("csv-form", f"line {header.number}", said)
    return tuple(fields)


def _unknown(header: Row, places: Sequence[int], *, is_shown: bool) -> str:
    """Those that nobody knows, by their headers; '' where none may be shown."""
    cells = [header.cells[place - 1] for place in places[:_MOST_NAMED]]
    shown = [f'"{cell}"' for cell in cells if is_shown and _SHOWN.fullmatch(cell)]
    return f"These columns are not known: {', '.join(shown)}." if shown else ""


def _doubled(header: Row, fields: Sequence[str]) -> Iterator[str]:
    for field in dict.fromkeys(filter(None, fields)):
        places = [place for place, one in enumerate(fields, 1) if one == field]
        if len(places) > 1:
            yield f"Several columns are {field} ({_places(header, places)}): leave one of them."


def _missing(fields: Sequence[str], rows: Sequence[Row]) -> str:
    """What each line needs, and what the kinds of request need that are made; of these, a file lacks only what none of
    its lines can do without, or what is told along with something else."""
    asked = _asked(fields, rows)
    always = [field for field in REQUIRED if field not in fields]
    lacking = {field: kinds for field, kinds in NEEDED_BY.items() if field not in fields and asked & set(kinds)}
    if not always and (not rows or asked - {kind for kinds in lacking.values() for kind in kinds}):
        return ""
    words = [f"{field} ({' and '.join(map(str.title, kinds))} need it)" for field, kinds in lacking.items()]
    names = [*always, *words]
    return f"These columns are missing: {', '.join(names)}." if names else ""


def _asked(fields: Sequence[str], rows: Sequence[Row]) -> set[str]:
    """The kinds of request that are made; all, where that cannot be told."""
    if "request_type" in fields:
        at = fields.index("request_type")
        cells = {row.cells[at].lower() for row in rows if len(row.cells) > at}
        if found := {REQUESTS.get(cell, cell) for cell in cells} & set(REQUESTS.values()):
            return found
    return set(REQUESTS.values())


def _places(header: Row, columns: Sequence[int]) -> str:
    shown = ", ".join(lettered(column) for column in columns[:_MOST_NAMED])
    more = f" and {len(columns) - _MOST_NAMED} more" if len(columns) > _MOST_NAMED else ""
    return f"line {header.number} column {shown}{more}"
