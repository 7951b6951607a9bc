"""What the contracts share: each is kept over both databases, SQLite and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.support import ledgers, postgres


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL database for one module's tests, empty at its start."""
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """Each database in turn: '' for a SQLite file in the test's own folder, or the module's PostgreSQL database, as the
    test before left it."""
    return str(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else ""


@pytest.fixture
def blank_url(ledger_url: str, tmp_path: Path) -> str:
    """Each database in turn, without tables."""
    return ledgers.emptied(tmp_path, ledger_url)


@pytest.fixture
def engine(ledger_url: str, tmp_path: Path) -> Iterator[Engine]:
    """An empty ledger over each database. A module that wants rows in it overrides this and asks for it."""
    made = ledgers.ready(tmp_path, ledger_url)
    yield made
    made.dispose()
