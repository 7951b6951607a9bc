"""What was sealed, in whichever form, as the canonical document.

Owns how a form is told. Promises: each form is parsed once; whatever comes out fits the schema that its `packet` names,
and a transcript says who asked for it. What travels is the original, not what comes out here.
"""

from collections.abc import Mapping
from typing import Any

from broker.core.model import LeaId
from broker.edge.contracts import Contracts
from broker.edge.settings import Identity, Limits
from broker.formats import canonical, key_block, pesc, request, ssid_csv

_STANDARD = Identity()


def read(
    content: bytes, file: str, lea: LeaId, limits: Limits, contracts: Contracts, identity: Identity = _STANDARD
) -> Mapping[str, Any]:
    """The document in `content`, which lay in the outbox of `lea` under the name `file`.

    `identity` says which state's student ids are SSIDs, and in which zone a time without an offset was written.
    Raises Refused: the codes of `canonical.parse`, `ssid_csv.read`, `pesc.read_any`, `key_block.read` and
    `Contracts.check`; `no-request` for a transcript that nobody asked for.
    """
    if key_block.is_key(content):
        key = key_block.read(content, lea, limits.handed_in_bytes)
        contracts.check(key, limits.schema_errors)
        return key
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
        contracts.check(document, limits.schema_errors)
        return document
    request.require(document)
    contracts.check(document, limits.schema_errors)
    request.check(document, is_dated=not is_xml)
    return document
