"""Days of membership: how many an LEA claims for a student, how many are allowed, and how too many are divided.

Owns the arithmetic of Utah R277-419-6. Promises: pure and exact (fractions; rounding comes last and keeps the sum);
each number names the subsection of the rule that it rests on. Grade, programme and part of the day may be unknown: they
then count as not kindergarten, regular, and the whole day.

The rule, in short. (1)(a) In one LEA at most 180 days of regular membership in a school year; (b) more for a student
whose parent confirmed in writing an early graduation, which no enrollment says, so it is never assumed here; (c) 205
for a student who transfers within the LEA to or from a year-round school. (2)(a) In two or more LEAs 180; (b) 220 for
one who transfers to or from an LEA whose schedule is approved under R277-419-4(1)(b); (c) 205 for one who transfers to
or from an LEA where the student attends a year-round school; (d) where neither (b) nor (c) applies, but there was a
transfer from one LEA to another, 170 plus 10 for each LEA attended. (3) The Superintendent apportions the days above
the limit between the LEAs. (4) Part of a day and part of a year count in proportion.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import groupby, pairwise

from broker.core.days.school_year import SchoolYear, weekdays
from broker.core.model import LeaId

FULL_YEAR = 180  # days of membership of a student who is there for a whole school year; R277-419-6(1)(a)
_DAY = timedelta(days=1)

Interval = tuple[date, date]


class Programme(StrEnum):
    """The schedule of the school that the student attends."""

    REGULAR = "regular"
    YEAR_ROUND = "year-round"
    SPECIAL_SCHEDULE = "special-schedule"  # approved under R277-419-4(1)(b)
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Span:
    """One membership of a student as an LEA reported it, from `entry` to `exit`, both days included; `exit` is None
    while it is open.

    An exit on the day of entry takes a mistaken entry back. `kindergarten` is None where the grade is not known;
    `day_part` is the part of the school day, over 0 and at most 1.
    """

    lea: LeaId
    school: str
    entry: date
    exit: date | None = None
    local_id: str = ""
    programme: Programme = Programme.UNKNOWN
    kindergarten: bool | None = None
    day_part: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Stay:
    """The part of a span that lies in one school year, both days included; `rate` is the days of membership for each
    weekday."""

    span: Span
    first: date
    last: date
    rate: Fraction


@dataclass(frozen=True, slots=True)
class Limit:
    """The most days of regular membership that a student is eligible for, the subsection (`rule`), and why in a
    phrase."""

    days: int
    rule: str
    why: str


def prorate(present: int, whole: int, day_part: Fraction = Fraction(1)) -> Fraction:
    """Days of membership of a student who is there on `present` of a year's `whole` school days, for part of the day.

    R277-419-6(4): part of the school day, and part of the school year, count in proportion.
    """
    return Fraction(FULL_YEAR * present, whole) * day_part


def stay_in(span: Span, year: SchoolYear) -> Stay | None:
    """The part of a span in this school year; None where there is none, and for an entry that was taken back.

    An open span ends with the school year's last day of instruction. The school's own calendar is not known to the
    exchange, so a day's worth is the year's 180 days, spread evenly over the weekdays on which such a school may teach:
    from `first` to `last` of the school year for a year-round school, from `opens` to `closes` for every other.
    """
    if span.exit is not None and span.exit <= span.entry:
        return None
    year_round = span.programme is Programme.YEAR_ROUND
    low, high = (year.first, year.last) if year_round else (year.opens, year.closes)
    first, last = max(span.entry, low), min(span.exit or high, high)
    return Stay(span, first, last, prorate(1, weekdays(low, high), span.day_part)) if first <= last else None


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The same days in as few intervals as possible; intervals with only a weekend between them become one."""
    whole: list[Interval] = []
    for first, last in sorted(intervals):
        if whole and (first <= whole[-1][1] or not weekdays(whole[-1][1] + _DAY, first - _DAY)):
            whole[-1] = (whole[-1][0], max(whole[-1][1], last))
        else:
            whole.append((first, last))
    return whole


def segments(stays: Sequence[Stay]) -> Iterator[tuple[int, Mapping[LeaId, list[Stay]]]]:
    """The school year, cut where a stay begins or ends: for each piece the number of its weekdays and the stays on
    them, by LEA."""
    bounds = sorted({stay.first for stay in stays} | {stay.last + _DAY for stay in stays})
    for first, after in pairwise(bounds):
        present: dict[LeaId, list[Stay]] = {}
        for stay in stays:
            if stay.first <= first <= stay.last:
                present.setdefault(stay.span.lea, []).append(stay)
        if present:
            yield weekdays(first, after - _DAY), present


