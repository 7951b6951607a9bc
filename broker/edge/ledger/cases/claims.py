"""Claims in the ledger: the students of several LEAs, and the findings about their memberships.

Owns the queries over `enrollments` for the claims report; no table of its own. Promises: reads only, by the index of
student and LEA, a bounded number of students at a time, in the order of SSIDs; each student is read in one statement,
so a finding never mixes old and new rows. A report is true at the moment when its page was read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import groupby
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select

from broker.core.days.claims import Finding, judge
from broker.core.days.membership import Programme, Span
from broker.core.days.school_year import Calendar, SchoolYear
from broker.core.model import LeaId, Ssid
from broker.core.stays import Account, Today
from broker.edge.ledger.engine import Reading
from broker.edge.ledger.people.stays import ends_by, location
from broker.edge.ledger.tables import enrollments

_STUDENTS = 200  # students of several LEAs in one page
_SPANS = 200  # the newest spans of a student at an LEA; a school year has too few weekdays to separate more of them
_COMING = 3  # school years after the current one in which an entry may be dated
_COLUMNS = (
    *("ssid", "lea", "school", "entry_date", "exit_date", "local_id", "programme", "grade", "day_part"),
    *("dual", "military", "reported_on", "is_old"),
)
_KINDERGARTEN = frozenset({"K", "KG"})
_PROGRAMMES = {programme.value: programme for programme in Programme}


@dataclass(frozen=True, slots=True)
class Period:
    """What a report covers: school years, oldest first, and students whose days overlap from `first` to `last`.

    A year after `current` is judged only for students who have an entry in it or after it: a student of two LEAs now
    stays in both next year until an exit is sent, and one finding is enough. `today`, where given, is the day that
    decides whether an entry ahead counts yet (`core.stays`).
    """

    years: tuple[SchoolYear, ...]
    current: int
    first: date
    last: date
    today: Today | None = None


def period(calendar: Calendar, today: date, number: int | None = None, by: Today | None = None) -> Period:
    """One school year by its number; without a number the current one, and the coming ones as far as entries name them.

    Entries are judged by what counts today; `by`, where given, judges that instead of the default settings.
    """
    current = calendar.containing(today)
    numbers = range(current, current + _COMING + 1) if number is None else [number]
    years = tuple(map(calendar.year, numbers))
    return Period(years, numbers[0], years[0].first, years[-1].last, by or Today(today.isoformat(), calendar))


def between(calendar: Calendar, first: date, last: date, by: Today | None = None) -> Period:
    """The school years of these days; `by` as for `period`, None to count every entry, however far ahead."""
    numbers = range(calendar.containing(first), calendar.containing(last) + 1)
    return Period(tuple(map(calendar.year, numbers)), numbers[-1], first, last, by)


def _movers(lea: str) -> Select[Any]:
    """Students after `after` who were ever at two LEAs, one of them `lea` where given; the index alone answers this."""
    several = func.min(enrollments.c.lea) < func.max(enrollments.c.lea)
    query = select(enrollments.c.ssid).where(enrollments.c.ssid > bindparam("after")).group_by(enrollments.c.ssid)
    if lea:
        here = enrollments.alias("here")
        at_lea = select(here.c.id).where(here.c.ssid == enrollments.c.ssid, here.c.lea == lea)
        query = query.where(at_lea.exists())
    return query.having(several).order_by(enrollments.c.ssid).limit(_STUDENTS)


def _newest() -> Select[Any]:
    """The memberships of some students that touch the days from `first` to `last`, without voided ones."""
    row = enrollments.c
    rank = func.row_number().over(partition_by=(row.ssid, row.lea), order_by=(row.entry_date.desc(), row.id.desc()))
    ranked = (
        select(*[row[name] for name in _COLUMNS], rank.label("rank"))
        .where(row.ssid.in_(bindparam("ssids", expanding=True)))
        .where(row.entry_date <= bindparam("last"), ends_by(row, bindparam("first")))
        .subquery()
    )
    newest = ranked.c.rank <= _SPANS
    order = (ranked.c.ssid, ranked.c.lea, ranked.c.rank)
    return select(*[ranked.c[name] for name in _COLUMNS]).where(newest).order_by(*order)


_NEWEST = _newest()


def span_of(row: Row[Any]) -> Span:
    """The span of one enrollment. An unknown programme counts as UNKNOWN; an empty grade counts as not known; a part of
    the day that was not reported counts as the whole day."""
    grade = row.grade.strip().upper()
    return Span(
        lea=LeaId(row.lea),
        school=row.school,
        entry=date.fromisoformat(row.entry_date),
        exit=date.fromisoformat(row.exit_date) if row.exit_date else None,
        local_id=row.local_id,
        programme=_PROGRAMMES.get(row.programme, Programme.UNKNOWN),
        kindergarten=grade in _KINDERGARTEN if grade else None,
        day_part=Fraction(row.day_part or 1),
    )


def _touches(finding: Finding, chosen: Period) -> bool:
    days = [(one.first, one.last) for one in finding.overlaps] or [(stay.first, stay.last) for stay in finding.stays]
    return any(first <= chosen.last and last >= chosen.first for first, last in days)


def _judged(ssid: Ssid, spans: Sequence[Span], chosen: Period) -> Iterator[Finding]:
    newest = max(span.entry for span in spans)
    for year in chosen.years:
        if year.number <= chosen.current or newest >= year.first:
            finding = judge(ssid, spans, year)
            if finding is not None and _touches(finding, chosen):
                yield finding


def page(connection: Reading, chosen: Period, after: str = "", lea: str = "") -> tuple[list[Finding], str]:
    """The findings about the next students of several LEAs after this SSID, and the last SSID read; '' at the end.

    With `lea`, only findings that concern this LEA.
    """
    movers = [str(row[0]) for row in connection.execute(_movers(lea), {"after": after})]
    if not movers:
        return [], ""
    found = of(connection, chosen, movers)
    last = movers[-1] if len(movers) == _STUDENTS else ""
    return [finding for finding in found if not lea or lea in finding.concerned], last


def of(connection: Reading, chosen: Period, ssids: Sequence[str]) -> list[Finding]:
    """The findings about these students, in the order of SSIDs and school years."""
    # a school year is read whole: all its days of membership count, also those outside the days asked for
    days = {"first": chosen.years[0].first.isoformat(), "last": chosen.years[-1].last.isoformat()}
    found: list[Finding] = []
    ordered = sorted(set(ssids))
    for start in range(0, len(ordered), _STUDENTS):
        some = days | {"ssids": ordered[start : start + _STUDENTS]}
        rows = connection.execute(_NEWEST, some).all()
        for ssid, own in groupby(rows, lambda row: row.ssid):
            spans = [span_of(row) for row in _counting(own, chosen.today)]
            found += _judged(Ssid(ssid), spans, chosen) if spans else ()
    return found


def _counting(rows: Iterable[Row[Any]], today: Today | None) -> list[Row[Any]]:
    """These rows, without entries ahead that do not count before their day."""
    every = list(rows)
    if today is None or all(row.entry_date <= today.day for row in every):
        return every
    ordered = sorted(every, key=lambda row: row.entry_date)
    places = [location(row) for row in ordered]
    counting = set(Account(places, today).counting)
    return [row for row, one in zip(ordered, places, strict=True) if one in counting]
