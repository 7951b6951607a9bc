"""The clocks of a transfer: by which day the law wants a record asked for, and sent.

Owns the school calendar as arithmetic, and which clock counts what. Promises: pure; what day it is comes from the
caller; a term of N days ends on the Nth day counted from the day after its start, so that the day of the request is
never counted; every deadline is a day that the calendar knows.
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
    """Which rule a deadline follows."""

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

    Asked about a day that it does not reach, it raises ValueError: silence would count such days as closed.
    """

    first: date
    last: date
    days: tuple[int, ...] = field(repr=False)

    @staticmethod
    def of(first: date, last: date, school_days: Iterable[date]) -> "Calendar":
        """From the school days themselves, in any order; those outside of `first` to `last` are left out."""
        ordinals = sorted({day.toordinal() for day in school_days if first <= day <= last})
        return Calendar(first, last, tuple(ordinals))

    def is_school_day(self, day: date) -> bool:
        """Whether the LEA teaches on this day."""
        return self.count(day, day) == 1

    def add(self, day: date, school_days: int) -> date:
        """The last day in time: the Nth school day counted from the day after `day`; `day` itself for 0.

        Where fewer are left, the calendar's own last day, so that nothing is due never.
        """
        self._reach(day)
        if school_days < 0:
            raise ValueError("a term has no fewer than 0 school days")
        if school_days == 0:
            return day
        at = bisect_right(self.days, day.toordinal()) + school_days - 1
        return date.fromordinal(self.days[at]) if at < len(self.days) else self.last

    def back(self, day: date, school_days: int) -> date:
        """The latest day since which, on `day`, so many school days have passed; `day` itself for 0."""
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
        """How many school days have passed on `end` since `start`, which is not counted; 0 where end <= start."""
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
    """The calendar of these school years, which follow each other: Monday to Friday while school is in, but not on
    `closed` days, and on `opened` ones whatever they are. A year-round LEA teaches in summer, too."""
    spans = list(years)
    days: set[date] = set()
    for year in spans:
        first, last = (year.first, year.last) if is_year_round else (year.opens, year.closes)
        every = (date.fromordinal(one) for one in range(first.toordinal(), last.toordinal() + 1))
        days.update(day for day in every if day.weekday() < _SATURDAY)
    return Calendar.of(spans[0].first, spans[-1].last, (days - set(closed)) | set(opened))


def due(clock: Clock, start: date, calendar: Calendar, lengths: Mapping[Clock, int]) -> date:
    """The last day on which what this clock asks for is in time.

    `start` is the day of the enrollment for REQUEST, else of the request; `lengths` are the terms of the settings, in
    school days for ANSWER and in days for the others (`RULES` has their sources).
    """
    length = lengths[clock]
    return calendar.add(start, length) if clock in COUNTS_SCHOOL_DAYS else start + timedelta(days=length)


def goes_on(clock: Clock, due_on: date, stood: tuple[date, date], calendar: Calendar) -> date:
    """The last day in time of a clock that stood between two days, and then goes on from where it stood.

    What was left on the first of them is left on the second; what was late by then is as late.
    """
    since, until = stood
    if clock not in COUNTS_SCHOOL_DAYS:
        return due_on + (until - since)
    if due_on >= since:
        return calendar.add(until, calendar.passed(since, due_on))
    return calendar.back(until, calendar.passed(due_on, since))


def overdue_days(due_on: date, today: date, calendar: Calendar) -> int:
    """How late it is on `today`, in the school days that have passed since `due_on`.

    Late is whatever is not done when `due_on` has ended (`today > due_on`): on a weekend after it, this is 0 still.
    """
    return calendar.passed(due_on, today)
