"""Which LEA has the child on a day: what follows from all stays that LEAs have reported.

Owns the answer for routing, access, cases, claims and notices; nothing else works it out. Promises: pure; the same
stays give the same answer in whatever order they were reported. One exception: where two LEAs name the same first day,
the one that reported last is believed.

The rules (docs/stays.md has them with situations, each of which is a test):

1. *A later entry supersedes.* The child is where it was entered last, at that LEA and school. A stay that began earlier
   is over for good: it does not come back when the later one ends. A child who comes back is entered again.
2. *Two LEAs at once are legal* (Utah R277-419-5). An entry that says `dual` supersedes nothing and is superseded by
   nothing: that LEA has the child, too, until it reports the exit. Records follow the newest stay that is not dual.
3. *An entry ahead counts from its day.* It counts at once only where no LEA has the child, from the first such day
   since it was reported: the child has left, or the school year of its stay is over (summer moves).
4. *For claims* (R277-419-6) a stay without an exit goes on, even where a later stay began.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import groupby

from broker.core.days.school_year import Calendar
from broker.core.model import LeaId
from broker.core.stays.location import Location

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Today:
    """The day of the judgement, ISO 8601, and the state's school years.

    Counsel decides two settings (docs/access.md). `ahead_days`: how many days before its day an entry counts although
    another LEA has the child. `unrenewed_goes_on`: whether a stay that no LEA renewed goes on into the next school
    year, or ends with its own.
    """

    day: str
    calendar: Calendar
    ahead_days: int = 0
    unrenewed_goes_on: bool = True


class Account:
    """The stays of one child on one day. `locations` are in the order in which they were reported."""

    def __init__(self, locations: Sequence[Location], today: Today) -> None:
        self._today = today
        self._reported = locations
        self._known = [one for one in locations if not one.is_void]

    @cached_property
    def counting(self) -> tuple[Location, ...]:
        """The stays that count on this day, in the order of their first days; those of one day, in the order of the
        reports."""
        latest = (_on(self._today.day) + self._today.ahead_days * _DAY).isoformat()
        found = [one for one in self._known if one.entry_date <= latest or self._counts_ahead(one)]
        return tuple(sorted(found, key=lambda one: one.entry_date))

    @cached_property
    def here(self) -> LeaId | None:
        """The LEA where records go: that of the newest stay that is not dual, unless that stay has ended. None for
        nowhere."""
        newest = _newest(self.counting, self._today.day)
        return newest[-1].lea if newest else None

    @cached_property
    def holders(self) -> frozenset[LeaId]:
        """The LEAs that have the child: `here`, and those of dual stays."""
        duals = {one.lea for one in self.counting if one.dual and one.goes_on(self._today.day)}
        return frozenset(duals | ({self.here} if self.here else set()))

    def kept_by(self, lea: str) -> tuple[Location, ...]:
        """The stays by which an LEA has the child on this day, in the order of their first days; none where it has
        not."""
        day = self._today.day
        main = _newest(self.counting, day) if self.here == lea else []
        duals = [one for one in self.counting if one.dual and one.goes_on(day)]
        return tuple(one for one in (*main, *duals) if one.lea == lea)

    @cached_property
    def had(self) -> frozenset[LeaId]:
        """The LEAs that have or had the child."""
        return frozenset(one.lea for one in self.counting)

    @cached_property
    def announced(self) -> frozenset[LeaId]:
        """The LEAs that have only reported an entry ahead: they have no part in the child yet."""
        return frozenset(one.lea for one in self._known) - self.had

    @cached_property
    def runs(self) -> tuple[tuple[Location, ...], ...]:
        """The counting stays that are not dual, one tuple for each time at an LEA. Where an LEA enters a child again,
        with no other LEA in between, that is one time. The last tuple is that of `here`, if there is one: where two
        LEAs had the child on one day, the one that had it in the end comes last."""
        days = [list(group) for _, group in groupby(self._main, key=lambda one: one.entry_date)]
        found: list[list[Location]] = []
        for one in (one for number, group in enumerate(days) for one in self._in_order(group, days[number + 1 :])):
            if not found or found[-1][0].lea != one.lea:
                found.append([])
            found[-1].append(one)
        return tuple(map(tuple, found))

    @cached_property
    def _main(self) -> list[Location]:
        return [one for one in self.counting if not one.dual]

    def _in_order(self, same_day: list[Location], later: list[list[Location]]) -> list[Location]:
        last = _before(later[0][0].entry_date) if later else self._today.day
        there = _newest(same_day, last)
        return sorted(same_day, key=lambda one: bool(there) and one.lea == there[-1].lea)

    def has_reported(self, lea: str) -> bool:
        """Whether an LEA has reported any stay, including one that it took back."""
        return any(one.lea == lea for one in self._reported)

    def has_voided(self, lea: str, school: str, day: str) -> bool:
        """Whether an LEA has taken back its entry of this day at this school, and has not reported it again."""
        same = [one for one in self._reported if (one.lea, one.school, one.entry_date) == (lea, school, day)]
        return bool(same) and all(one.is_void for one in same)

    def has_since(self, lea: str, first: str) -> bool:
        """Whether an LEA has a stay, counting or announced, that began on this day or later."""
        return any(one.lea == lea and one.entry_date >= first for one in self._known)

    def last_day(self, lea: str) -> str:
        """The day on which the LEA's last stay ended, as an exit names it; '' where the LEA has the child, or never
        had."""
        if lea in self.holders:
            return ""
        return max((self.end_of(one) for one in self.counting if one.lea == lea), default="")

    def was_at(self, lea: str, first: str, last: str) -> bool:
        """Whether the LEA had the child on some day from `first` to `last`, both included."""
        return any(
            one.lea == lea and one.entry_date <= last and (self.end_of(one) or last) >= first for one in self.counting
        )

    def end_of(self, stay: Location) -> str:
        """The day on which a stay ended or was superseded; '' while it goes on."""
        later = [one.entry_date for one in self.counting if not one.dual and one.entry_date > stay.entry_date]
        ends = [] if stay.dual or not later else [min(later)]
        return min([*ends, stay.exit_date] if stay.exit_date else ends, default="")

    def _counts_ahead(self, stay: Location) -> bool:
        return any(self._is_nowhere(day) for day in self._turns(stay.reported_on or self._today.day))

    def _turns(self, first: str) -> Iterator[str]:
        """The days from `first` to today from which on no LEA may have the child: exits, and ends of school years."""
        last = self._today.day
        if first > last:
            return
        yield first
        yield from (one.exit_date for one in self._known if first < one.exit_date <= last)
        calendar = self._today.calendar
        years = range(calendar.containing(date.fromisoformat(first)) - 1, calendar.containing(_on(last)) + 1)
        over = ((calendar.year(number).closes + _DAY).isoformat() for number in years)
        yield from (day for day in over if first < day <= last)

    def _is_nowhere(self, day: str) -> bool:
        """Whether no LEA has the child on a day, or only by a stay whose school year is over. Only stays that had begun
        by then count."""
        begun = sorted((one for one in self._known if one.entry_date <= day), key=lambda one: one.entry_date)
        holding = [*_newest(begun, day), *(one for one in begun if one.dual and one.goes_on(day))]
        return all(self._is_over(one, day) for one in holding)

    def _is_over(self, stay: Location, day: str) -> bool:
        """Whether the school year of a stay has ended. With `unrenewed_goes_on`, an unrenewed stay goes on into the
        next year."""
        calendar = self._today.calendar
        entry, now = _on(stay.entry_date), _on(day)
        of = calendar.containing(entry)
        of += entry > calendar.year(of).closes
        if not self._today.unrenewed_goes_on:
            return now > calendar.year(of).closes
        current = calendar.containing(now)
        opened = current if calendar.year(current).opens <= now else current - 1
        return now > calendar.year(max(of, opened)).closes


def _before(day: str) -> str:
    return (_on(day) - _DAY).isoformat()


def _on(day: str) -> date:
    return date.fromisoformat(day)


def _newest(stays: Sequence[Location], day: str) -> list[Location]:
    """The stays that are not dual and began last, in order, without those that have ended by this day."""
    latest = max((one.entry_date for one in stays if not one.dual), default="")
    return [one for one in stays if not one.dual and one.entry_date == latest and one.goes_on(day)]
