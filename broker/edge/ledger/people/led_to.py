"""What else there is about a student whose decision is undone: packets, and locations.

Owns these queries of `packets`, `events` and `enrollments`. Promises: reads only.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select

from broker.core.model import HeldFor, PacketType, State
from broker.core.routing import Travels
from broker.edge.ledger.engine import Reading
from broker.edge.ledger.people.stays import counts
from broker.edge.ledger.tables import enrollments, events, packets


def used_elsewhere(connection: Reading, ssid: str, tracking: str, places: Sequence[int]) -> bool:
    """Whether another packet than this one is about the student, or there is a location besides these."""
    other = select(packets.c.tracking).where(packets.c.ssid == ssid, packets.c.tracking != tracking)
    mine = (enrollments.c.ssid == ssid, enrollments.c.id.not_in(places), counts(enrollments.c))
    place = select(enrollments.c.id).where(*mine)
    return any(connection.execute(query.limit(1)).first() is not None for query in (other, place))


def _led_to(ssid: str, lea: str, kinds: Collection[PacketType]) -> Any:
    """Packets that follow the student: the enrollment decides where they go, whatever their `to` says."""
    return (packets.c.ssid == ssid) & (packets.c.receiver == lea) & packets.c.type.in_(sorted(kinds))


def on_the_way(connection: Reading, ssid: str, lea: str, travels: Travels) -> list[str]:
    """Undelivered records of the student that go to this LEA because the student is enrolled there. Parts of the record
    store are not included: they have a fixed receiver, and are checked when they are delivered."""
    waits = (packets.c.state == State.HELD) & (packets.c.held_for == HeldFor.RECEIVER_KEY)
    is_led = _led_to(ssid, lea, travels.follow)
    query = select(packets.c.tracking).where(is_led, (packets.c.state == State.ROUTED) | waits)
    return [row[0] for row in connection.execute(query.order_by(packets.c.tracking))]


def delivered_since(connection: Reading, ssid: str, lea: str, at: float, travels: Travels) -> list[str]:
    """Records, and parts of the record store, that were delivered there after this time (seconds since the epoch)."""
    is_led = _led_to(ssid, lea, travels.follow | travels.kept)
    query = (
        select(packets.c.tracking)
        .join(events, events.c.tracking == packets.c.tracking)
        .where(is_led, events.c.after == State.DELIVERED, events.c.before != State.DELIVERED, events.c.at >= at)
    )
    return [row[0] for row in connection.execute(query.order_by(packets.c.tracking))]
