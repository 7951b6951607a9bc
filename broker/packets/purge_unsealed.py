"""purge unsealed: removes contents from the vault that were refused because they were not sealed.

Contract: content that another waiting packet still needs stays; the check and the removal happen while nobody else can
write to the ledger, so intake can trust what it stored.
"""

from collections.abc import Sequence

from broker.core.model import Sha256
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import Reading
from broker.edge.ledger.packets import packets
from broker.packets.services import Services


def purge_contents(services: Services, contents: Sequence[Sha256]) -> None:
    """Remove these contents from the vault, except those that a waiting packet needs."""
    if not contents:
        return

    def once(connection: Reading) -> None:
        for sha256 in set(contents) - packets.waiting_with(connection, contents):
            services.vault.remove(sha256)

    committed(services.engine, once)