def worth(days: int, stays: Sequence[Stay]) -> Fraction:
    """The days that one LEA may claim for `days` weekdays with these stays: two schools on one day are not two days."""
    parts = sum((stay.span.day_part for stay in stays), Fraction(0))
    return days * sum((stay.rate for stay in stays), Fraction(0)) / max(Fraction(1), parts)


def _moved(stays: Sequence[Stay], place: Callable[[Stay], object]) -> bool:
    """Whether the student transferred from one place to another: came to the first one earlier, and left it earlier.

    A membership within the time of another one is a dual enrollment and no transfer.
    """
    by_place: dict[object, list[Interval]] = {}
    for stay in stays:
        by_place.setdefault(place(stay), []).append((stay.first, stay.last))
    visits = sorted((first, last, i) for i, days in enumerate(by_place.values()) for first, last in merged(days))
    left: dict[int, date] = {}  # the two places that were left earliest: one of them is another place
    for _, same_day in groupby(visits, lambda visit: visit[0]):
        begun = list(same_day)
        if any(end < last for _, last, here in begun for there, end in left.items() if there != here):
            return True
        for _, last, here in begun:
            left[here] = min(last, left.get(here, last))
        left = dict(sorted(left.items(), key=lambda one: one[1])[:2])
    return False


def _moved_at(stays: Sequence[Stay], place: Callable[[Stay], str], programme: Programme) -> bool:
    """Whether one of the places that the student transferred to or from has this programme."""
    marked = {place(stay) for stay in stays if stay.span.programme is programme}
    within = [stay for stay in stays if place(stay) in marked]
    return bool(marked) and (_moved(within, place) or _moved(stays, lambda stay: place(stay) in marked))


def _lea(stay: Stay) -> str:
    return stay.span.lea


def _school(stay: Stay) -> str:
    return stay.span.school


def limit(stays: Sequence[Stay]) -> Limit:
    """How many days of regular membership the student with these stays is eligible for: R277-419-6(1) and (2).

    Where several lines fit: (2)(d) says itself that it yields to (2)(b) and (2)(c), even where its own sum would be
    more. (2)(b) and (2)(c) do not rank each other; both are exceptions that widen (2)(a), so a student who meets both
    gets the wider one, 220. Without a transfer none of them applies: a student who is in two LEAs at the same time all
    year gets (2)(a), 180.
    """
    count = len({_lea(stay) for stay in stays})
    if count < 2:
        if _moved_at(stays, _school, Programme.YEAR_ROUND):
            return Limit(205, "R277-419-6(1)(c)", "a transfer within the LEA to or from a year-round school")
        return Limit(FULL_YEAR, "R277-419-6(1)(a)", "one LEA")
    if _moved_at(stays, _lea, Programme.SPECIAL_SCHEDULE):
        return Limit(220, "R277-419-6(2)(b)", "a transfer to or from an LEA with a specially approved schedule")
    if _moved_at(stays, _lea, Programme.YEAR_ROUND):
        return Limit(205, "R277-419-6(2)(c)", "a transfer to or from an LEA with a year-round school")
    if _moved(stays, _lea):
        return Limit(170 + 10 * count, "R277-419-6(2)(d)", f"a transfer, and {count} LEAs: 170 + 10 × {count}")
    return Limit(FULL_YEAR, "R277-419-6(2)(a)", "two or more LEAs without a transfer")


def shares(claimed: Mapping[LeaId, Fraction], total: int) -> dict[LeaId, int]:
    """`total` whole days divided in proportion to the claims, by largest remainder; ties go to the larger claim, then
    to the lower id."""
    whole = sum(claimed.values(), Fraction(0))
    exact = {lea: claim * total / whole if whole else Fraction(0) for lea, claim in claimed.items()}
    given = {lea: int(days) for lea, days in exact.items()}
    left = (total if whole else 0) - sum(given.values())
    for lea in sorted(exact, key=lambda lea: (given[lea] - exact[lea], -claimed[lea], lea))[:left]:
        given[lea] += 1
    return dict(sorted(given.items()))


def apportion(claimed: Mapping[LeaId, Fraction], most: int) -> dict[LeaId, int]:
    """Whole days for each LEA: its own claim while all claims together stay within `most`, else in proportion.

    R277-419-6(3) leaves it to the Superintendent how days above the limit are apportioned. This function proposes
    proportion to the claims, after subsection (4); it decides nothing.
    """
    return shares(claimed, min(round(sum(claimed.values(), Fraction(0))), most))
