"""nightly: makes a report once a day, after its hour in the state's time, a slice at a time.

Contract: the report is due until the last of the day's files is there, so neither a crash nor a second process makes it
twice; after a failure it waits for some minutes.
"""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from broker.packets.services import Services

_PAUSE_SECONDS = 600.0  # after a night that failed
_NEVER = 24  # o'clock


def folder(services: Services) -> Path:
    """The folder of the state's reports."""
    return services.home.root / "reports"


class Nightly:
    """The report of each day; `look` does one slice when the report is due, and nothing otherwise."""

    def __init__(
        self,
        services: Services,
        hour: int,
        names: Callable[[date], tuple[str, ...]],
        write: Callable[[Services, date], Iterator[None]],
    ) -> None:
        """`hour` is o'clock in the state, 24 for never; `names` gives the day's files, in the order in which they
        appear; `write` makes them, a slice at a time."""
        self._services = services
        self._hour = hour
        self._names = names
        self._write = write
        self._slices: Iterator[None] = iter(())
        self._not_before = 0.0

    def look(self) -> None:
        """Do one slice. Raises Deferred when the report cannot be written now; it is tried again after some minutes."""
        try:
            for _ in self._slices:
                return
            day = self._due()
            if day is not None:
                self._slices = self._write(self._services, day)
        except BaseException:
            self._slices = iter(())
            self._not_before = self._services.clock().timestamp() + _PAUSE_SECONDS
            raise

    def _due(self) -> date | None:
        """The day whose report is due now; None for none."""
        if self._hour >= _NEVER:
            return None
        now = self._services.clock().timestamp()
        day = self._services.time.day(now)
        if now < max(self._not_before, self._services.time.hour(day, self._hour)):
            return None
        return None if (folder(self._services) / self._names(day)[-1]).exists() else day
