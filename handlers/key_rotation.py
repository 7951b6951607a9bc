"""`key-rotation`: a party hands in a new key of its own, signed by a key that it has.

Owns how its body is read. Promises: it ends at the exchange, every party can send it, and it holds no student's data.
The stage judges whether the key may be this party's, as it does for a key that the state enters.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from broker.core.errors import Refused
from broker.core.model import PacketType
from handlers.base import ALL, Handler

HANDLER = Handler(
    type=PacketType.KEY_ROTATION,
    versions=frozenset({1}),
    senders=ALL,
    receivers=frozenset(),
    ends_here=True,
    needs_student=False,
    applied_by="key_rotation",
)

PLACE = "/certificate"


def certificate_of(body: Mapping[str, Any]) -> bytes:
    """The key of a checked `key-rotation.v1`, armored or binary. Raises Refused `key-unreadable`."""
    text = str(body["certificate"]).strip()
    if text.startswith("-----"):
        return f"{text}\n".encode()
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("key-unreadable", PLACE) from None
