"""Which document a table is, told by its columns, and its reading.

Owns this decision, and the list of the forms of table. Promises: the name of a file decides nothing but that `REQ_...`
is an SSID request; where it is not plain what a table is, the refusal says which columns are missing for which.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from broker.core.days.written import Order
from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.formats import heading, no_ssn, returned, sheets, table
from broker.formats.cells import plain
from broker.formats.enrollment import columns
from broker.formats.enrollment import lines as enrollment
from broker.formats.heading import Headed
from broker.formats.made import Made
from broker.formats.mapping import applied, switch
from broker.formats.mapping import reading as mapping_form
from broker.formats.mapping.rules import NOTHING, Rules
from broker.formats.ssid import columns as ssid_columns
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
    has added (`own`); and all its text, with a byte for each digit (`plain`). `is_whole`: all of it is carried out or
    nothing."""

    headed: Headed
    own: Table
    plain: bytes
    is_whole: bool = False


class Form(NamedTuple):
    """A document that may be sent as a table. `name` is the document in words; `known_in` counts the names of its
    columns among some cells, `is_meant` tells whether a table is one, `missing` which columns a header lacks for it.
    `field_of` is our name of the column that a cell names, '' for none; `tells_codes`: it reads `Row.unfit`."""

    name: str
    known_in: Callable[[Sequence[str]], int]
    is_meant: Callable[[Table], bool]
    missing: Callable[[Sequence[str]], Sequence[str]]
    read: Callable[[Given, LeaId, Made, Check], dict[str, Any]]
    field_of: Callable[[str], str] = plain
    tells_codes: bool = False


def known_in(cells: Sequence[str]) -> int:
    """How many of these cells name columns of one of the tables that are read: of the one with most of them."""
    return max(one.known_in(cells) for one in FORMS)


def is_table(content: bytes, file: str, mapping: str = "") -> bool:
    """Whether the content is meant to be a table: it is not JSON, and its file name or its column names say so, the
    latter also under the names that the LEA's mapping gives them. Raises Refused `mapping`."""
    if sheets.is_workbook(content):
        return True
    if content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return False
    lines = table.first_lines(content)
    if ssid_name.is_meant(file) or any(known_in(one) >= _KNOWN_CELLS for one in lines):
        return True
    return bool(mapping) and any(known_by(mapping)(one) >= _KNOWN_CELLS for one in lines)


@lru_cache(maxsize=64)
def mapping_in(text: str) -> Rules:
    """The mapping with this text; one that says nothing for ''. Raises Refused `mapping`."""
    return mapping_of(text.encode()) if text else NOTHING


def mapping_of(content: bytes) -> Rules:
    """The mapping in a file, which anybody may have written. Raises Refused `mapping`."""
    return mapping_form.read(content, column_of)


def column_of(name: str) -> str:
    """Our own name of the column with this name in one of the tables that are read; '' for none."""
    if switch.is_name(name):
        return switch.NAME
    named = [one.field_of(name) for one in FORMS if one.known_in([name])]
    return name if name in named else next(iter(named), "")


def named(cells: Sequence[str], mapping: str) -> tuple[str, ...]:
    """The cells of a header under our names, by the LEA's mapping."""
    return applied.names(cells, mapping_in(mapping), FIELDS) if mapping else tuple(cells)


def known_by(text: str) -> sheets.Known:
    """The same as `known_in`, for headers as an LEA writes them that has this mapping."""
    rules = mapping_in(text)
    return (lambda cells: known_in(applied.names(cells, rules, FIELDS))) if text else known_in


def read(content: bytes, file: str, lea: LeaId, most_lines: int, made: Made, check: Check) -> dict[str, Any]:
    """The document that a table becomes, with a `Sheet` as its property `sheet`.

    `check` raises Refused `schema` for a document that does not fit. Raises Refused: the codes of `sheets.read` and
    of the forms' own reading, `csv-form` where it is not plain what the table is, and `mapping`.
    """
    if ssid_name.is_request(file):
        return ssid.read(content, file, lea, most_lines, check, _way_of_requests(made))
    given = _given(content, most_lines, made)
    meant = next((one for one in FORMS if one.is_meant(given.own)), None)
    if meant is None:
        filled = ((one, _with_defaults(given, one, made)) for one in FORMS)
        meant = next((one for one, with_all in filled if one.is_meant(with_all.own)), None)
    if meant is None:
        raise _unclear(given.own)
    document = meant.read(_with_defaults(given, meant, made), lea, made, check)
    return document | {ssid.SHEET: replace(document[ssid.SHEET], is_whole=given.is_whole)}


