"""day change: carries out what a new day changes by itself.

Contract: an entry or exit that was reported ahead moves the student on its day, when no packet comes. Once a day, in
slices, these students' cases are reconciled, and packets that waited for them are released. Doing a day twice changes
nothing more, so a day that was broken off begins again; after a start the last weeks are done, because nobody knows
when this last ran.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial

from broker.core.model import Ssid
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import Writing, reading
from broker.edge.ledger.people import registry
from broker.packets.services import Services
from broker.transfers import cases
from broker.transfers.resume import release_waiting

_BACK = timedelta(days=30)
_AT_ONCE = 200  # students in one transaction, because others want to write, too


class DayChange:
    """The work of each new day: `look` does one slice of it, and nothing on a day that is done."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._done: date | None = None
        self._before: date | None = None  # the day that was done before that one
        self._slices: Iterator[None] = iter(())

    def look(self) -> None:
        """Do one slice."""
        try:
            for _ in self._slices:
                return
        except BaseException:
            self._done = self._before
            raise
        today = self._services.day()
        if self._done != today:
            self._slices = turn(self._services, self._done or today - _BACK, today)
            self._before, self._done = self._done, today


def turn(services: Services, after: date, today: date) -> Iterator[None]:
    """Handle the students whose entry or exit fell on a day after `after`, up to `today`, a slice at a time."""
    last, is_over = "", _has_year_ended(services, after, today)
    while True:
        with reading(services.engine) as connection:
            days = (after.isoformat(), today.isoformat())
            some = registry.turned_between(connection, *days, last, _AT_ONCE, announced=is_over)
        if some:
            last = some[-1]
            committed(services.engine, partial(_follow, services, some))
        if len(some) < _AT_ONCE:
            return
        yield


def _follow(services: Services, some: Sequence[Ssid], connection: Writing) -> None:
    registry.lock(connection)
    cases.reconcile(services, connection, some)
    release_waiting(services, connection, some)


def _has_year_ended(services: Services, after: date, today: date) -> bool:
    """Whether the teaching of a school year ended on one of these days: entries ahead then count where no LEA has the
    student."""
    calendar = services.settings.claims.calendar
    years = range(calendar.containing(after), calendar.containing(today) + 1)
    return any(after <= calendar.year(number).closes < today for number in years)
