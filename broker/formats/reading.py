"""What was sealed, in whichever form, as the canonical document.

Owns how a form is told. Promises: JSON is parsed once and looked at for nothing else; whatever comes out fits the
schema that its `packet` names.
"""

from collections.abc import Mapping
from typing import Any

from broker.core.model import LeaId
from broker.edge.contracts import Contracts
from broker.edge.settings import Limits
from broker.formats import canonical, ssid_csv


def read(content: bytes, file: str, lea: LeaId, limits: Limits, contracts: Contracts) -> Mapping[str, Any]:
    """The document in `content`, which lay in the outbox of `lea` under the name `file`.

    Raises Refused: the codes of `canonical.parse`, of `ssid_csv.read`, and of `Contracts.check`.
    """
    if content[:1] != b"{" and ssid_csv.is_csv(content, file):
        return ssid_csv.read(
            content, file, lea, limits.students_per_enrollment, lambda one: contracts.check(one, limits.schema_errors)
        )
    document = canonical.parse(content, limits.json_depth)
    contracts.check(document, limits.schema_errors)
    return document