def _given(content: bytes, most_lines: int, made: Made) -> Given:
    """The table in a file, as the LEA's mapping reads it."""
    known = known_by(made.mapping)
    found = sheets.read(content, most_lines, known)
    headed, text = heading.headed(found, known), sheets.plain(content, found)
    own, above = returned.without_added(headed.table, headed.above)
    mapped, is_whole = _mapped(own, text, made)
    if mapped is own:
        return Given(headed, own, text)
    _check_added(headed.table, text)
    return Given(Headed(mapped, above), mapped, text, is_whole)


def _mapped(found: Table, text: bytes, made: Made) -> tuple[Table, bool]:
    """The table under our names, the very same where there is nothing to change; and whether all of it is to be carried
    out or nothing."""
    rules = mapping_in(made.mapping)
    if made.mapping:
        found = applied.applied(found, text, rules, FIELDS, made.exit_codes)
    own, is_whole = switch.taken_out(found, text)
    return own, rules.is_whole if is_whole is None else is_whole


def _check_added(found: Table, text: bytes) -> None:
    """The exchange's own columns are left out before a mapping is applied; what stands there now is looked at."""
    at = returned.added_at(found.header)
    if at is not None:
        before = ("",) * at
        added = [replace(row, cells=(*before, *row.cells[at : at + len(returned.ADDED)])) for row in found.rows]
        no_ssn.check_rows(text, added, ())


def _way_of_requests(made: Made) -> ssid.Way:
    """How a table is read that is an SSID request by its file's name."""
    rules = mapping_in(made.mapping)

    def mapped(found: Table, text: bytes) -> tuple[Table, bool]:
        own, is_whole = _mapped(found, text, made)
        return applied.with_defaults(own, rules, lambda name: ssid_columns.known_in([name]), FIELDS), is_whole

    return ssid.Way(lambda cells: ssid_columns.known_in(named(cells, made.mapping)), mapped, order_of(made))


def order_of(made: Made) -> Order:
    """How dates are written that can be read in two ways, where the table itself does not show it: as the LEA's mapping
    says, else as the state does."""
    return mapping_in(made.mapping).order or made.order


def _meant(made: Made, *, is_whole: bool) -> list[str]:
    """What is said of a table that its cells do not show: the same rows are another document then."""
    rules = mapping_in(made.mapping)
    return [str(rules.order or ""), str(is_whole)] if made.mapping or is_whole else []


def _with_defaults(given: Given, form: Form, made: Made) -> Given:
    if not made.mapping:
        return given
    own = applied.with_defaults(given.own, mapping_in(made.mapping), lambda name: form.known_in([name]), FIELDS)
    own = own if form.tells_codes else applied.told_as_faults(own)
    return given._replace(headed=Headed(own, given.headed.above), own=own)


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
        "id": made.id_of("enrollment", lea, given.own, *_meant(made, is_whole=given.is_whole)),
        "from": str(lea),
        "created": made.signed_at.isoformat(timespec="seconds"),
    }
    year, order = made.signed_on.year, order_of(made)
    found = enrollment.read(given.headed, given.plain, lea, year, lambda some: check(top | {"students": some}), order)
    return top | {"students": list(found.entries), ssid.SHEET: found.sheet}


def _request(given: Given, lea: LeaId, made: Made, check: Check) -> dict[str, Any]:
    of_rows = made.id_of("ssid-request", lea, given.headed.table, *_meant(made, is_whole=given.is_whole))
    return ssid.of_table(given.headed.table, given.plain, of_rows, made, lea, check, order_of(made))


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


def _missing_for_request(header: Sequence[str]) -> list[str]:
    asked = [ssid_columns.field_of(cell) for cell in header]
    return [name for name in (*ssid_columns.REQUIRED, "school") if name not in asked]


FORMS = (
    Form(
        "an SSID request",
        ssid_columns.known_in,
        _is_request,
        _missing_for_request,
        _request,
        ssid_columns.field_of,
        tells_codes=True,
    ),
    Form(
        "an enrollment",
        columns.known_in,
        _is_enrollment,
        lambda header: columns.missing([columns.field_of(cell) for cell in header]),
        _enrollment,
        columns.field_of,
        tells_codes=True,
    ),
)
"""The forms of table, the more special ones first: the first one that a table is meant to be reads it."""
FIELDS = tuple(one.field_of for one in FORMS)
