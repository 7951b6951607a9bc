"""Which document a table is, told by its columns, and its reading.

Owns this decision; `tabular.forms` has the forms. Promises: the name of a file decides nothing but that `REQ_...`
is an SSID request; where it is not plain what a table is, the refusal says which columns are missing for which.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from broker.core.days.written import Order
from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.formats import heading, no_ssn, returned, sheets, table
from broker.formats.enrollment import header
from broker.formats.heading import Headed
from broker.formats.made import Made
from broker.formats.mapping import applied, switch
from broker.formats.mapping import reading as mapping_form
from broker.formats.mapping.rules import NOTHING, Rules
from broker.formats.ssid import columns as ssid_columns
from broker.formats.ssid import lines as ssid
from broker.formats.ssid import name as ssid_name
from broker.formats.student_record import sheets as record_sheets
from broker.formats.table import Row, Table, place_of
from broker.formats.tabular.forms import FIELDS, FORMS, OF_LISTS, Check, Form, Given, known_in, known_in_one

_KNOWN_CELLS = 3  # so many known cells make a line the header of a table
_LEAST_OF_LINE = 2  # so many are known where a line has names of columns at all
_MOST_MEANT = 2  # documents, of which a table may be meant to be one, and lacks the fewest columns


def found(content: bytes, most_lines: int, mapping: str = "") -> Table:
    """The table in a file; of a workbook whose sheets are one record, all. Raises the codes of `sheets.read`."""
    joined = sheets.Joined(record_sheets.joined, known_by(mapping))
    return sheets.read(content, most_lines, _by(mapping, known_in_one), joined)


def is_of_one_student(table: Table) -> bool:
    """Whether a table is a part of a student's record."""
    return record_sheets.is_meant(table)


def is_table(content: bytes, file: str, mapping: str = "") -> bool:
    """Whether the content is meant to be a table: it is not JSON, and its file name or its column names say so, the
    latter also under the names that the LEA's mapping gives them. Raises Refused `mapping`."""
    if sheets.is_workbook(content):
        return True
    if content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return False
    lines = table.first_lines(content)
    if ssid_name.is_meant(file) or any(map(_is_header, lines)):
        return True
    return bool(mapping) and any(_is_header(named(one, mapping)) for one in lines)


def _is_header(cells: Sequence[str]) -> bool:
    """Whether a line has so many names of columns, or all that one of the tables needs."""
    return known_in(cells) >= _KNOWN_CELLS or any(not one.missing(cells) for one in FORMS)


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
    known = [one for one in FORMS if one.known_in([name])]
    fields = [one.field_of(name) for one in ([one for one in known if one.tells_codes] or known)]
    return name if name in fields else next(iter(fields), "")


def named(cells: Sequence[str], mapping: str) -> tuple[str, ...]:
    """The cells of a header under our names, by the LEA's mapping."""
    return applied.names(cells, mapping_in(mapping), FIELDS) if mapping else tuple(cells)


def known_by(mapping: str) -> sheets.Known:
    """The same as `known_in`, for headers as an LEA writes them that has this mapping."""
    return _by(mapping, known_in)


def _by(mapping: str, known: sheets.Known) -> sheets.Known:
    return (lambda cells: known(named(cells, mapping))) if mapping else known


def read(
    content: bytes, file: str, lea: LeaId, most_lines: int, made: Made, check: Check, wanted: str = ""
) -> dict[str, Any]:
    """The document that a table becomes, with a `Sheet` as its property `sheet`; with `wanted` it is to be of this
    packet type, one of `FORMS`.

    `check` raises Refused `schema` for a document that does not fit. Raises Refused: the codes of `sheets.read` and
    of the forms' own reading, `csv-form` where it is not plain what the table is, and `mapping`.
    """
    if ssid_name.is_request(file) and wanted in ("", ssid.PACKET):
        return ssid.read(content, file, lea, most_lines, check, _way_of_requests(made))
    whole = found(content, most_lines, made.mapping)
    headed = heading.headed(whole, known_by(made.mapping))
    return document_of(given_of(headed, sheets.plain(content, whole), made), lea, made, check, wanted)


