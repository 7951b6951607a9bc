"""Where a child is, from a few stays written down in a test; and stays entered into a ledger without a packet."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from broker.core.days.school_year import Calendar
from broker.core.model import LeaId
from broker.core.stays import Account, Location, Today
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.people import stays
from broker.edge.ledger.people.registry import Source

CALENDAR = Calendar.of("07-01", "08-15", "06-05")
TODAY = "2026-11-23"


def today(day: str = TODAY) -> Today:
    """That day in Utah's school years."""
    return Today(day, CALENDAR)


def account(locations: Sequence[Location], day: str = TODAY) -> Account:
    """The account of these stays, which were reported in this order."""
    return Account(locations, today(day))


def enter(connection: Connection, row: EnrollmentRow) -> None:
    """Enter a stay as if it had been told on its first day."""
    stays.enter(connection, replace(row, reported_on=row.reported_on or row.entry_date), 1.0)


def leave(connection: Connection, ssid: str, lea: str, school: str, day: str, code: str = "") -> None:
    """End one as if that had been told on its last day."""
    stays.leave(connection, ssid, school, day, code, Source(LeaId(lea), "", 1.0), day)
