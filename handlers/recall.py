"""`recall`: a sender takes back a packet that its receiver has not collected yet.

Owns how its body is read. Promises: it ends at the exchange, every party that may send records can send it, and it
holds no student's data. The stage checks that the packet is this sender's own (`unknown-tracking`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from broker.core.errors import Refused
from broker.core.model import PacketType, TrackingId
from handlers.base import ALL, LEAS, Handler

HANDLER = Handler(
    type=PacketType.RECALL,
    versions=frozenset({1}),
    senders=LEAS,
    receivers=ALL,
    ends_here=True,
    needs_student=False,
    applied_by="recall",
)


@dataclass(frozen=True, slots=True)
class RecallRequest:
    """The packet to recall, named by its tracking id, by the id of its document, or by both; '' where not given. `why`
    is a word of the schema's closed list."""

    tracking: TrackingId
    document: str
    why: str

    @property
    def pointer(self) -> str:
        """The JSON pointer (RFC 6901) of the property that names the packet."""
        return "/tracking" if self.tracking else "/document"


def request_of(body: Mapping[str, Any]) -> RecallRequest:
    """The wish in a checked `recall.v1`; ids in lower case. Raises Refused("schema") where it names no packet."""
    tracking, document = (str(body.get(name, "")).lower() for name in ("tracking", "document"))
    if not (tracking or document):
        raise Refused("schema", "/tracking", "It must name the packet, by `tracking` or by `document`.")
    return RecallRequest(TrackingId(tracking), document, str(body["why"]))