def document_of(given: Given, lea: LeaId, made: Made, check: Check, wanted: str = "") -> dict[str, Any]:
    """The same of a table that was found, or of a part of one."""
    meant = _asked_for(given, made, wanted) if wanted else next(iter(meant_by(given, made)), None)
    if meant is None:
        raise _unclear(given.own, given.headed.above)
    try:
        document = meant.read(with_defaults(given, meant, made), lea, made, check)
    except Refused as refused:
        askew = heading.askew(given.own, given.headed.above, known_in) if refused.code == "csv-form" else ""
        raise (Refused(refused.code, refused.pointer, f"{askew} {refused.hint}") if askew else refused) from None
    if ssid.SHEET not in document:
        return document
    return document | {ssid.SHEET: replace(document[ssid.SHEET], is_whole=given.is_whole)}


def meant_by(given: Given, made: Made) -> list[Form]:
    """The forms that a table can be, the first of which reads it: by its own columns, or else with the defaults of the
    LEA's mapping."""
    meant = [one for one in FORMS if one.is_meant(given.own)]
    return meant or [one for one in FORMS if one.is_meant(with_defaults(given, one, made).own)]


def _asked_for(given: Given, made: Made, wanted: str) -> Form:
    """The form of this packet type. Raises Refused `csv-form` where a table has no columns of it."""
    form = next(one for one in FORMS if one.packet == wanted)
    filled = with_defaults(given, form, made).own
    missing = form.missing(filled.header.cells)
    if missing and not form.tells_codes and not form.is_meant(filled):
        said = f"These columns are missing for {form.name}: {', '.join(missing)}."
        raise Refused("csv-form", place_of(given.own.header), said)
    return form


def given_of(headed: Headed, text: bytes, made: Made) -> Given:
    """A table that was found in a file, as the LEA's mapping reads it; `text` has a byte for each digit of it."""
    own, above = returned.without_added(headed.table, headed.above)
    mapped, is_whole = _mapped(own, text, made)
    order, meant = order_of(made), _meant(made, is_whole=is_whole)
    if mapped is own:
        return Given(headed, own, text, is_whole, order, meant)
    _check_added(headed.table, text)
    return Given(Headed(mapped, above), mapped, text, is_whole, order, meant)


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


def _meant(made: Made, *, is_whole: bool) -> tuple[str, ...]:
    """What is said of a table that its cells do not show: the same rows are another document then."""
    rules = mapping_in(made.mapping)
    return (str(rules.order or ""), str(is_whole)) if made.mapping or is_whole else ()


def with_defaults(given: Given, form: Form, made: Made) -> Given:
    """The table with the columns that it does not have and for which the LEA's mapping has a default."""
    if not made.mapping:
        return given
    own = applied.with_defaults(given.own, mapping_in(made.mapping), lambda name: form.known_in([name]), FIELDS)
    own = own if form.tells_codes else applied.told_as_faults(own)
    return given._replace(headed=Headed(own, given.headed.above), own=own)


def _unclear(found: Table, above: Sequence[Row]) -> Refused:
    """The refusal of a table that is plainly none of the forms."""
    askew = heading.askew(found, above, known_in)
    if askew and known_in(found.header.cells) < _KNOWN_CELLS:
        return Refused("csv-form", place_of(found.header), askew)
    named = [cell for cell in found.header.cells if cell]
    if known_in(found.header.cells) < min(_LEAST_OF_LINE, len(named)):
        hint = (
            "None of its first lines holds the names of the columns, such as Last Name, First Name, Birth Date: put"
            " them above the students."
        )
        return Refused("csv-form", place_of(found.header), hint)
    cells = found.header.cells
    lists = [one for one in reversed(OF_LISTS) if one.known_in(cells)]
    known = lists or [one for one in FORMS if one.known_in(cells)]
    nearest = sorted(known, key=lambda one: len(one.missing(cells)) - one.known_in(cells))[:_MOST_MEANT]
    lacking = "; ".join(f"for {one.name}: {', '.join(one.missing(cells))}" for one in nearest)
    unknown = header.unknown(found.header, [cell if known_in([cell]) else "" for cell in cells])
    said = f"{askew} These columns are missing {lacking}. {unknown}".strip()
    return Refused("csv-form", place_of(found.header), said)
