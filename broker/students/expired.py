"""expired: what was sent of a student goes from a decided question, once the decision is not taken back any more.

Contract: called again and again by the sweeper, a slice at a time. It is begun at start, and then at
`keeping.forget_hour` of each night, or sooner where `keeping.undo_days` is shorter than a day. A night that is broken
off, or done twice, changes nothing more.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from broker.core.days.state_time import StateTime
from broker.edge.ledger import purging
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import Writing, reading
from broker.edge.ledger.people import registry
from broker.packets.services import Services

_DAY = 86_400.0
_LEAST_SECONDS = 5.0
_PAUSE_SECONDS = 600.0  # after a night that failed


class Nightly:
    """`look` does one slice, and nothing until it is due."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._due = 0.0
        self._slices: Iterator[None] = iter(())

    def look(self) -> None:
        """One slice. Raises what the ledger raises; it is begun again some minutes later."""
        try:
            for _ in self._slices:
                return
        except BaseException:
            self._slices = iter(())
            self._due = self._services.clock().timestamp() + _PAUSE_SECONDS
            raise
        now = self._services.clock()
        if now.timestamp() >= self._due:
            keeping = self._services.settings.keeping
            self._due = _next(now, self._services.time, keeping.forget_hour, keeping.undo_days)
            self._slices = night(self._services)


def _next(now: datetime, state: StateTime, hour: int, undo_days: float) -> float:
    """When it is due again, in seconds since the epoch."""
    day = state.day(now)
    tonight = state.hour(day, hour)
    tonight = tonight if tonight > now.timestamp() else state.hour(day + timedelta(days=1), hour)
    return min(tonight, now.timestamp() + max(_LEAST_SECONDS, undo_days * _DAY))


def night(services: Services) -> Iterator[None]:
    """All of it, a slice at a time."""
    engine, before = services.engine, services.clock().timestamp() - services.settings.keeping.undo_days * _DAY

    def purge(connection: Writing) -> int:
        registry.lock(connection)  # as whoever decides, or takes a decision back
        return purging.purge(connection, before)

    while committed(engine, purge):
        yield
    yield from _rewrite(services)
    while not purging.empty(engine):
        yield


def _rewrite(services: Services) -> Iterator[None]:
    """Also where nothing was forgotten: a question that came to nothing has lost what was sent at once."""
    if not purging.is_rewritten(services.engine):
        return
    with reading(services.engine) as connection:
        until = purging.last(connection)
    while committed(services.engine, lambda connection: purging.rewrite(connection, until)):
        yield
