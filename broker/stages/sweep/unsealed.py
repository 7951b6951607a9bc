"""unsealed: removes contents that came in the clear from the vault, where a crash kept the worker from doing so.

Contract: may be repeated without harm.
"""

from broker.core.codes import NOT_KEPT
from broker.edge.ledger.engine import reading
from broker.edge.ledger.packets import views
from broker.packets.purge_unsealed import purge_contents
from broker.packets.services import Services


def purge_unsealed(services: Services) -> None:
    """Remove contents that came in the clear from the vault, where a crash kept the worker from doing so."""
    with reading(services.engine) as connection:
        refused = views.refused_as(connection, NOT_KEPT)
    purge_contents(services, refused)
