"""`acknowledgement`: a receiver signs that it has a packet, or that it cannot use it.

Owns how its body is read. Promises: it ends at the exchange, whoever can receive can send it, and it holds no student's
data. That the packet was delivered to this very sender is for the stage to check (`unknown-tracking`).
"""

from collections.abc import Mapping
from typing import Any

from broker.core.model import PacketType, TrackingId
from handlers.base import ALL, Handler

HANDLER = Handler(
    type=PacketType.ACKNOWLEDGEMENT,
    versions=frozenset({1}),
    senders=ALL,
    receivers=ALL,
    ends_here=True,
    needs_student=False,
)


def tracking_of(body: Mapping[str, Any]) -> TrackingId:
    """The tracking id that a checked `acknowledgement.v1` names, in lower case."""
    return TrackingId(str(body["tracking"]).lower())


def is_rejection(body: Mapping[str, Any]) -> bool:
    """Whether the receiver says that it cannot use the packet."""
    return bool(body["status"] == "rejected")


def code_of(body: Mapping[str, Any]) -> str:
    """The receiver's reason, a word of the schema's closed list; '' when it gave none."""
    return str(body.get("code", ""))
