"""Claims: whether two LEAs claim a student for the same days, whether that is legal, and how the days are divided.

Owns the finding about one student in one school year. Promises: pure; spans within one LEA are no conflict; the result
depends on the spans only, not on their order. `broker.core.days.membership` counts and divides the days.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import combinations
from typing import Any

from broker.core.days.membership import Interval, Limit, Span, Stay, apportion, limit, merged, segments, stay_in, worth
from broker.core.days.school_year import SchoolYear, weekdays
from broker.core.model import LeaId, Ssid


@dataclass(frozen=True, slots=True)
class Overlap:
    """Days from `first` to `last`, both included, on which two LEAs claim a student, with the schools of each LEA; LEAs
    and schools are sorted."""

    leas: tuple[LeaId, LeaId]
    schools: tuple[tuple[str, ...], tuple[str, ...]]
    first: date
    last: date

    @property
    def days(self) -> int:
        """Calendar days."""
        return (self.last - self.first).days + 1

    @property
    def weekdays(self) -> int:
        """Days from Monday to Friday: there are at most as many school days."""
        return weekdays(self.first, self.last)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an overlap is legal, by which subsection (`rule`), and why in one sentence."""

    legal: bool
    rule: str
    why: str


DUAL = Verdict(True, "R277-419-5(1)", "A student may be enrolled in two or more LEAs.")
KINDERGARTEN = Verdict(False, "R277-419-5(2)", "A kindergarten student may be enrolled in only one LEA at a time.")
ABOVE = Verdict(True, "R277-419-6(3)", "The LEAs follow each other, but claim more days than the student may have.")


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of the claims on one student in one school year.

    `claimed` holds the exact days of membership of each LEA; `proposed` holds the whole days that it would get.
    `disputed` counts days of a kindergarten student that only one LEA can have: they are in no LEA's `proposed`,
    because the LEAs must say which one has the student.
    """

    ssid: Ssid
    year: int
    stays: tuple[Stay, ...]
    overlaps: tuple[Overlap, ...]
    verdict: Verdict
    limit: Limit
    claimed: Mapping[LeaId, Fraction]
    proposed: Mapping[LeaId, int]
    disputed: Fraction

    @property
    def total(self) -> Fraction:
        """Days of membership claimed by all LEAs together."""
        return sum(self.claimed.values(), Fraction(0))

    @property
    def above(self) -> int:
        """Whole days claimed beyond the limit."""
        return max(0, round(self.total) - self.limit.days)

    @property
    def concerned(self) -> tuple[LeaId, ...]:
        """The LEAs that the finding concerns: those whose days overlap; all, where too many days are claimed."""
        return tuple(self.claimed) if self.above else tuple(sorted({lea for one in self.overlaps for lea in one.leas}))


def together(common: Iterable[Overlap]) -> tuple[int, int]:
    """(calendar days, weekdays) in these overlaps; each day counts once."""
    days = {day for one in common for day in range(one.first.toordinal(), one.last.toordinal() + 1)}
    return len(days), sum(date.fromordinal(day).isoweekday() < 6 for day in days)


def stays_in(spans: Iterable[Span], year: SchoolYear) -> tuple[Stay, ...]:
    """The stays of one school year, in a fixed order."""
    found = [stay for span in spans if (stay := stay_in(_of_year(span, year), year)) is not None]
    return tuple(sorted(found, key=_order))


def _of_year(span: Span, year: SchoolYear) -> Span:
    """The span for this year. A grade holds for the school year of the entry: a kindergarten student is in first grade
    a year later."""
    before = year.closes.replace(year=year.closes.year - 1)
    return span if not span.kindergarten or before < span.entry <= year.closes else replace(span, kindergarten=None)


def _order(stay: Stay) -> tuple[Any, ...]:
    span = stay.span
    known = (span.programme, str(span.kindergarten), span.day_part)
    return span.lea, stay.first, stay.last, span.school, span.local_id, span.entry, span.exit or date.max, *known


def _common(one: Sequence[Interval], other: Sequence[Interval]) -> list[Interval]:
    """The days that two sorted lists of intervals share. Within one list the intervals do not overlap."""
    found, i, j = [], 0, 0
    while i < len(one) and j < len(other):
        first, last = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if first <= last:
            found.append((first, last))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return found


def overlaps(stays: Sequence[Stay]) -> tuple[Overlap, ...]:
    """The days on which two LEAs have the student, for each pair of LEAs; in the order of LEAs and days."""
    by_lea: dict[LeaId, list[Stay]] = {}
    for stay in stays:
        by_lea.setdefault(stay.span.lea, []).append(stay)
    found = []
    for one, other in combinations(sorted(by_lea), 2):
        days = [merged((stay.first, stay.last) for stay in by_lea[lea]) for lea in (one, other)]
        for first, last in _common(*days):
            schools = (_schools(by_lea[one], first, last), _schools(by_lea[other], first, last))
            found.append(Overlap((one, other), schools, first, last))
    return tuple(found)


def _schools(stays: Sequence[Stay], first: date, last: date) -> tuple[str, ...]:
    return tuple(sorted({stay.span.school for stay in stays if stay.first <= last and stay.last >= first}))


def _breaks_kindergarten(stays: Sequence[Stay], common: Sequence[Overlap]) -> bool:
    """Whether the student is known to be in kindergarten on a day that two LEAs claim."""
    young = [stay for stay in stays if stay.span.kindergarten]
    return any(
        stay.span.lea in one.leas and stay.first <= one.last and stay.last >= one.first
        for one in common
        for stay in young
    )


def _count(stays: Sequence[Stay]) -> tuple[dict[LeaId, Fraction], dict[LeaId, Fraction], Fraction]:
    """(claimed, undisputed, disputed) days: only one LEA can have a kindergarten student's day, R277-419-5(2)."""
    claimed = {stay.span.lea: Fraction(0) for stay in stays}
    sure, disputed = dict(claimed), Fraction(0)
    for days, present in segments(stays):
        values = {lea: worth(days, here) for lea, here in present.items()}
        is_disputed = len(present) > 1 and any(stay.span.kindergarten for here in present.values() for stay in here)
        disputed += max(values.values()) if is_disputed else 0
        for lea, value in values.items():
            claimed[lea] += value
            sure[lea] += 0 if is_disputed else value
    return claimed, sure, disputed


def judge(ssid: Ssid, spans: Iterable[Span], year: SchoolYear) -> Finding | None:
    """The finding about a student's claims in one school year; None where the LEAs' claims do not conflict."""
    stays = stays_in(spans, year)
    if len({stay.span.lea for stay in stays}) < 2:
        return None
    common, most = overlaps(stays), limit(stays)
    claimed, sure, disputed = _count(stays)
    if not common and round(sum(claimed.values(), Fraction(0))) <= most.days:
        return None
    verdict = (KINDERGARTEN if _breaks_kindergarten(stays, common) else DUAL) if common else ABOVE
    return Finding(ssid, year.number, stays, common, verdict, most, claimed, apportion(sure, most.days), disputed)
