"""The exchange's own notices: sealed packets that it leaves for a party.

Owns their header. Promises: a notice is written within the caller's transaction, so it exists exactly if the event that
it reports was committed; it is sealed to the exchange itself, so deliver re-locks it like any packet.
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
    """Leave a JSON notice for a party. Returns its tracking id. `body` is everything but the header. A notice that
    people read (`is_to_be_read`) has one line for each fact, in the order of `body`. A caller that leaves many
    (`is_one_of_many`) flushes the vault once, before the transaction ends."""
    return _left(services, connection, made(services, lea, kind, body, is_to_be_read), is_one_of_many)


def made(
    services: Services, lea: LeaId, kind: PacketType, body: Mapping[str, Any], is_to_be_read: bool = False
) -> PacketRow:
    """The row of a notice that is sealed and in the vault. The caller flushes the vault and writes the row
    (`packets.born`)."""
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
    """Leave a notice in another form than JSON, such as CSV. Returns its tracking id."""
    return _left(services, connection, made_of(services, lea, kind, content), is_one_of_many)


def _left(services: Services, connection: Writing, made: PacketRow, is_one_of_many: bool) -> TrackingId:
    if not is_one_of_many:
        services.vault.flush()
    packets.born(connection, [made], [])
    return made.tracking


def made_of(services: Services, lea: LeaId, kind: PacketType, content: bytes) -> PacketRow:
    """The same as `made`, for a notice in another form than JSON."""
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
