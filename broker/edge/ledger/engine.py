"""Connections to the ledger's database.

Owns the pragmas and the meaning of a transaction. Promises: on SQLite every write transaction takes the write lock at
its start (so what it reads stays true until it commits), commits are durable (WAL, synchronous=FULL), deleted bytes
are overwritten and temporary tables stay in memory; on PostgreSQL rows are locked as they are read. Errors do not
repeat the parameters of a statement; PostgreSQL's own texts may, which is why nobody logs an error's text.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text

from broker.edge.settings import Settings

REVISION = "0001"  # of the newest migration; a test compares the two

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "temp_store=MEMORY",
    "wal_autocheckpoint=4000",
)


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own implicit BEGIN would be a deferred one
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def url_of(settings: Settings) -> str:
    """The database's SQLAlchemy URL."""
    return settings.ledger.url or f"sqlite:///{settings.home / 'ledger.db'}"


def connect(settings: Settings) -> Engine:
    """An engine with its pool; no connection is made yet."""
    url = url_of(settings)
    if url.startswith("sqlite"):
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": settings.ledger.busy_seconds})
        _prepare_sqlite(engine)
        return engine
    return create_engine(url, hide_parameters=True, pool_pre_ping=True)


def is_current(engine: Engine) -> bool:
    """Whether the tables have the form that this program expects."""
    with reading(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == REVISION


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """Writers of one SQLite file queue up in the order in which they came.

    SQLite's own waiting is sleeping and trying again, which starves who asks seldom (measured with two workers: intake
    slept 84 % of its time); the kernel's lock wakes the next in line at once, and is free when its holder dies.
    """
    if engine.dialect.name != "sqlite" or not engine.url.database:
        yield
        return
    line = os.open(f"{engine.url.database}-turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(line, fcntl.LOCK_EX)
        yield
    finally:
        os.close(line)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One durable transaction; rolled back when the block raises."""
    with _turn(engine), engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that takes no write lock."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection
