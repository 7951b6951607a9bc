"""overdue cases: the cases that each LEA is told of on a day, read from the ledger a page at a time.

Contract: reads only. A line holds the reader's own student, and the id and name of the other LEA. No LEA is told of
cases that the state holds (Utah 53A-11-504).
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from broker.core.days.state_time import StateTime
from broker.core.model import LeaId
from broker.core.report import OWED, is_reported_late
from broker.edge.ledger.cases import transfer_views
from broker.edge.ledger.cases.transfer_views import MEMORY_DAYS, Choice
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import Reading, reading
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import registry
from broker.formats.reports.overdue import Case, Late, late_line, line
from broker.oversight import transfer_ranking
from broker.oversight.transfer_ranking import Calendars
from broker.packets.services import Services

_Lines = list[tuple[LeaId, dict[str, Any]]]


def lines(services: Services, day: date, calendars: Calendars) -> Iterator[_Lines]:
    """Page by page, (LEA, entry). An entry has `line`, as the notice has it, and either `told`, the ISO date on which
    the overdue case was first told to any LEA ('' for never), or `opened`, the date on which a late enrollment came."""
    yield from _overdue(services, day, calendars)
    yield from _reported_late(services, day)


def kind(one: dict[str, Any], last: str) -> str:
    """The kind of a line for an LEA that was last told on the day `last` ('' for never): new, still or reported_late;
    '' for a line that the LEA already knows."""
    if "opened" in one:  # if it came on the day of the last notice, it came after that notice
        return "reported_late" if one["opened"] >= last else ""
    return "still" if one["told"] and one["told"] <= last else "new"


def _overdue(services: Services, day: date, calendars: Calendars) -> Iterator[_Lines]:
    choice, after = Choice(OWED, overdue_on=day.isoformat()), 0
    while True:
        with reading(services.engine) as connection:
            rows = transfer_views.page(connection, choice, after)
            found: _Lines = []
            for row in rows:
                told, late = _told_on(services.time, row), calendars.late(connection, row) or 0
                both = _both(services.time, connection, row, day, late)
                found += [(lea, {"told": told, "line": line(one)}) for lea, one in both]
        yield found
        if len(rows) < transfer_views.PAGE:
            return
        after = rows[-1].id


def _told_on(state: StateTime, row: TransferRow) -> str:
    """The ISO date on which the case was told, '' for never. A notice about an earlier deadline does not count."""
    noted = "" if row.overdue_at is None else state.day(row.overdue_at).isoformat()
    return noted if noted > row.due_on else ""


def _both(
    state: StateTime, connection: Reading, row: TransferRow, day: date, late: int
) -> Iterator[tuple[LeaId, Case]]:
    ssid, spots = _student(connection, row)
    due_on = date.fromisoformat(row.due_on)
    for you_are, lea, other in (("source", row.source, row.destination), ("destination", row.destination, row.source)):
        case = Case(
            transfer=row.id,
            you_are=you_are,
            state=row.state,
            ssid=ssid,
            other=other,
            other_name=_name(connection, other),
            entered_on=date.fromisoformat(row.entered_on),
            asked_on=None if row.requested_at is None else state.day(row.requested_at),
            due_on=due_on,
            school_days_late=late,
            days_late=(day - due_on).days,
            rule=row.rule,
            request=row.request,
            local_id=_local_id(spots, lea),
        )
        yield LeaId(lea), case


def _student(connection: Reading, row: TransferRow) -> tuple[str, list[EnrollmentRow]]:
    """The SSID that stands for the student now, and the student's stays."""
    found = registry.standing(connection, row.ssid)
    return (found.ssid if found else row.ssid), registry.locations(connection, row.ssid)


def _name(connection: Reading, lea: str) -> str:
    party = directory.party(connection, lea)
    return party.name if party else ""


def _local_id(spots: Sequence[EnrollmentRow], lea: str) -> str:
    return next((spot.local_id for spot in reversed(spots) if spot.lea == lea and spot.local_id), "")


def _reported_late(services: Services, day: date) -> Iterator[_Lines]:
    """The late reports of the days before this one; `kind` drops those that an LEA was told of since."""
    begins, after = services.time.begins, 0
    since, before = begins(day - timedelta(days=MEMORY_DAYS)), begins(day)
    most = services.settings.transfers.request_days
    while True:
        with reading(services.engine) as connection:
            rows = transfer_views.opened(connection, since, before, after)
            late = [
                _late(services.time, connection, row)
                for row in rows
                if is_reported_late(transfer_ranking.asked(row, services.time), most)
            ]
        yield [(lea, {"opened": opened.isoformat(), "line": late_line(one)}) for lea, opened, one in late]
        if len(rows) < transfer_views.PAGE:
            return
        after = rows[-1].id


def _late(state: StateTime, connection: Reading, row: TransferRow) -> tuple[LeaId, date, Late]:
    """The LEA that is told, the day on which the case opened, and the facts."""
    ssid, spots = _student(connection, row)
    opened = state.day(row.opened_at)
    one = Late(
        transfer=row.id,
        ssid=ssid,
        other=row.source,
        other_name=_name(connection, row.source),
        entered_on=date.fromisoformat(row.entered_on),
        reported_on=date.fromisoformat(row.reported_on) if row.reported_on else opened,
        local_id=_local_id(spots, row.destination),
    )
    return LeaId(row.destination), opened, one
