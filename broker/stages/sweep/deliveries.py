"""deliveries: publishes or drops files that a crash left hidden in an inbox.

Contract: only the ledger decides, so this may be repeated; files that a worker may still be working on are left.
"""

from broker.core.errors import Deferred
from broker.core.model import LeaId, PacketType, State, TrackingId
from broker.edge.home.folders import Missing
from broker.edge.home.inbox import withdrawn
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import corrections, packets
from broker.packets.services import Services


def finish_deliveries(services: Services, lea: LeaId) -> int:
    """Publish hidden files whose packet the ledger calls DELIVERED, and drop those of failed claims and of withdrawn
    packets.

    Returns how many are left because a worker may still be working on them.
    """
    left = 0
    for tracking, token in services.inboxes.staged(lea):
        try:
            left += _finish(services, lea, tracking, token)
        except Missing:
            raise
        except Deferred as later:  # another thing has its name; the other files go on
            services.troubles.meet(services.log, "a packet cannot be shown", later, lea=lea, tracking=tracking)
            left += 1
    return left


def _finish(services: Services, lea: LeaId, tracking: str, token: str) -> int:
    """Handle one hidden file. Returns 1 where a worker may still be working on it, else 0."""
    with reading(services.engine) as connection:
        row = packets.get(connection, tracking)
    own = row.token if row else ""
    if row is not None and row.state is State.DELIVERED and token == withdrawn(own):
        _show_again(services, lea, tracking, token)
    elif row is None or token != own or row.state in (State.COLLECTED, State.REFUSED):
        services.inboxes.drop_stage(lea, TrackingId(tracking), token)
    elif row.state is State.DELIVERED:
        services.inboxes.publish(lea, row.tracking, token, PacketType(row.type))
    else:
        return 1
    return 0


def _show_again(services: Services, lea: LeaId, tracking: str, token: str) -> None:
    """Publish a packet again whose withdrawal was broken off, unless another transaction has withdrawn it since."""
    with writing(services.engine) as connection:
        row = corrections.locked(connection, tracking)
        if row is not None and row.state is State.DELIVERED:
            services.inboxes.publish(lea, row.tracking, token, PacketType(row.type))
        else:
            services.inboxes.drop_stage(lea, TrackingId(tracking), token)
