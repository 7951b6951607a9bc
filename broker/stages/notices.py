"""The exchange's own notices: sealed packets that it leaves for a party.

Owns their header. Promises: a notice is born within the caller's transaction, so that it exists if and only if what it
tells of does; it is sealed to the exchange itself, so that deliver re-locks it like any packet.
"""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from broker.core.model import LeaId, PacketType, State, TrackingId
from broker.edge import openpgp
from broker.edge.ledger import packets
from broker.edge.ledger.rows import PacketRow
from broker.formats import canonical
from broker.stages.services import Services


def leave(
    services: Services,
    connection: Connection,
    lea: LeaId,
    kind: PacketType,
    body: Mapping[str, Any],
    is_to_be_read: bool = False,
    is_one_of_many: bool = False,
) -> TrackingId:
    """Leave a JSON notice for a party; its tracking id. `body` is all but the header. One that people read has a line
    for each fact, in the order of `body`. Who leaves many flushes the vault once, before the transaction ends."""
    header = {
        "packet": f"{kind}.v1",
        "id": services.new_tracking(),
        "from": "exchange",
        "to": lea,
        "created": services.clock().isoformat(timespec="seconds"),
    }
    whole = header | dict(body)
    content = json.dumps(whole, indent=1, ensure_ascii=False).encode() if is_to_be_read else canonical.serialise(whole)
    return leave_bytes(services, connection, lea, kind, content, is_one_of_many)


def leave_bytes(
    services: Services,
    connection: Connection,
    lea: LeaId,
    kind: PacketType,
    content: bytes,
    is_one_of_many: bool = False,
) -> TrackingId:
    """Leave a notice in another form than JSON, such as CSV; its tracking id."""
    at = services.clock().timestamp()
    stored = services.vault.put(openpgp.seal(content, services.key, [services.key.certificate]))
    if not is_one_of_many:
        services.vault.flush()
    born = PacketRow(
        tracking=TrackingId(services.new_tracking()),
        origin=LeaId(""),
        source_name="",
        source_mark="",
        sha256=stored.sha256,
        size=stored.size,
        received_at=at,
        state=State.ROUTED,
        type=kind,
        receiver=lea,
        updated_at=at,
    )
    packets.born(connection, [born], [])
    return born.tracking
