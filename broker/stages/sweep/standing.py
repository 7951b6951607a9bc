"""standing: tells the queues of packets that no queue knows, or that stood still too long.

Contract: may be repeated or missed without harm. If Redis loses everything, only time is lost.
"""

from broker.core.flow import NEXT_STAGE
from broker.core.lanes import BULK, EXPRESS
from broker.core.model import State, TrackingId
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import packets
from broker.edge.queue.queues import LANES
from broker.packets.next_stage import tell
from broker.packets.services import Services

_AT_ONCE = 2_000


def enqueue_standing(services: Services) -> int:
    """Tell the queues of packets that no queue knows or that stood still too long; returns how many."""
    if services.queues.lost_everything():
        committed(services.engine, packets.mark_unqueued)
    waiting = services.queues.waiting()
    if waiting is None:
        return 0
    now = services.clock().timestamp()
    # while the queues have work, a waiting packet is only behind others: it is told again later, not every round
    is_busy = any(waiting.get(LANES[lane]) for lane in (EXPRESS, BULK))
    patience = services.settings.workers.stale_seconds * (10 if is_busy else 1)
    standing: list[tuple[TrackingId, State, int]] = []
    with reading(services.engine) as connection:
        for state in NEXT_STAGE:
            found = packets.due(connection, state, now, now - patience, _AT_ONCE)
            standing += [(TrackingId(tracking), state, lane) for tracking, lane in found]
    if standing:
        named = [tracking for tracking, _, _ in standing]
        committed(services.engine, lambda connection: packets.enqueued(connection, named, now))
        tell(services, standing)
    return len(standing) + enqueue_costly(services)


def enqueue_costly(services: Services) -> int:
    """Enqueue one packet in the costly lane for each LEA that has none being worked there; returns how many."""
    now = services.clock().timestamp()
    limits, workers = services.settings.limits, services.settings.workers
    patience = max(workers.stale_seconds, limits.read_wall_seconds)  # a packet of another LEA may be read meanwhile
    with reading(services.engine) as connection:
        found = packets.due_costly(connection, now, now - patience)
    told = [tracking for tracking, state, lane in found if services.queues.enqueue(NEXT_STAGE[state], [tracking], lane)]
    if told:
        with writing(services.engine) as connection:
            packets.enqueued(connection, told, now)
    return len(told)
