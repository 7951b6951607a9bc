"""Where a child is, worked out day by day from what LEAs reported: the other side of a comparison.

Owns a plain and slow account of one child's stays, written from the rules (docs/access.md, Utah 53A-11-504,
R277-419-5), never from the program: who has the child on a day, and who is asked for the record. What reports make of
the stays is in `tests.support.told`.
Promises: it imports nothing of the program.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache

from tests.support.told import Stay, entry_of

_DAY = timedelta(days=1)

Answered = tuple[str, str, date]
"""A case that was answered or closed: source, destination, and the day since which the child was there."""


@dataclass(frozen=True)
class Years:
    """When a school year begins, and between which days schools teach: (month, day) each."""

    begins: tuple[int, int] = (7, 1)
    opens: tuple[int, int] = (8, 15)
    closes: tuple[int, int] = (6, 5)

    def _in(self, year: int, month_day: tuple[int, int]) -> date:
        """This day of the school year that begins in the calendar year `year`."""
        return date(year + (month_day < self.begins), *month_day)

    @lru_cache(100_000)  # noqa: B019  # of a handful of calendars
    def is_over(self, entry: date, day: date) -> bool:
        """Whether the school year of a stay that began at `entry` is over on `day`.

        A stay that nobody renewed goes on when teaching begins again: it is of the later of two school years, the
        first that still taught on its entry day or behind it, and the last whose teaching has begun by now.
        """
        around = range(min(entry.year, day.year) - 2, max(entry.year, day.year) + 3)
        of_entry = min(year for year in around if self._in(year, self.closes) >= entry)
        of_day = max(year for year in around if self._in(year, self.opens) <= day)
        return day > self._in(max(of_entry, of_day), self.closes)


@dataclass(frozen=True)
class Run:
    """Stays at one LEA with no other LEA between them."""

    lea: str
    stays: tuple[Stay, ...]

    @property
    def since(self) -> date:
        """The day on which the child came."""
        return self.stays[0].entry

    @property
    def is_military(self) -> bool:
        """Whether any of its stays says so."""
        return any(one.military for one in self.stays)


class Account:
    """What follows from these stays."""

    def __init__(self, stays: Sequence[Stay], years: Years | None = None) -> None:
        self._years = years or Years()
        self._stays = [one for one in stays if not one.is_void]

    @cached_property
    def _first_days(self) -> list[tuple[Stay, date]]:
        """Each stay with the day from which on it counts."""
        return [(one, self._counts_from(one)) for one in self._stays]

    def _counts_from(self, stay: Stay) -> date:
        """Its entry day; or the first day behind its report on which no LEA has the child."""
        day = stay.told
        while day < stay.entry:
            if self._nobody_has_the_child(day):
                return day
            day += _DAY
        return stay.entry

    def _nobody_has_the_child(self, day: date) -> bool:
        """By the stays that have begun: none holds, or only such as are of a school year that is over."""
        begun = [one for one in self._stays if one.entry <= day]
        return all(self._years.is_over(one.entry, day) for one in _holding(begun, day))

    def counting(self, day: date) -> list[Stay]:
        """The stays that count on this day, in the order in which they were reported."""
        return [one for one, first in self._first_days if first <= day]

    def here(self, day: date) -> str:
        """Where the child is: the LEA that the record follows to; '' for nowhere."""
        found = _primary(self.counting(day), day)
        return found.lea if found else ""

    def holders(self, day: date) -> set[str]:
        """The LEAs that have the child: where it is, and where it is enrolled beside that."""
        return {one.lea for one in _holding(self.counting(day), day)}

    def before(self, day: date) -> set[str]:
        """The LEAs that had the child and do not have it any more."""
        return {one.lea for one in self.counting(day)} - self.holders(day)

    def announced(self, day: date) -> set[str]:
        """The LEAs to which the child is only going to come: they have no right yet."""
        return {one.lea for one in self._stays} - {one.lea for one in self.counting(day)}

    def runs(self, day: date) -> list[Run]:
        """The moves: stays that are not dual as they began, cut where the LEA changes.

        Of two LEAs on one day the one comes last where the child was in the end: now, or when a later entry came.
        """
        main = [one for one in self.counting(day) if not one.dual]
        days = sorted({one.entry for one in main})
        ends = [*(later - _DAY for later in days[1:]), day][: len(days)]
        ordered: list[Stay] = []
        for entry, end in zip(days, ends, strict=True):
            found = _primary([one for one in main if one.entry <= entry], end)
            last = found.lea if found else ""
            ordered += sorted((one for one in main if one.entry == entry), key=lambda one: one.lea == last)
        return list(_cut(ordered))

    def since(self, day: date, lea: str = "") -> date | None:
        """The day on which the child came to where it is, or to this LEA that has it; None for neither."""
        who = lea or self.here(day)
        return self._arrival(day, who)[0] if who in self.holders(day) else None

    def is_military(self, day: date) -> bool:
        """Whether the case of where the child is has the clock of military children."""
        return bool(self.here(day)) and self.runs(day)[-1].is_military

    def sources(self, day: date, answered: Collection[Answered] = (), asker: str = "") -> set[str]:
        """Whom the LEA where the child is asks for the record; or `asker`, an LEA that has the child, by a request.

        A dual entry asks nobody, and makes nobody ask: only a request reaches a dual LEA that came later. A dual LEA
        may ask by a request whoever has the child, and the LEA that had it last.
        """
        who = asker or self.here(day)
        if who not in self.holders(day):
            return set()
        if who != self.here(day):  # a dual one
            return (self.holders(day) | {run.lea for run in self.runs(day)[-1:]}) - {who}
        arrival, end, earlier = self._arrival(day, who)
        others = [one for one in self.counting(day) if one.lea != who and (end is None or one.entry < end)]
        if not asker:
            others = [one for one in others if not one.dual or one.entry <= arrival]
        by_lea = {lea: [one for one in others if one.lea == lea] for lea in {one.lea for one in others}}
        last_left = max(reversed(others), key=lambda one: (self._left(one, day), one.entry), default=None)
        return {
            lea
            for lea, stays in by_lea.items()
            if not all(one.has_ended(arrival) for one in stays)  # still open at the arrival
            or any(one is last_left for one in stays)
            or not self._has_moved_on(lea, stays, earlier, answered, day)
        }

    def _left(self, stay: Stay, day: date) -> date:
        """When the child left, as far as can be told: the stay ended, or a later one elsewhere superseded it."""
        later = [one.entry for one in self.counting(day) if not one.dual and one.entry > stay.entry]
        superseded = min(later, default=date.max)
        return min(stay.exit or date.max, date.max if stay.dual else superseded)

    def run_of(self, day: date, destination: str, since: date) -> Run | None:
        """To which time at its destination a case belongs that was opened for an arrival on the day `since`.

        That day may have been corrected later: it is the first time there that had not ended by then.
        """
        runs = self.runs(day)
        ends = [*(run.since for run in runs[1:]), date.max]
        there = [
            run
            for run, end in zip(runs, ends, strict=True)
            if run.lea == destination and since <= max(run.since, end - _DAY)
        ]
        return there[0] if there else None

    def is_of_now(self, day: date, destination: str, since: date) -> bool:
        """Whether such a case is of the time that the child is at its destination now."""
        runs = self.runs(day)
        return destination == self.here(day) and self.run_of(day, destination, since) == runs[-1]

    def _has_moved_on(
        self, lea: str, stays: list[Stay], earlier: list[Run], answered: Collection[Answered], day: date
    ) -> bool:
        """Whether one of those who had the child since has the record of this LEA."""
        since = earlier[max((n for n, run in enumerate(earlier) if run.lea == lea), default=-1) + 1 :]
        last = max(map(entry_of, stays))  # a dual one too
        between = [run for run in since if run.since >= last]
        return any(self.run_of(day, to, first) in between for source, to, first in answered if source == lea)

    def _arrival(self, day: date, asker: str) -> tuple[date, date | None, list[Run]]:
        """When the asker got the child, until when it has it, and the moves before that."""
        runs = self.runs(day)
        if asker == self.here(day):
            stay = _primary(self.counting(day), day)
            assert stay is not None
            return runs[-1].since, stay.exit, runs[:-1]
        dual = [one for one in self.counting(day) if one.dual and one.lea == asker and not one.has_ended(day)]
        stay = max(reversed(dual), key=entry_of)
        return stay.entry, stay.exit, [one for one in runs if one.since <= stay.entry]


def _primary(stays: Sequence[Stay], day: date) -> Stay | None:
    """The stay that says where the child is. The latest entry supersedes all earlier ones, and does so for good."""
    main = [one for one in stays if not one.dual]
    last_day = max(map(entry_of, main), default=None)
    standing = [one for one in main if one.entry == last_day and not one.has_ended(day)]
    return standing[-1] if standing else None


def _holding(stays: Sequence[Stay], day: date) -> list[Stay]:
    """The stays by which somebody has the child: that one, and the dual ones, which nothing supersedes."""
    found = _primary(stays, day)
    return [found] * (found is not None) + [one for one in stays if one.dual and not one.has_ended(day)]


def _cut(stays: Iterable[Stay]) -> Iterator[Run]:
    run: list[Stay] = []
    for one in stays:
        if run and run[-1].lea != one.lea:
            yield Run(run[0].lea, tuple(run))
            run = []
        run.append(one)
    if run:
        yield Run(run[0].lea, tuple(run))
