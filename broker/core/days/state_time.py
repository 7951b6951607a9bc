"""The state's time: the day of a moment, when a day and its hours begin, and how a moment is written for people.

Owns the one way from a moment to a day and back. Promises: the machine's own time zone plays no part; an hour that a
day does not have begins when the clocks skip it, and an hour that a day has twice begins once, the first time. Moments
are seconds since the epoch, or aware datetimes.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_DAY = timedelta(days=1)
_HOUR_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class StateTime:
    """The clock in the state's time zone."""

    zone: tzinfo

    def at(self, moment: float | datetime) -> datetime:
        """The moment, with the state's offset."""
        return (
            moment.astimezone(self.zone) if isinstance(moment, datetime) else datetime.fromtimestamp(moment, self.zone)
        )

    def day(self, moment: float | datetime) -> date:
        """The day at this moment: "today" in the state."""
        return self.at(moment).date()

    def begins(self, day: date) -> float:
        """When the day begins, in seconds since the epoch."""
        return datetime.combine(day, time(), self.zone).timestamp()

    def ends(self, day: date) -> float:
        """When the next day begins, in seconds since the epoch."""
        return self.begins(day + _DAY)

    def hour(self, day: date, hour: int) -> float:
        """When this hour (0 to 23) of the day begins, in seconds since the epoch; always within the day."""
        # a skipped hour begins, by the offset before the change, at the very moment of the change
        found = datetime.combine(day, time(hour), self.zone).timestamp()
        return min(found, self.ends(day) - _HOUR_SECONDS)  # where the clocks skip midnight

    def told(self, moment: float | datetime, timespec: str = "seconds") -> str:
        """The moment for people: ISO 8601, with the state's offset."""
        return self.at(moment).isoformat(timespec=timespec)


def told_in_utc(moment: float | datetime, timespec: str = "seconds") -> str:
    """The moment for programs: ISO 8601 in UTC, so that texts sort as moments do."""
    return StateTime(UTC).told(moment, timespec)
