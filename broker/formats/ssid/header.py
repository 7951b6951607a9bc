"""The first line of an SSID request in CSV: which column is which, and all their faults at once.

Owns this judgement. Promises: an unknown column is refused and never guessed; one refusal names all faults of the
columns, in bounded number, and the columns that each kind of request needs; where the first line may be about a
student, the refusal shows nothing of it.
"""

import re
from collections.abc import Iterator, Sequence

from broker.core.errors import Refused
from broker.formats.cells import is_secret
from broker.formats.ssid.columns import NEEDED_BY, REQUESTS, REQUIRED, field_of
from broker.formats.table import Row, place_of

SHOWN = re.compile(r"[A-Za-z0-9 _./#()-]{1,40}")  # so much of the name of a column is repeated
_LEAST_NAMED = 3  # so many known columns make a line the header
_MOST_NAMED = 20  # columns named in one refusal


def fields_of(header: Row, rows: Sequence[Row] = ()) -> tuple[str, ...]:
    """The field of each column; '' for one without a name. `rows` are the rows below, which say what is asked for.

    Raises Refused `ssn-column`, `unknown-column` or `csv-form`, with all faults of the columns. Names of unknown
    columns are shown only where enough other columns are known: otherwise the line may be about a student.
    """
    secret = [place for place, cell in enumerate(header.cells, 1) if is_secret(cell)]
    fields = [field_of(cell) for cell in header.cells]
    named = sum(map(bool, fields)) + len(secret)
    if not secret and 2 * named < len([cell for cell in header.cells if cell]):
        raise Refused("csv-form", place_of(header), "Its first line must hold the names of the columns.")
    cells = enumerate(zip(header.cells, fields, strict=True), 1)
    unknown = [place for place, (cell, field) in cells if cell and not field and place not in secret]
    faults = [
        _unknown(header, unknown, is_shown=named >= _LEAST_NAMED),
        *_doubled(header, fields),
        _missing(fields, rows),
    ]
    said = " ".join(filter(None, faults))
    if secret:
        raise Refused("ssn-column", places_of(header, secret), said)
    if unknown:
        raise Refused("unknown-column", places_of(header, unknown), said)
    if said:
        raise Refused("csv-form", place_of(header), said)
    return tuple(fields)


def _unknown(header: Row, places: Sequence[int], *, is_shown: bool) -> str:
    """A sentence with the names of the unknown columns; '' where no name may be shown."""
    cells = [header.cells[place - 1] for place in places[:_MOST_NAMED]]
    shown = [f'"{cell}"' for cell in cells if is_shown and SHOWN.fullmatch(cell)]
    return f"These columns are not known: {', '.join(shown)}." if shown else ""


def _doubled(header: Row, fields: Sequence[str]) -> Iterator[str]:
    for field in dict.fromkeys(filter(None, fields)):
        places = [place for place, one in enumerate(fields, 1) if one == field]
        if len(places) > 1:
            yield f"Several columns are {field} ({places_of(header, places)}): leave one of them."


def _missing(fields: Sequence[str], rows: Sequence[Row]) -> str:
    """A sentence with the missing columns: those that every line needs, and those that the kinds of request in the file
    need. The latter alone are a fault of the file only where no line can do without them."""
    asked = _asked(fields, rows)
    always = [field for field in REQUIRED if field not in fields]
    lacking = {field: kinds for field, kinds in NEEDED_BY.items() if field not in fields and asked & set(kinds)}
    if not always and (not rows or asked - {kind for kinds in lacking.values() for kind in kinds}):
        return ""
    words = [f"{field} ({' and '.join(map(str.title, kinds))} need it)" for field, kinds in lacking.items()]
    names = [*always, *words]
    return f"These columns are missing: {', '.join(names)}." if names else ""


def _asked(fields: Sequence[str], rows: Sequence[Row]) -> set[str]:
    """The kinds of request in the file; all kinds, where they are unknown."""
    if "request_type" in fields:
        at = fields.index("request_type")
        cells = {row.cells[at].lower() for row in rows if len(row.cells) > at}
        if found := {REQUESTS.get(cell, cell) for cell in cells} & set(REQUESTS.values()):
            return found
    return set(REQUESTS.values())


def places_of(header: Row, columns: Sequence[int]) -> str:
    """These columns (1 for A) of the header, the first of them by their letters: `line 1 column 3 (C), 6 (F)`."""
    more = f" and {len(columns) - _MOST_NAMED} more" if len(columns) > _MOST_NAMED else ""
    return place_of(header, *columns[:_MOST_NAMED]) + more
