"""What is understood of a table before anybody says more about it, for its LEA to look at.

Owns this account: each column with what it is read as and its first cells, codes that nobody knows, and how dates are
written. Promises: what is read by a mapping is shown by it; a guess is marked as one; the account holds cells of the
table, so it is shown on the LEA's own screen and kept nowhere. Raises Refused as `sheets.read` does.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from broker.core.days import written
from broker.core.days.written import Order
from broker.formats import heading, returned, sheets, tables
from broker.formats.cells import is_secret
from broker.formats.enrollment.columns import COLUMNS, DATES
from broker.formats.mapping import known, likeness, switch
from broker.formats.mapping.applied import names
from broker.formats.mapping.rules import Rules
from broker.formats.mapping.seen import Code, Seen, Understood
from broker.formats.ssid.columns import COLUMNS as REQUESTED
from broker.formats.table import Row, Table, letters, place_of
from broker.formats.tabular.forms import FIELDS, FORMS, Form

SHOWN_ROWS = 3
_MOST_CODES = 40  # of one column that are listed
_MOST_LETTERS = 30  # of a code
_LOOKED_AT = 200  # cells of a column that say whether it holds dates
_CODED = ("gender", "grade", "programme", "dual", "military", "request_type", "event", known.EXIT_CODE)
_SHORT = {"k": "KG", "kn": "KG", "kdg": "KG", "kdgn": "KG", "kindergarten": "KG", "prek": "PK", "p": "PK"}


def understood(
    content: bytes, mapping: str, most_lines: int, year: int, exit_codes: Collection[str], unless: Order
) -> Understood:
    """What is understood of a table; `mapping` is the LEA's mapping as text, `year` the present one, `exit_codes` are
    the state's, `unless` is how it writes dates."""
    rules, count = tables.mapping_in(mapping), tables.known_by(mapping)
    found = heading.headed(sheets.read(content, most_lines, count), count).table
    own, _ = returned.without_added(found)
    cells = names(own.header.cells, rules, FIELDS)
    form = _form(own, cells)
    fields = [form.field_of(name) if name and form.known_in([name]) else "" for name in cells]
    fields = [switch.NAME if switch.is_name(name) else field for name, field in zip(cells, fields, strict=True)]
    if {"last_name", "first_name"} <= set(fields):
        fields = ["" if one == "whole_name" else one for one in fields]
    defaults = tuple(name for name in rules.defaults if form.known_in([name]) and name not in fields)
    lacking = form.missing([*filter(None, cells), *defaults])
    seen = tuple(_seen(own, cells, fields, rules, form, exit_codes, year))
    meant = [one.field or one.guess for one in seen]
    dates = _dates(own, meant, rules.order or unless, year)
    return Understood(form.name, place_of(own.header), len(own.rows), tuple(lacking), seen, dates, defaults)


def _form(found: Table, cells: Sequence[str]) -> Form:
    """The form of table that it is, or else is nearest to."""
    mapped = Table(found.separator, found.encoding, found.marked, Row(found.header.number, tuple(cells)), found.rows)
    meant = next((one for one in FORMS if one.is_meant(mapped)), None)
    telling = [one for one in reversed(FORMS) if one.tells_codes]
    return meant or min(telling, key=lambda one: len(one.missing(cells)))


def _seen(
    found: Table,
    cells: Sequence[str],
    fields: Sequence[str],
    rules: Rules,
    form: Form,
    exit_codes: Collection[str],
    year: int,
) -> Iterator[Seen]:
    header = found.header.cells
    how = [_how(*one, rules) for one in zip(header, cells, fields, strict=True)]
    columns = [[row.cells[at] for row in found.rows if at < len(row.cells)] for at in range(len(header))]
    unknown = [at for at, word in enumerate(how) if word == "unknown"]
    free = {one for one in (*COLUMNS, *REQUESTED) if form.known_in([one]) and one not in fields}
    if "last_name" in fields:
        free.discard("whole_name")
    filled = {at: list(islice(filter(None, columns[at]), _LOOKED_AT)) for at in unknown}
    asked = [likeness.Asked(header[at], _is_dated(filled[at], year), filled[at]) for at in unknown]
    guess = dict(zip(unknown, likeness.guesses(asked, sorted(free)), strict=True))
    for at, cell in enumerate(header):
        codes = list(_codes(fields[at] or guess.get(at, ""), columns[at], rules, exit_codes))
        first = tuple(columns[at][:SHOWN_ROWS])
        more = max(0, len(codes) - _MOST_CODES)
        field, found_codes = fields[at], tuple(codes[:_MOST_CODES])
        yield Seen(letters(at + 1), cell, field, how[at], first, guess.get(at, ""), found_codes, more)


def _how(header: str, cell: str, field: str, rules: Rules) -> str:
    if is_secret(header):
        return "secret"
    named = rules.named(header)
    if named is not None:
        return "mapping" if named and (field or switch.is_name(named)) else "ignored"
    if header and not cell:
        return "displaced"
    return "name" if field or switch.is_name(cell) else "unknown"


def _is_dated(filled: Sequence[str], year: int) -> bool:
    dates = sum(any(written.read(cell, order, year + 1) for order in Order) for cell in filled)
    return bool(filled) and 2 * dates > len(filled)


def _codes(field: str, cells: Sequence[str], rules: Rules, exit_codes: Collection[str]) -> Iterator[Code]:
    """The codes of a column that nobody knows, the most frequent first."""
    mapped = rules.codes.get(field, {})
    if field not in _CODED and not mapped:
        return
    if field == known.EXIT_CODE and not exit_codes:
        return
    for code, count in Counter(filter(None, cells)).most_common():
        is_known = code in mapped or code in mapped.values() or known.is_ours(field, code, exit_codes)
        if not is_known and len(code) <= _MOST_LETTERS:
            yield Code(code, count, _guessed(field, code))


def _guessed(field: str, code: str) -> str:
    if field == "gender":
        return {"f": "F", "g": "F", "m": "M", "b": "M"}.get(code[:1].casefold(), "")
    return _SHORT.get(code.casefold().replace("-", "").replace(" ", ""), "") if field == "grade" else ""


def _dates(found: Table, fields: Sequence[str], unless: Order, year: int) -> str:
    at = [place for place, name in enumerate(fields) if name in DATES]
    said = [(place_of(row, n + 1), row.cells[n]) for row in found.rows for n in at if n < len(row.cells)]
    decided = written.decide(said, unless)
    if decided.is_contradiction:
        return f"Dates contradict each other: {decided.month} has the month first, {decided.day} the day first."
    first = f"with the {decided.order} first"
    if decided.month or decided.day:
        return f"Dates are read {first}, as {decided.month or decided.day} shows."
    readings = ([written.read(cell, order, year + 2) for order in Order] for _, cell in said)
    if any(one != other for one, other in readings):
        return f"Dates are read {first}; nothing in the table shows which comes first."
    return ""
