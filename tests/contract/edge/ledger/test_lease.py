"""The lease of a ledger, over SQLite and PostgreSQL: one has it, and who is gone has it no more."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from broker.edge.ledger.engine import reading
from broker.edge.ledger.lease import Lease
from tests.support import ledgers, postgres


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres.alone() as url:
        yield url


@pytest.fixture
def engine(ledger_url: str, tmp_path: Path) -> Iterator[Engine]:
    made = ledgers.blank(tmp_path, ledger_url)
    yield made
    made.dispose()


@pytest.fixture
def other(ledger_url: str, tmp_path: Path) -> Iterator[Engine]:
    """As another process, or machine, has the same ledger."""
    made = ledgers.again(tmp_path, ledger_url)
    yield made
    made.dispose()


def test_one_has_it_at_a_time(engine: Engine, other: Engine) -> None:
    first, second = Lease(engine), Lease(other)
    assert first.take()
    assert not second.take(0.3)
    assert not first.is_lost()
    first.give_up()
    assert second.take()
    assert first.is_lost()
    second.give_up()
    assert not first.is_lost()  # nobody else has it: it is taken again
    assert not second.take()
    first.give_up()


def test_nothing_that_the_engine_does_beside_it_lets_it_go(engine: Engine, other: Engine) -> None:
    first = Lease(engine)
    assert first.take()
    for _ in range(3):
        with reading(engine) as connection:
            connection.execute(text("SELECT 1"))
    engine.dispose()
    assert not Lease(other).take()
    first.give_up()


def test_a_connection_that_broke_is_made_again_unless_another_one_was_faster(postgres_url: str, tmp_path: Path) -> None:
    engine, other = ledgers.blank(tmp_path, postgres_url), ledgers.again(tmp_path, postgres_url)
    first, second = Lease(engine), Lease(other)
    assert first.take()
    broken(other)
    assert not first.is_lost()
    assert not second.take()
    broken(other)
    assert second.take(10.0)  # the server ends the session a moment later than it says so
    assert first.is_lost()
    second.give_up()
    for one in (engine, other):
        one.dispose()


def test_while_the_database_is_away_nobody_has_lost_it(postgres_url: str, tmp_path: Path) -> None:
    engine = ledgers.blank(tmp_path, postgres_url)
    lease = Lease(engine)
    assert lease.take()
    with postgres.away(postgres_url):
        assert not lease.is_lost()
    assert not lease.is_lost()
    assert not Lease(engine).take()
    lease.give_up()
    engine.dispose()


_END_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"


def broken(other: Engine) -> None:
    """The server ends all sessions with the database but this one."""
    with reading(other) as connection:
        connection.execute(text(f"{_END_OTHERS} AND datname = current_database()"))
