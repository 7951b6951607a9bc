"""The views of transfers over SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, insert
from sqlalchemy.exc import IntegrityError

from broker.core.model import LeaId
from broker.core.report import OWED
from broker.core.transfer import LIVE, TransferState
from broker.edge.ledger import tables
from broker.edge.ledger.cases import transfer_views, transfers
from broker.edge.ledger.cases.transfer_views import Choice
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading, writing
from handlers.registry import REPLACES_EARLIER
from tests.support.rows import filled

LEAS = ("01", "02", "6G")
TODAY = date(2026, 11, 23)
ROW = TransferRow(
    ssid="1",
    source="01",
    destination="6G",
    entered_on="2026-09-01",
    opened_at=100.0,
    cause="",
    state=TransferState.REQUESTED,
    requested_at=100.0,
    due_on="2026-10-14",
)


@pytest.fixture
def engine(engine: Engine) -> Engine:
    with writing(engine) as connection:
        connection.execute(insert(tables.parties), [filled(tables.parties, id=lea) for lea in LEAS])
        connection.execute(insert(tables.students), filled(tables.students, ssid="1"))
    return engine


def entered(engine: Engine, *rows: TransferRow) -> list[int]:
    """Enter cases; one in a later state goes there by its moves."""
    numbers = []
    with writing(engine) as connection:
        for row in rows:
            new = transfers.add(connection, replace(row, state=TransferState.REQUESTED))
            if row.state is TransferState.CLOSED:
                transfers.change(connection, replace(row, id=new.id, state=TransferState.ANSWERED), 150.0)
            if row.state is not TransferState.REQUESTED:
                transfers.change(connection, replace(row, id=new.id), 200.0)
            numbers.append(new.id)
    return numbers


def chosen(engine: Engine, choice: Choice, **more: int) -> list[int]:
    with reading(engine) as connection:
        return [row.id for row in transfer_views.page(connection, choice, **more)]


def test_which_cases(engine: Engine) -> None:
    a, b, c, d, e = entered(
        engine,
        ROW,
        replace(ROW, source="02", due_on="2026-11-23"),
        replace(ROW, state=TransferState.REFUSED, destination="02"),
        replace(ROW, state=TransferState.BLOCKED),
        replace(ROW, state=TransferState.CLOSED, answered_at=150.0),
    )
    assert chosen(engine, Choice(frozenset(TransferState))) == [a, b, c, d, e]
    assert chosen(engine, Choice(LIVE)) == [a, b, c, d]
    assert chosen(engine, Choice(LIVE, "02")) == [b, c]
    assert chosen(engine, Choice(LIVE, "none")) == []
    assert chosen(engine, Choice(frozenset(TransferState), overdue_on="2026-11-23")) == [a, c]
    assert chosen(engine, Choice(frozenset(TransferState), overdue_on="2026-11-24")) == [a, b, c]
    assert chosen(engine, Choice(OWED, "6G", "2026-11-24")) == [a, b]
    assert chosen(engine, Choice(LIVE), after=a, limit=2) == [b, c]
    with reading(engine) as connection:
        found = transfer_views.page(connection, Choice(LIVE), b, 1)[0]
        assert found == transfers.get(connection, c)
        assert found.state is TransferState.REFUSED


def test_what_a_report_is_about(engine: Engine) -> None:
    ended = replace(ROW, state=TransferState.CLOSED)
    a, b, c, d = entered(
        engine,
        ROW,
        ended,
        replace(ended, opened_at=300.0, requested_at=None),
        replace(ended, opened_at=300.0, requested_at=500.0),
    )

    def about(first: float, before: float, after: int = 0, limit: int = 9) -> list[int]:
        with reading(engine) as connection:
            return [row.id for row in transfer_views.reported(connection, first, before, after, limit)]

    assert about(100.0, 101.0) == [a, b]
    assert about(0.0, 100.0) == about(101.0, 300.0) == [a]  # open still
    assert about(300.0, 301.0) == [a, c, d]
    assert about(500.0, 600.0) == [a, d]
    assert about(0.0, 600.0, a, 2) == [b, c]
    with reading(engine) as connection:
        assert [row.id for row in transfer_views.opened(connection, 300.0, 301.0)] == [c, d]
        assert [row.id for row in transfer_views.opened(connection, 100.0, 300.0)] == [a, b]
        assert [row.id for row in transfer_views.opened(connection, 100.0, 301.0, b, 1)] == [c]


def test_who_was_told_when(engine: Engine) -> None:
    lea = LeaId("01")
    with writing(engine) as connection:
        assert transfer_views.last_told(connection, lea, TODAY) is None
        for days in (transfer_views.MEMORY_DAYS, 4, 9):
            transfer_views.tell(connection, lea, TODAY - timedelta(days=days), "tracking")
        transfer_views.tell(connection, LeaId("0"), TODAY, "tracking")
        transfer_views.tell(connection, lea, TODAY + timedelta(days=1), "tracking")
        assert transfer_views.last_told(connection, lea, TODAY) == TODAY - timedelta(days=4)
        oldest = TODAY - timedelta(days=transfer_views.MEMORY_DAYS)
        assert transfer_views.last_told(connection, lea, TODAY - timedelta(days=10)) == oldest
        assert transfer_views.last_told(connection, lea, oldest - timedelta(days=1)) is None
    with pytest.raises(IntegrityError), writing(engine) as connection:
        transfer_views.tell(connection, lea, TODAY - timedelta(days=4), "another")


def test_noting_what_is_overdue(engine: Engine) -> None:
    owed, noted, noted_long_ago, answered = entered(
        engine,
        ROW,
        replace(ROW, overdue_at=250.0),
        replace(ROW, overdue_at=50.0),
        replace(ROW, state=TransferState.ANSWERED),
    )
    # a change writes what the birth does not: both were told before
    with writing(engine) as connection:
        transfer_views.overdue_now(connection, dict.fromkeys((owed, noted, noted_long_ago, answered, 99), 200.0), 300.0)
    with reading(engine) as connection:
        rows = [transfers.get(connection, number) for number in (owed, noted, noted_long_ago, answered)]
        assert [row.overdue_at for row in rows if row] == [300.0, 250.0, 300.0, None]
        steps = [transfers.events_of(connection, number)[-1].why for number in (owed, noted, noted_long_ago, answered)]
        assert steps == ["overdue", "", "overdue", ""]
        last = transfers.events_of(connection, owed)[-1]
        assert (last.at, last.before, last.after) == (300.0, "requested", "requested")


def test_one_case_to_be_changed(engine: Engine) -> None:
    (number,) = entered(engine, ROW)
    with writing(engine) as connection:
        assert transfer_views.locked(connection, number) == transfers.get(connection, number)
        assert transfer_views.locked(connection, number + 1) is None


def test_what_was_collected_and_not_acknowledged(engine: Engine) -> None:
    def packet(tracking: str, kind: str, receiver: str, at: float, *moves: str) -> None:
        connection.execute(
            insert(tables.packets),
            filled(tables.packets, tracking=tracking, type=kind, receiver=receiver, state="ROUTED", updated_at=at),
        )
        for state in moves:
            moved = tables.packets.update().where(tables.packets.c.tracking == tracking).values(state=state)
            connection.execute(moved)

    there = ("DELIVERED", "COLLECTED")
    with writing(engine) as connection:
        packet("a", "student-record", "6G", 10.0, *there)
        packet("b", "transcript", "6G", 10.0, *there)
        packet("c", "student-record", "6G", 10.0, *there)  # acknowledged
        packet("d", "student-record", "6G", 10.0, "DELIVERED")
        packet("e", "backpack", "6G", 10.0, *there)
        packet("f", "student-record", "01", 10.0, *there)
        packet("g", "student-record", "6G", 30.0, *there)
        said = filled(tables.acknowledgements, tracking="c", party="6G")
        connection.execute(insert(tables.acknowledgements), said)
        assert transfer_views.unacknowledged(connection, "6G", 0.0, 20.0, REPLACES_EARLIER) == 2
        assert transfer_views.unacknowledged(connection, "6G", 10.0, 31.0, REPLACES_EARLIER) == 3
        assert transfer_views.unacknowledged(connection, "6G", 11.0, 30.0, REPLACES_EARLIER) == 0
        assert transfer_views.unacknowledged(connection, "01", 0.0, 20.0, REPLACES_EARLIER) == 1
