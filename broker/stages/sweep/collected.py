"""collected: packets that an LEA took out of its inbox become COLLECTED.

Contract: an inbox counts only where it is known to be the LEA's (`broker.parties.marks`).
"""

from collections.abc import Sequence

from broker.core.model import LeaId, PacketType
from broker.edge.home.inbox import InboxState
from broker.edge.ledger.engine import reading
from broker.edge.ledger.packets import views
from broker.packets.services import Services
from broker.stages import collect


def notice_collected(services: Services, lea: LeaId) -> Sequence[str]:
    """Collect the packets that lay in this LEA's inbox and are gone. Returns their tracking ids."""
    with reading(services.engine) as connection:
        expected = views.uncollected(connection, lea)
    if not expected:
        return []
    present = services.inboxes.present(lea)
    gone = [
        tracking
        for tracking, token, kind in expected
        if tracking not in present
        and services.inboxes.inbox_state(lea, tracking, token, PacketType(kind)) is InboxState.GONE
    ]
    if gone:
        collect.run(services, lea, gone, collect.REMOVED)
    return gone
