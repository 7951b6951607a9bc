"""An exchange in which records are late."""

import copy
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from broker import wiring
from broker.core.model import LeaId, Ssid
from broker.core.transfer import TransferState
from broker.edge.ledger.cases import school_days, transfers
from broker.edge.ledger.cases.school_days import Kind, SchoolDay
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import writing
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.people import registry
from broker.edge.ledger.people.registry import Person
from broker.edge.settings.rules import TheState
from broker.oversight import overdue
from broker.packets.services import Services
from tests.support import accounts
from tests.support.office import Office

ASKED = date(2026, 9, 1)
DUE = date(2026, 10, 16)  # a Friday
LEAS = ("01", "02", "6G")
CLOSED = {"01": {date(2026, 10, 19), date(2026, 10, 20)}, "6G": {date(2026, 10, 21)}, "02": set[date]()}


@contextmanager
def copied(first: Office, tmp_path: Path) -> Iterator[Office]:
    made, made.exchange = copy.copy(first), copy.copy(first.exchange)
    made.exchange.home = Path(shutil.copytree(first.exchange.home, tmp_path / "home"))
    services = wiring.build(made.exchange.home, "test")
    settings = replace(services.settings, transfers=replace(services.settings.transfers, holidays="", digest_hour=6))
    made.services = replace(services, settings=settings)
    with writing(services.engine) as connection:
        days = [SchoolDay(lea, day.isoformat(), Kind.CLOSED, "fall") for lea, some in CLOSED.items() for day in some]
        school_days.put(connection, days)
    yield made
    services.engine.dispose()


def at(day: date, hour: int = 7) -> datetime:
    return datetime.fromtimestamp(TheState().time.hour(day, hour), UTC)


def student(office: Office, ssid: str, *spots: tuple[str, str, str], code: str = "TS") -> None:
    """A student who was enrolled so: (LEA, entry, exit)."""
    person = Person(Ssid(ssid), "Ana", "", "Reyes", "", "2012-03-04", "F")
    with writing(office.services.engine) as connection:
        registry.add_many(connection, [person], 1.0)
        for lea, entry, left in spots:
            number = f"{lea}-{ssid}"
            row = EnrollmentRow(Ssid(ssid), LeaId(lea), "1", number, entry, "", "", "", "")
            accounts.enter(connection, row)
            if left:
                accounts.leave(connection, ssid, lea, "1", left, code)


def case(office: Office, ssid: str, **more: Any) -> int:
    """A case of a new student who moved from 01 to 6G, or as `more` has it."""
    row = TransferRow(
        ssid=ssid,
        source="01",
        destination="6G",
        entered_on="2026-08-31",
        opened_at=at(ASKED).timestamp(),
        cause="",
        state=TransferState.REQUESTED,
        requested_at=at(ASKED).timestamp(),
        request=f"request-{ssid}",
        due_on=DUE.isoformat(),
        rule="answer",
    )
    row = replace(row, **more)
    student(office, ssid, (row.source, "2025-08-18", "2026-08-28"), (row.destination, "2026-08-31", ""))
    with writing(office.services.engine) as connection:
        return transfers.add(connection, row).id


def changed(office: Office, number: int, **more: Any) -> None:
    with writing(office.services.engine) as connection:
        row = transfers.get(connection, number)
        assert row is not None
        transfers.change(connection, replace(row, **more), 1.0)


def then(office: Office, day: date, hour: int = 7) -> Services:
    return replace(office.services, clock=lambda: at(day, hour))


def morning(office: Office, *days: date) -> None:
    """Let the sweeper do the duty of these days."""
    for day in days:
        nightly = overdue.Nightly(then(office, day))
        for _ in range(200):
            nightly.look()
            if (office.services.home.root / "reports" / overdue.names(day)[1]).exists():
                break
        else:
            raise AssertionError("a duty that does not end")


def told(office: Office, lea: str) -> list[dict[str, Any]]:
    return [one for one in office.notices(lea, "transfer") if one["event"] == "overdue"]


def school_days_between(lea: str, after: date, last: date) -> int:
    """An independent count."""
    return sum(
        (after + timedelta(days=n)).weekday() < 5 and after + timedelta(days=n) not in CLOSED[lea]
        for n in range(1, (last - after).days + 1)
    )
