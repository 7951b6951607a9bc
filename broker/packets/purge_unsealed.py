"""purge unsealed: what was refused because it was not sealed leaves the vault.

Contract: content that another packet still has to be worked with stays; the question and the removal happen while
nobody else can write to the ledger, so that intake can trust what it stored.
"""

from collections.abc import Sequence

from broker.core.model import Sha256
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import Reading
from broker.edge.ledger.packets import packets
from broker.packets.services import Services


def purge_contents(services: Services, contents: Sequence[Sha256]) -> None:
    """Remove these contents, but for those that a packet is waiting with."""
    if not contents:
        return

    def once(connection: Reading) -> None:
        for sha256 in set(contents) - packets.waiting_with(connection, contents):
            services.vault.remove(sha256)

    committed(services.engine, once)
