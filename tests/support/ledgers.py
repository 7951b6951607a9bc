"""Empty ledgers for tests, over SQLite and PostgreSQL."""

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine, select, text

from broker.core.flow import MOVES
from broker.core.model import State
from broker.edge.ledger import guards, tables
from broker.edge.ledger.engine import connect, reading, writing
from broker.edge.ledger.migrate import _config, migrate
from broker.edge.settings.values import Ledger, Settings
from tests.support import postgres

Dump = Mapping[str, list[tuple[Any, ...]]]


def blank(home: Path, url: str = "") -> Engine:
    """An engine on a database without tables: that of `url`, emptied, or a SQLite file in `home`."""
    made = again(home, url)
    if url:
        with writing(made) as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    return made


def emptied(home: Path, url: str) -> str:
    """The same URL, '' for SQLite; its database has no tables any more."""
    if url:
        blank(home, url).dispose()
    return url


def brought_to(
    engine: Engine,
    revision: str,
    monkeypatch: pytest.MonkeyPatch,
    ends: Collection[State] = (State.COLLECTED, State.REFUSED),
) -> None:
    """Tables and triggers as they were then, without a row; `ends` are what became of delivered packets in those
    days."""
    with monkeypatch.context() as then, writing(engine) as connection:
        then.setattr(guards, "MOVES", MOVES | {State.DELIVERED: frozenset(ends)})
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def ready(home: Path, url: str = "") -> Engine:
    """An engine on a database whose tables have the newest form and nobody's rows: that of `url`, made anew, or a
    SQLite file in `home`. Each is a copy of one that the migrations made once in this process."""
    if url:
        postgres.replace(url, _migrated())
    else:
        (home / "ledger.db").write_bytes(_migrated_file())
    return again(home, url)


@cache
def _migrated() -> str:
    """The URL of a PostgreSQL database with tables, which nobody is in."""
    url = postgres.database()
    made = again(Path(), url)
    migrate(made)
    made.dispose()
    return url


@cache
def _migrated_file() -> bytes:
    """A SQLite database with tables."""
    with TemporaryDirectory() as home:
        made = again(Path(home))
        migrate(made)
        made.dispose()  # which brings all of it into the one file
        return (Path(home) / "ledger.db").read_bytes()


def again(home: Path, url: str = "") -> Engine:
    """A further engine on the same database, as another process would have."""
    return connect(Settings(home=home, ledger=Ledger(url=url)))


def dump(engine: Engine, but: Mapping[str, tuple[str, ...]]) -> Dump:
    """Every row of every table, sorted; `but` names columns to leave out, or with none the whole table."""
    found = {}
    with reading(engine) as connection:
        for name, table in tables.metadata.tables.items():
            left_out = but.get(name)
            if left_out != ():
                columns = [column for column in table.columns if column.name not in (left_out or ())]
                found[name] = sorted((tuple(row) for row in connection.execute(select(*columns))), key=repr)
    return found
