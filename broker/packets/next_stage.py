"""next stage: the queues are told which packets have something to be done next.

Owns the one way in which they are told. Promises: only behind the commit that makes it so; what a queue does not take
is left to the sweeper.
"""

from collections.abc import Iterable

from broker.core.flow import NEXT_STAGE, Stage
from broker.core.lanes import COSTLY
from broker.core.model import State, TrackingId
from broker.edge.ledger.again import committed
from broker.edge.ledger.packets import packets
from broker.packets.services import Services


def tell(services: Services, waiting: Iterable[tuple[TrackingId, State, int]]) -> None:
    """Enqueue the next stage of these (tracking, state, lane); what Redis does not take is left to the sweeper, and so
    is the costly lane, in which each LEA has its turn."""
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
