"""A sealed content of any form, read into the canonical document.

Owns how the form is recognised. Promises: each form is parsed once; the document fits the schema that its `packet`
names, a transcript says who asked for it, and no text of it is a social security number. The original travels, not this
document.
"""

from collections.abc import Mapping
from datetime import tzinfo
from functools import partial
from typing import Any

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge.schemas.contracts import Contracts
from broker.edge.settings.rules import Identity, TheState
from broker.edge.settings.values import Limits
from broker.formats import canonical, dates, key_block, no_ssn, pesc, tables
from broker.formats.made import Made, unsealed
from broker.formats.sis import forms
from broker.formats.sis.form import Around
from broker.formats.ssid import lines
from broker.formats.ssid import name as ssid_name
from broker.formats.transcript import request

_STANDARD, _STATE = Identity(), TheState()
_NOTHING: Mapping[str, str] = {}


def read(
    content: bytes,
    file: str,
    lea: LeaId,
    limits: Limits,
    contracts: Contracts,
    identity: Identity = _STANDARD,
    today: dates.Today | None = None,
    *,
    zone: tzinfo = _STATE.time.zone,
    made: Made | None = None,
    defaults: Mapping[str, str] = _NOTHING,
    wanted: str = "",
    leaves_ssn: bool = False,
) -> Mapping[str, Any]:
    """The document in `content`, which lay in the outbox of `lea` under the name `file`.

    `identity` says which state's student ids are SSIDs; dates are judged by `today`, and not judged without it; `zone`
    is the time zone of a time without an offset; `made` says what a table does not; without it, it is read as if it
    were sealed now; `defaults` and `leaves_ssn` are those of `sis.form.Around`, the first beside the mapping's own;
    `wanted` is the packet type that a table shall be, '' for what it is meant to be. Raises Refused: the codes of
    `canonical.parse`, `tables.read`, the forms of `sis.forms`, `key_block.read` and `Contracts.check`; `has-ssn` from
    `no_ssn`, `impossible-date` and `file-date` from `dates`; `no-request` for a transcript that nobody asked for;
    `mapping` where the LEA's mapping cannot be used.
    """
    if key_block.is_key(content):
        key = key_block.read(content, lea, limits.handed_in_bytes)
        contracts.check(key, limits.schema_errors)
        return key
    made = made or unsealed(zone)
    form = forms.told(content, limits)
    if form is None and content[:1] != b"{" and tables.is_table(content, file, made.mapping):
        return _table(content, file, lea, limits, contracts, today, made, wanted)
    if form is not None:
        check = partial(contracts.check, max_errors=limits.schema_errors)
        given = {**tables.mapping_in(made.mapping).defaults, **defaults}
        around = Around(lea, limits, check, made, identity.state, zone, given, leaves_ssn)
        document = form[0].read(content, form[1], around)
        if lines.SHEET in document:
            return document
    else:
        document = canonical.parse(content, limits.json_depth)
        no_ssn.check_document(content, document, contracts.names)
    if document.get("packet") == pesc.PACKET:
        request.require(document)
        contracts.check(document, limits.schema_errors)
        request.check(document, is_dated=form is None)
    else:
        _check(document, lea, limits, contracts)
    if today is not None:
        dates.check(document, content if form is None else None, today)
    return document


def _table(
    content: bytes,
    file: str,
    lea: LeaId,
    limits: Limits,
    contracts: Contracts,
    today: dates.Today | None,
    made: Made,
    wanted: str,
) -> Mapping[str, Any]:
    most, most_faults = limits.students_per_enrollment, limits.schema_errors

    def check(one: Mapping[str, Any]) -> None:
        contracts.check(one, most_faults)
        if today is not None and "record" in one:
            dates.check(one, None, today)

    found = tables.read(content, file, lea, most, made, check, wanted)
    if today is not None and ssid_name.is_request(file) and found["packet"] == lines.PACKET:
        dates.check_file_day(found[lines.SHEET].day, today)
    return found


def named_by(content: bytes, document: Mapping[str, Any]) -> bytes:
    """The bytes whose digest shows that a document was sent before: its content, or the id that its rows have made."""
    sheet = document.get(lines.SHEET)
    return str(document["id"]).encode() if sheet is not None and sheet.is_named_by_rows else content


def _check(document: Mapping[str, Any], lea: LeaId, limits: Limits, contracts: Contracts) -> None:
    """Raises Refused as `Contracts.check` does; the refusal also names a wrong `from`, which no schema finds."""
    try:
        contracts.check(document, limits.schema_errors)
    except Refused as refused:
        if refused.code != "schema" or document.get("from", lea) == lea:
            raise
        raise Refused(refused.code, refused.pointer, f"{refused.hint}\n/from: must be {lea}") from None
