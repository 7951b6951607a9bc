"""leases: what a worker has in hand stays its own for as long as it works on it.

Contract: a claim ends after `lease_seconds`, so that what a dead worker had is taken up by another one; a living worker
prolongs its claims meanwhile, in a thread of its own, whatever holds the work up. Nothing else is written here. When
the ledger does not answer, the claim ends as if the worker had died; then the commit finds it gone and writes nothing.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from broker.core.errors import Deferred
from broker.edge.ledger.engine import DatabaseError, writing
from broker.edge.ledger.packets import packets
from broker.packets.services import Services

_PER_LEASE = 3  # times that a claim is prolonged before it would end


@contextmanager
def working(services: Services, token: str) -> Iterator[None]:
    """The claims under this token are being worked."""
    services.tokens.add(token)
    try:
        yield
    finally:
        services.tokens.discard(token)


def keep(services: Services) -> int:
    """Prolong every claim that is being worked; how many packets that were."""
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
        except (DatabaseError, Deferred) as failed:  # the round itself meets it too, and is dealt with there
            services.log.warning("claims not prolonged", kind=type(failed).__name__)
