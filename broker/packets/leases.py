"""leases: a worker keeps its claims on packets for as long as it works on them.

Contract: a claim ends after `lease_seconds`, so another worker takes over a dead worker's packets; a living worker
prolongs its claims in a thread of its own, whatever holds the work up. Nothing else is written here. When the ledger
does not answer, the claim ends as if the worker had died; the commit then finds the claim gone and writes nothing.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from broker.core.errors import Deferred
from broker.edge.ledger.engine import DatabaseError, writing
from broker.edge.ledger.packets import packets
from broker.packets.services import Services

_PER_LEASE = 3  # how often a claim is prolonged within one lease


@contextmanager
def working(services: Services, token: str) -> Iterator[None]:
    """Mark the claims under this token as being worked, within this context."""
    services.tokens.add(token)
    try:
        yield
    finally:
        services.tokens.discard(token)


def keep(services: Services) -> int:
    """Prolong every claim that is being worked. Returns the number of packets."""
    until = services.clock().timestamp() + services.settings.workers.lease_seconds
    kept = 0
    for token in tuple(services.tokens):
        with writing(services.engine) as connection:
            kept += packets.prolong_all(connection, token, until)
    return kept


def keep_on(services: Services, stop: threading.Event) -> None:
    """Prolong claims until `stop`."""
    while not stop.wait(services.settings.workers.lease_seconds / _PER_LEASE):
        try:
            keep(services)
        except (DatabaseError, Deferred) as failed:  # the round meets the same failure, and handles it
            services.log.warning("claims not prolonged", kind=type(failed).__name__)
