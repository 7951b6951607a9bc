"""next stage: tells the queues which packets have work to be done next.

Owns the one way of telling them. Promises: the queues are told only after the commit; packets that a queue does not
take are left to the sweeper.
"""

from collections.abc import Iterable

from broker.core.flow import NEXT_STAGE, Stage
from broker.core.lanes import COSTLY
from broker.core.model import State, TrackingId
from broker.edge.ledger.again import committed
from broker.edge.ledger.packets import packets
from broker.packets.services import Services


def tell(services: Services, waiting: Iterable[tuple[TrackingId, State, int]]) -> None:
    """Enqueue the next stage of these (tracking, state, lane). Packets that Redis does not take are left to the
    sweeper, and so is the costly lane, where the LEAs take turns."""
    messages: dict[tuple[Stage, int], list[str]] = {}
    for tracking, state, lane in waiting:
        if state in NEXT_STAGE:
            messages.setdefault((NEXT_STAGE[state], lane), []).append(tracking)
    missed = [
        ids
        for (stage, lane), ids in messages.items()
        if lane == COSTLY or not services.queues.enqueue(stage, ids, lane)
    ]
    if missed:
        lost = [tracking for ids in missed for tracking in ids]
        committed(services.engine, lambda connection: packets.enqueued(connection, lost, 0.0))
