"""Spans of membership, and the findings of one student."""

from datetime import date, timedelta

from broker.core.days.claims import Finding, judge
from broker.core.days.membership import Programme, Span
from broker.core.days.school_year import Calendar
from broker.core.model import LeaId, Ssid

CALENDAR = Calendar.of("07-01", "08-15", "06-05")
YEAR = CALENDAR.year(2027)
AUGUST, JUNE = date(2026, 8, 17), date(2027, 6, 4)
YEAR_ROUND, SPECIAL = Programme.YEAR_ROUND, Programme.SPECIAL_SCHEDULE
DAY = timedelta(days=1)


def span(lea: str, first: date = AUGUST, last: date | None = None, school: str = "1", **more: object) -> Span:
    return Span(LeaId(lea), school, first, last, **more)  # type: ignore[arg-type]


def month(number: int, day: int = 1) -> date:
    return date(2026 if number > 6 else 2027, number, day)


def found(*spans: Span) -> Finding:
    finding = judge(Ssid("1"), spans, YEAR)
    assert finding is not None
    return finding
