"""The state's report on transfers: what is counted for each case, the median time to an answer, and the ranking.

Owns what "overdue" means, and the arithmetic of the report. Promises: pure; the caller says what day it is; a million
cases take no more memory than one case of each length.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from broker.core.days.deadlines import Calendar, overdue_days
from broker.core.model import LeaId
from broker.core.transfer import LIVE, TransferState

OWED = frozenset({TransferState.REQUESTED, TransferState.REFUSED})  # only the state can say that nothing is owed
_WHOLE, SLOW = 100, 95  # percent


def is_overdue(state: TransferState, due_on: str, today: date) -> bool:
    """Whether the source still owes its record after `due_on`, the last day on which it is in time (an ISO date, '' for
    none)."""
    return state in OWED and bool(due_on) and due_on < today.isoformat()


def median(counts: Mapping[int, int]) -> float | None:
    """The median of values given as value → how often; for an even number, the mean of the two middle ones; None for no
    values."""
    total = sum(counts.values())
    if not total:
        return None
    return (_at(counts, (total + 1) // 2) + _at(counts, total // 2 + 1)) / 2


def percentile(counts: Mapping[int, int], percent: int) -> int | None:
    """The smallest value that at least `percent` (1 to 100) of the values do not exceed: the nearest rank, so it is a
    value that occurred. None for no values."""
    total = sum(counts.values())
    return _at(counts, -(-total * percent // _WHOLE)) if total else None


def _at(counts: Mapping[int, int], place: int) -> int:
    """The value at this place in ascending order; 1 is the smallest."""
    for value in sorted(counts):
        place -= counts[value]
        if place <= 0:
            return value
    raise IndexError("there are not so many values")


@dataclass(frozen=True, slots=True)
class Asked:
    """One case as the report sees it. A day is None where the event has not happened; `due_on` is '' for none.
    `reported_on` is the day on which the destination reported the student, None where that is `opened_on`."""

    source: LeaId
    destination: LeaId
    state: TransferState
    entered_on: date
    opened_on: date
    asked_on: date | None = None
    answered_on: date | None = None
    due_on: str = ""
    reported_on: date | None = None


@dataclass(slots=True)
class Tally:
    """The counts of one LEA. `school_days` and `days` map the length of an answer, from the day after the request to
    the day of the answer, to how often it occurred."""

    asked: int = 0
    answered: int = 0
    closed: int = 0
    cancelled: int = 0
    open: int = 0
    overdue: int = 0
    most_late: int = 0  # school days
    late_requests: int = 0
    unacknowledged: int = 0
    school_days: Counter[int] = field(default_factory=Counter)
    days: Counter[int] = field(default_factory=Counter)


class Report:
    """The counts of each LEA: the cases that were asked from `first` to `last`, and all cases that are open on `today`.

    A request is late where the destination reported the student more than `request_days` days after the first day at
    school (Utah 53A-11-504): it counts against the destination. All else counts against the source.
    """

    def __init__(self, first: date, last: date, today: date, request_days: int) -> None:
        self.first, self.last, self.today = first, last, today
        self.request_days = request_days
        self.all = Tally()
        self.leas: dict[LeaId, Tally] = {}

    def of(self, lea: LeaId) -> Tally:
        """The counts of an LEA."""
        return self.leas.setdefault(lea, Tally())

    def add(self, case: Asked, calendar: Calendar) -> None:
        """Count a case; `calendar` is the source's."""
        for tally in (self.all, self.of(case.source)):
            self._count_now(tally, case, calendar)
            if case.asked_on and self.first <= case.asked_on <= self.last:
                _count_asked(tally, case, calendar)
        if self.first <= case.opened_on <= self.last and is_reported_late(case, self.request_days):
            self.all.late_requests += 1
            self.of(case.destination).late_requests += 1

    def _count_now(self, tally: Tally, case: Asked, calendar: Calendar) -> None:
        tally.open += case.state in LIVE
        if is_overdue(case.state, case.due_on, self.today):
            tally.overdue += 1
            late = overdue_days(date.fromisoformat(case.due_on), self.today, calendar)
            tally.most_late = max(tally.most_late, late)

    def unacknowledged(self, lea: LeaId, count: int) -> None:
        """Count records and transcripts that the LEA has collected and not acknowledged."""
        if count:
            self.of(lea).unacknowledged += count
            self.all.unacknowledged += count

    def ranked(self) -> list[tuple[int, LeaId, Tally]]:
        """The LEAs with their places: the one with the most overdue cases comes first and has place 1. Equal LEAs
        share a place."""
        ordered = sorted(self.leas.items(), key=lambda one: (_weight(one[1]), one[0]))
        ranked: list[tuple[int, LeaId, Tally]] = []
        for place, (lea, tally) in enumerate(ordered, 1):
            is_equal = bool(ranked) and _weight(ranked[-1][2]) == _weight(tally)
            ranked.append((ranked[-1][0] if is_equal else place, lea, tally))
        return ranked


def is_reported_late(case: Asked, request_days: int) -> bool:
    """Whether the destination reported the enrollment after the last day on which it must ask for the record."""
    return ((case.reported_on or case.opened_on) - case.entered_on).days > request_days


def _count_asked(tally: Tally, case: Asked, calendar: Calendar) -> None:
    tally.asked += 1
    tally.closed += case.state is TransferState.CLOSED
    tally.cancelled += case.state is TransferState.CANCELLED
    if case.asked_on and case.answered_on:
        tally.answered += 1
        tally.school_days[calendar.passed(case.asked_on, case.answered_on)] += 1
        tally.days[max(0, (case.answered_on - case.asked_on).days)] += 1


def _weight(tally: Tally) -> tuple[float, ...]:
    """The sort key of the ranking, smallest first."""
    slow = percentile(tally.school_days, SLOW) or 0
    return (-tally.overdue, -tally.most_late, -slow)
