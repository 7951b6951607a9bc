"""School calendars of LEAs: the rule of the settings, public holidays, and days entered by hand.

Owns the one use of the `holidays` library. Promises: an entered day takes effect at the next call, in every process;
everything else is computed once for each process. A day follows the LEA's own row, else the state's row for all, else
it is closed on a public holiday, else open from Monday to Friday while school is in session.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

import holidays as library

from broker.core.days import school_year
from broker.core.days.deadlines import COUNTS_SCHOOL_DAYS, Calendar, Clock, due, goes_on, teaching
from broker.core.errors import OperatorError
from broker.core.transfer import LIVE, stood
from broker.edge.ledger import epoch
from broker.edge.ledger.cases import school_days, transfers
from broker.edge.ledger.cases.school_days import Kind
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.settings.values import Settings

Done = TypeVar("Done")

_KEPT = 1024  # calendars kept by each process, a few kB each: every LEA of a state, for two spans of years


class CalendarError(OperatorError):
    """The calendar cannot be made; the message is one sentence for the operator."""


class By(StrEnum):
    """Who says that a day differs from the rule."""

    HOLIDAY = "holiday"
    STATE = "state"
    LEA = "lea"


@dataclass(frozen=True, slots=True)
class Mark:
    """A day that differs from the rule; `why` is a holiday's name or the text that was entered."""

    day: date
    kind: Kind
    by: By
    why: str


def calendar_of(connection: Reading, settings: Settings, lea: str, first: date, last: date) -> Calendar:
    """The LEA's calendar; '' is the state's own.

    It reaches from the beginning of the school year of `first` to the end of the one after that of `last`, so it
    includes the deadline of a request made on any of these days. Raises CalendarError for a region without known
    holidays.
    """
    rule = settings.claims.calendar
    years = range(rule.containing(first), rule.containing(last) + 2)
    said = _said(connection, lea, rule.year(years[0]).first, rule.year(years[-1]).last)
    opened = tuple(mark.day for mark in said.values() if mark.kind is Kind.OPEN)
    closed = tuple(mark.day for mark in said.values() if mark.kind is Kind.CLOSED)
    is_year_round = lea in settings.transfers.year_round_leas
    return _calendar(rule, settings.transfers.holidays, years, is_year_round, closed, opened)


def due_on(connection: Reading, settings: Settings, clock: Clock, lea: str, start: date) -> date:
    """The last day on which this LEA is in time; `start` as for `days.deadlines.due`. Raises CalendarError."""
    calendar = calendar_of(connection, settings, lea, start, start)
    return due(clock, start, calendar, settings.transfers.lengths)


def deadline(connection: Reading, settings: Settings, case: TransferRow) -> tuple[str, str]:
    """The last day on which the source of a case is in time, an ISO date, and the deadline rule. The time counts from
    the first request (Utah 53A-11-504), without the time in which the clock stood still. Raises CalendarError."""
    clock = Clock.MILITARY if case.military else Clock.ANSWER
    if case.requested_at is None:
        return "", ""
    start, day = settings.time.day(case.requested_at), settings.time.day
    steps = transfers.steps_of(connection, case)
    stands = [
        (day(since), day(until))
        for since, until in stood(steps, rejected=settings.transfers.clock_stands)
        if since >= case.requested_at
    ]
    calendar = calendar_of(connection, settings, case.source, start, max([start, *(until for _, until in stands)]))
    found = due(clock, start, calendar, settings.transfers.lengths)
    for one in stands:
        found = goes_on(clock, found, one, calendar)
    return found.isoformat(), str(clock)


def marks(connection: Reading, settings: Settings, lea: str, first: date, last: date) -> list[Mark]:
    """The days from `first` to `last` that differ from the rule, by day: public holidays, and entered days in their
    place.

    Raises CalendarError.
    """
    named = public_holidays(settings.transfers.holidays, first.year, last.year)
    known = {day: Mark(day, Kind.CLOSED, By.HOLIDAY, why) for day, why in named.items() if first <= day <= last}
    known |= _said(connection, lea, first, last)
    return [known[day] for day in sorted(known)]


def move_deadlines(
    connection: Writing, settings: Settings, lea: str, at: float, change: Callable[[], Done]
) -> tuple[Done, int]:
    """Change the calendar of `lea` ('': of every LEA), and give its open cases their new deadlines. Returns the
    change's result, and how many deadlines moved. A deadline that this change does not move stays as stored, even where
    an earlier program or other settings computed it differently.

    `at` is seconds since the epoch. Raises CalendarError.
    """
    epoch.hold(connection)  # moving packets also answers and closes cases
    cases = [
        case
        for case in transfers.listing(connection, LIVE, lea)
        if case.requested_at is not None and case.rule in COUNTS_SCHOOL_DAYS
    ]
    before = [deadline(connection, settings, case)[0] for case in cases]
    done, moved = change(), 0
    for case, was in zip(cases, before, strict=True):
        now, _ = deadline(connection, settings, case)
        if now not in (was, case.due_on):
            transfers.change(connection, replace(case, due_on=now), at, "the school calendar has changed")
            moved += 1
    return done, moved


def check(settings: Settings) -> None:
    """Raises CalendarError for a region whose holidays are unknown."""
    public_holidays(settings.transfers.holidays, 2026, 2026)


@lru_cache(maxsize=64)
def public_holidays(region: str, first_year: int, last_year: int) -> Mapping[date, str]:
    """Public holidays of a region such as US-UT ('': none) in these years, with the days on which they are observed.

    Raises CalendarError.
    """
    if not region:
        return {}
    country, _, part = region.partition("-")
    years = range(first_year, last_year + 1)
    try:
        found = library.country_holidays(country, subdiv=part or None, years=years)
    except NotImplementedError:
        raise CalendarError(
            f"satchel.toml: no public holidays are known for transfers.holidays = {region};"
            " give a country and its part such as US-UT, or leave it empty and enter them by `satchel calendar close`."
        ) from None
    return dict(found.items())


def _said(connection: Reading, lea: str, first: date, last: date) -> dict[date, Mark]:
    """The entered days; the LEA's own rows come later, so they replace those for all."""
    rows = school_days.of(connection, lea, first, last)
    days = ((date.fromisoformat(row.day), row) for row in rows)
    return {day: Mark(day, row.kind, By.LEA if row.lea else By.STATE, row.why) for day, row in days}


@lru_cache(maxsize=_KEPT)
def _calendar(
    rule: school_year.Calendar,
    region: str,
    years: range,
    is_year_round: bool,
    closed: tuple[date, ...],
    opened: tuple[date, ...],
) -> Calendar:
    spans = [rule.year(number) for number in years]
    free = public_holidays(region, spans[0].first.year, spans[-1].last.year)
    return teaching(spans, is_year_round=is_year_round, closed={*free, *closed}, opened=opened)
