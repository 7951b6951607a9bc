"""What was sealed, in whichever form, as the canonical document.

Owns how a form is told. Promises: each form is parsed once; whatever comes out fits the schema that its `packet` names,
and a transcript says who asked for it. What travels is the original, not what comes out here.
"""

from collections.abc import Mapping
from typing import Any

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge.contracts import Contracts
from broker.edge.settings import Identity, Limits
from broker.formats import canonical, pesc, request, ssid_csv

_STANDARD = Identity()


def read(
    content: bytes, file: str, lea: LeaId, limits: Limits, contracts: Contracts, identity: Identity = _STANDARD
) -> Mapping[str, Any]:
    """The document in `content`, which lay in the outbox of `lea` under the name `file`.

    `identity` says which state's student ids are SSIDs, and in which zone a time without an offset was written.
    Raises Refused: the codes of `canonical.parse`, of `ssid_csv.read`, of `pesc.read_any`, and of `Contracts.check`;
    `no-request` for a transcript that nobody asked for.
    """
    is_xml = pesc.is_xml(content)
    if not is_xml and content[:1] != b"{" and ssid_csv.is_csv(content, file):
        return ssid_csv.read(
            content, file, lea, limits.students_per_enrollment, lambda one: contracts.check(one, limits.schema_errors)
        )
    document = (
        pesc.read_any(content, lea, identity.state, identity.tzinfo)
        if is_xml
        else canonical.parse(content, limits.json_depth)
    )
    if document.get("packet") != pesc.PACKET:
        _check(document, lea, limits, contracts)
        return document
    request.require(document)
    contracts.check(document, limits.schema_errors)
    request.check(document, is_dated=not is_xml)
    return document


def _check(document: Mapping[str, Any], lea: LeaId, limits: Limits, contracts: Contracts) -> None:
    """Raises Refused as `Contracts.check` does; a wrong `from`, which is no fault of the form, is told with them."""
    try:
        contracts.check(document, limits.schema_errors)
    except Refused as refused:
        if refused.code != "schema" or document.get("from", lea) == lea:
            raise
        raise Refused(refused.code, refused.pointer, f"{refused.hint}\n/from: must be {lea}") from None
