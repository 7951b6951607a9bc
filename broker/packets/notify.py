"""The exchange's own notices: sealed packets that it leaves for a party.

Owns their header. Promises: a notice is born within the caller's transaction, so that it exists if and only if what it
tells of does; it is sealed to the exchange itself, so that deliver re-locks it like any packet.
"""

import json
from collections.abc import Mapping
from typing import Any

from broker.core.model import LeaId, PacketType, State, TrackingId
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.pgp import openpgp
from broker.formats import canonical
from broker.packets.services import Services


def leave(
    services: Services,
    connection: Writing,
    lea: LeaId,
    kind: PacketType,
    body: Mapping[str, Any],
    is_to_be_read: bool = False,
    is_one_of_many: bool = False,
) -> TrackingId:
    """Leave a JSON notice for a party; its tracking id. `body` is all but the header. One that people read has a line
    for each fact, in the order of `body`. Who leaves many flushes the vault once, before the transaction ends."""
    return _left(services, connection, made(services, lea, kind, body, is_to_be_read), is_one_of_many)


def made(
    services: Services, lea: LeaId, kind: PacketType, body: Mapping[str, Any], is_to_be_read: bool = False
) -> PacketRow:
    """The notice, sealed and in the vault, which is to be flushed; it is left where its row is born."""
    header = {
        "packet": f"{kind}.v1",
        "id": services.new_tracking(),
        "from": "exchange",
        "to": lea,
        "created": services.time.told(services.clock()),
    }
    whole = header | dict(body)
    content = json.dumps(whole, indent=1, ensure_ascii=False).encode() if is_to_be_read else canonical.serialise(whole)
    return made_of(services, lea, kind, content)


def leave_bytes(
    services: Services,
    connection: Writing,
    lea: LeaId,
    kind: PacketType,
    content: bytes,
    is_one_of_many: bool = False,
) -> TrackingId:
    """Leave a notice in another form than JSON, such as CSV; its tracking id."""
    return _left(services, connection, made_of(services, lea, kind, content), is_one_of_many)


def _left(services: Services, connection: Writing, made: PacketRow, is_one_of_many: bool) -> TrackingId:
    if not is_one_of_many:
        services.vault.flush()
    packets.born(connection, [made], [])
    return made.tracking


def made_of(services: Services, lea: LeaId, kind: PacketType, content: bytes) -> PacketRow:
    """As `made`, of a notice in another form than JSON."""
    at = services.clock().timestamp()
    stored = services.vault.put(openpgp.seal(content, services.key, [services.key.certificate]))
    return PacketRow(
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
