"""resume: sends held packets on to route.

Contract: a packet that is no longer held for this reason is left alone.
"""

from collections.abc import Sequence
from functools import partial

from broker.core.model import HeldFor, LeaId, State
from broker.edge.ledger import epoch
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets import moves, packets
from broker.edge.ledger.packets.rows import Move, PacketRow, Step
from broker.packets.destination import is_forwarded
from broker.packets.services import Services

_MOVES_AT_ONCE = 200


def resume(services: Services, trackings: Sequence[str], why: str) -> None:
    """Send held packets on to route."""
    for start in range(0, len(trackings), _MOVES_AT_ONCE):
        some = trackings[start : start + _MOVES_AT_ONCE]
        committed(services.engine, partial(_resume, services, some, why))


def _resume(services: Services, trackings: Sequence[str], why: str, connection: Writing) -> None:
    resume_in(services, connection, trackings, why)


def resume_in(services: Services, connection: Writing, trackings: Sequence[str], why: str) -> None:
    """Send held packets on to route, within the caller's transaction."""
    epoch.settle(connection)  # first, as in every transaction that moves packets
    rows = [packets.get(connection, tracking) for tracking in trackings]
    released = [
        Move(row, row._replace(state=State.ADMITTED, held_for="", receiver=_still(row)), (Step(State.ADMITTED, why),))
        for row in rows
        if row is not None and row.state is State.HELD and row.held_for == why
    ]
    moves.advance(connection, released, services.clock().timestamp())


def _still(row: PacketRow) -> LeaId:
    """The receiver, where it stays; '' for a packet that the state held, except a forwarded part: route finds the
    receiver again, by where the student is now."""
    return LeaId("") if row.held_for == HeldFor.BLOCKED and not is_forwarded(row) else LeaId(row.receiver)
