"""The clocks of a transfer: the days by which the law wants a record requested and sent.

Owns the school calendar as arithmetic, and which clock counts which days. Promises: pure; the caller says what day it
is; a term of N days ends on the Nth day counted from the day after its start, so the day of the request never counts;
every deadline is a day that the calendar knows.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from broker.core.days import school_year

_DAY = timedelta(days=1)
_SATURDAY = 5


class Clock(StrEnum):
    """The rule that a deadline follows."""

    REQUEST = "request"  # the new school asks the previous one
    ANSWER = "answer"  # the previous school sends the record
    MILITARY = "military"  # the same for the child of a military family


RULES: Mapping[Clock, str] = {
    Clock.REQUEST: "Utah 53A-11-504: the new school asks for the record within 14 days of enrolling the student.",
    Clock.ANSWER: "Utah 53A-11-504: the previous school sends the record within 30 school days of the request.",
    Clock.MILITARY: "Utah 53A-1-1001, article IV: the record of a military family's child is sent within 10 days.",
}
COUNTS_SCHOOL_DAYS = frozenset({Clock.ANSWER})  # the other rules say "days": every day counts


@dataclass(frozen=True, slots=True)
class Calendar:
    """The school days of one LEA from `first` to `last`, both included; `days` are their ordinals, in order.

    It raises ValueError for a day that it does not reach: silence would count such days as closed.
    """

    first: date
    last: date
    days: tuple[int, ...] = field(repr=False)

    @staticmethod
    def of(first: date, last: date, school_days: Iterable[date]) -> "Calendar":
        """The calendar of these school days, given in any order; days outside `first` to `last` are left out."""
        ordinals = sorted({day.toordinal() for day in school_days if first <= day <= last})
        return Calendar(first, last, tuple(ordinals))

    def is_school_day(self, day: date) -> bool:
        """Whether the LEA teaches on this day."""
        return self.count(day, day) == 1

    def add(self, day: date, school_days: int) -> date:
        """The last day that is in time: the Nth school day counted from the day after `day`; `day` itself for 0.

        Where fewer school days are left, it is the calendar's last day, so that every term ends.
        """
        self._reach(day)
        if school_days < 0:
            raise ValueError("a term has no fewer than 0 school days")
        if school_days == 0:
            return day
        at = bisect_right(self.days, day.toordinal()) + school_days - 1
        return date.fromordinal(self.days[at]) if at < len(self.days) else self.last

    def back(self, day: date, school_days: int) -> date:
        """The latest day from which `school_days` school days have passed by `day`; `day` itself for 0."""
        self._reach(day)
        if school_days == 0:
            return day
        at = bisect_right(self.days, day.toordinal()) - school_days
        return date.fromordinal(self.days[at]) - _DAY if at >= 0 else self.first

    def count(self, first: date, last: date) -> int:
        """How many school days there are from `first` to `last`, both included; 0 where last < first."""
        if last < first:
            return 0
        self._reach(first)
        self._reach(last)
        return bisect_right(self.days, last.toordinal()) - bisect_left(self.days, first.toordinal())

    def passed(self, start: date, end: date) -> int:
        """How many school days have passed by `end` since `start`. `start` does not count; 0 where end <= start."""
        return self.count(start + _DAY, end)

    def _reach(self, day: date) -> None:
        if not self.first <= day <= self.last:
            raise ValueError(f"the calendar goes from {self.first} to {self.last}, and does not reach {day}")


def teaching(
    years: Iterable[school_year.SchoolYear],
    *,
    is_year_round: bool,
    closed: Collection[date],
    opened: Collection[date],
) -> Calendar:
    """The calendar of consecutive school years: Monday to Friday while school is in, without `closed` days, with all
    `opened` days. A year-round LEA teaches in summer, too."""
    spans = list(years)
    days: set[date] = set()
    for year in spans:
        first, last = (year.first, year.last) if is_year_round else (year.opens, year.closes)
        every = (date.fromordinal(one) for one in range(first.toordinal(), last.toordinal() + 1))
        days.update(day for day in every if day.weekday() < _SATURDAY)
    return Calendar.of(spans[0].first, spans[-1].last, (days - set(closed)) | set(opened))


def due(clock: Clock, start: date, calendar: Calendar, lengths: Mapping[Clock, int]) -> date:
    """The last day on which the act that this clock asks for is in time.

    `start` is the day of the enrollment for REQUEST, the day of the request for the others; `lengths` are the terms of
    the settings, in school days for ANSWER and in days for the others (`RULES` has their sources).
    """
    length = lengths[clock]
    return calendar.add(start, length) if clock in COUNTS_SCHOOL_DAYS else start + timedelta(days=length)


def goes_on(clock: Clock, due_on: date, stood: tuple[date, date], calendar: Calendar) -> date:
    """The new last day of a clock that stood between two days and then goes on.

    The time that was left on the first day is left on the second; a delay that existed by then stays as long.
    """
    since, until = stood
    if clock not in COUNTS_SCHOOL_DAYS:
        return due_on + (until - since)
    if due_on >= since:
        return calendar.add(until, calendar.passed(since, due_on))
    return calendar.back(until, calendar.passed(due_on, since))


def overdue_days(due_on: date, today: date, calendar: Calendar) -> int:
    """How late an act is on `today`, in the school days that have passed since `due_on`.

    An act is late when it is not done by the end of `due_on` (`today > due_on`): on a weekend after it, this is still
    0.
    """
    return calendar.passed(due_on, today)
