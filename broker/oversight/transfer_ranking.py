"""transfer ranking: the state's report on transfers, made page by page for the night and for the command.

Contract: reads only, a page of cases or one LEA's inbox at a time; the report on a case is true for the moment when its
page was read. Answers are counted by the school calendar of the LEA that was asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from broker.core.days.deadlines import Calendar, overdue_days
from broker.core.days.state_time import StateTime
from broker.core.model import LeaId
from broker.core.report import Asked, Report, is_overdue
from broker.edge.calendars import calendar_of
from broker.edge.ledger.cases import transfer_views
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import Engine, Reading, reading
from broker.edge.ledger.parties import directory
from broker.edge.settings.values import Settings
from handlers.registry import REPLACES_EARLIER


class Calendars:
    """The school calendars of LEAs up to `today`; each is read from the ledger once, and again when an older day is
    needed."""

    def __init__(self, settings: Settings, today: date) -> None:
        self._settings = settings
        self._today = today
        self._known: dict[str, Calendar] = {}

    def of(self, connection: Reading, lea: str, since: date) -> Calendar:
        """The LEA's calendar, which reaches back to `since` at least."""
        known = self._known.get(lea)
        if known is None or known.first > since:
            first = min(since, self._today)
            known = calendar_of(connection, self._settings, lea, first, max(self._today, since))
            self._known[lea] = known
        return known

    def late(self, connection: Reading, row: TransferRow) -> int | None:
        """By how many school days the source is late, by its own calendar; None where it is not overdue."""
        if not is_overdue(row.state, row.due_on, self._today):
            return None
        due_on = date.fromisoformat(row.due_on)
        return overdue_days(due_on, self._today, self.of(connection, row.source, due_on))

    def taken(self, connection: Reading, row: TransferRow) -> int | None:
        """How many school days the source took to answer; None where it did not, or was not asked."""
        if row.requested_at is None or row.answered_at is None:
            return None
        asked = self._settings.time.day(row.requested_at)
        return self.of(connection, row.source, asked).passed(asked, self._settings.time.day(row.answered_at))


@dataclass(frozen=True, slots=True)
class Period:
    """The days that a report covers, `first` to `last`, both included, and the day on which it is made."""

    first: date
    last: date
    today: date


def this_year(settings: Settings, today: date) -> Period:
    """The period from the first day of the school year to `today`."""
    calendar = settings.claims.calendar
    return Period(calendar.year(calendar.containing(today)).first, today, today)


def begin(settings: Settings, period: Period) -> Report:
    """A report in which nothing is counted yet."""
    return Report(period.first, period.last, period.today, settings.transfers.request_days)


def gather(engine: Engine, settings: Settings, report: Report) -> Iterator[None]:
    """Count all cases of the report, a page or an LEA at a time."""
    first, before = settings.time.begins(report.first), settings.time.ends(report.last)
    yield from _cases(engine, settings, report, first, before)
    with reading(engine) as connection:
        leas = [party.id for party in directory.all_parties(connection)]
    for lea in leas:
        with reading(engine) as connection:
            report.unacknowledged(lea, transfer_views.unacknowledged(connection, lea, first, before, REPLACES_EARLIER))
        yield


def _cases(engine: Engine, settings: Settings, report: Report, first: float, before: float) -> Iterator[None]:
    calendars, after = Calendars(settings, report.today), 0
    while True:
        with reading(engine) as connection:
            rows = transfer_views.reported(connection, first, before, after)
            for row in rows:
                case = asked(row, settings.time)
                report.add(case, calendars.of(connection, row.source, _oldest(case)))
        yield
        if len(rows) < transfer_views.PAGE:
            return
        after = rows[-1].id


def _oldest(case: Asked) -> date:
    days = [case.opened_on, case.asked_on, case.due_on and date.fromisoformat(case.due_on)]
    return min(day for day in days if day)


def asked(row: TransferRow, state: StateTime) -> Asked:
    """The case as the report sees it."""
    return Asked(
        source=LeaId(row.source),
        destination=LeaId(row.destination),
        state=row.state,
        entered_on=date.fromisoformat(row.entered_on),
        opened_on=state.day(row.opened_at),
        asked_on=None if row.requested_at is None else state.day(row.requested_at),
        answered_on=None if row.answered_at is None else state.day(row.answered_at),
        due_on=row.due_on,
        reported_on=date.fromisoformat(row.reported_on) if row.reported_on else None,
    )
