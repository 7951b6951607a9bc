"""Connections to the ledger's database.

Owns the pragmas and the meaning of a transaction. Promises: on SQLite every write transaction takes the write lock at
its start (so what it reads stays true until it commits), commits are durable (WAL, synchronous=FULL), deleted bytes are
overwritten and temporary tables stay in memory; on PostgreSQL rows are locked as they are read. Errors do not repeat
the parameters of a statement; PostgreSQL's own texts may, so no error's text is logged.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import URL, Connection, Engine, Row, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import DBAPIError as DatabaseError

from broker.core.errors import Deferred, OperatorError
from broker.edge.settings import passwords
from broker.edge.settings.values import Settings, SettingsError

# Other rooms name the ledger's types by this module: SQL is written in `broker.edge.ledger` alone.
__all__ = [
    "REVISION",
    "Busy",
    "DatabaseError",
    "Engine",
    "Reading",
    "Row",
    "Writing",
    "connect",
    "empty_log",
    "form",
    "give_way",
    "is_broken_off",
    "is_current",
    "place_of",
    "reading",
    "url_of",
    "writing",
]

if TYPE_CHECKING:

    class Reading(Connection):
        """A connection to read with, inside a transaction or not."""

    class Writing(Reading):
        """A connection inside a write transaction: all that is done with it is committed together, or not at all."""

else:  # only the type checker knows two classes: both are SQLAlchemy's own connection
    Reading = Writing = Connection

_LOOK_SECONDS = 0.001
_LOG_MS = 200  # how long emptying the log waits for readers
_WAY_SECONDS = 0.004  # enough for a waiting writer to look a few times
_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
REVISION = "0013"  # the newest migration; a test compares the two

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "temp_store=MEMORY",
    "wal_autocheckpoint=4000",
    "cache_size=-16000",  # KB: holds the inner pages of a whole state's index; the default of 2 MB does not
)


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own implicit BEGIN would be deferred
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # SQLAlchemy fires "begin" for autocommit reads as well; such a read must neither wait for writers nor block
        # them
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")


def url_of(settings: Settings) -> URL:
    """The database's SQLAlchemy URL, with its password where a password file gives one. Raises SettingsError."""
    if not settings.ledger.url:
        return URL.create("sqlite", database=str(settings.home / "ledger.db"))
    try:
        url = make_url(settings.ledger.url)
    except (ArgumentError, ValueError):  # the text of this error contains the URL
        raise _no_url(settings) from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise _no_url(settings)
    password = passwords.of_ledger(settings) if driver != "sqlite" else None
    return url.set(drivername=driver, password=password) if password else url.set(drivername=driver)


def _no_url(settings: Settings) -> SettingsError:
    return SettingsError(f"ledger.url in {settings.home / 'satchel.toml'} must begin with postgresql:// or sqlite:///.")


def place_of(settings: Settings) -> str:
    """Where the ledger is, as part of a sentence: a file, or a host and a database; no user, no password."""
    url = url_of(settings)
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"{url.host or url.query.get('host') or 'localhost'}/{url.database or ''}"


def connect(settings: Settings) -> Engine:
    """An engine with its pool; it does not connect yet."""
    url, busy = url_of(settings), settings.ledger.busy_seconds
    options = {"busy_seconds": busy, "conflict_tries": settings.ledger.conflict_tries}
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": busy}, execution_options=options)
        _prepare_sqlite(engine)
        return engine
    # a prepared statement would keep a plan made while a table was empty, and read the whole table ever after
    unprepared: dict[str, Any] = {"prepare_threshold": None}
    patience = {"connect_timeout": max(1, round(busy))}
    return create_engine(
        url, hide_parameters=True, pool_pre_ping=True, connect_args=unprepared | patience, execution_options=options
    )


def form(connection: Connection) -> str:
    """The revision of the tables: four digits, greater in a later program; '' without tables."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def is_current(engine: Engine) -> bool:
    """Whether the tables have the form that this program expects."""
    with reading(engine) as connection:
        return form(connection) == REVISION


def is_broken_off(error: DatabaseError) -> bool:
    """Whether the database does not answer or the connection is lost; otherwise the statement was wrong."""
    return isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated


class Busy(Deferred, OperatorError):
    """Another writer holds the ledger and does not let go of it."""


_mine = threading.local()


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """Lets one writer at a time use a SQLite file. A waiting writer looks every millisecond; the lock is free when its
    holder dies.

    SQLite's own waiting sleeps longer and longer, which starves a writer that asks seldom. Raises Busy after the
    engine's `busy_seconds`, and RuntimeError for a transaction within a transaction, which would wait for itself.
    """
    if engine.dialect.name != "sqlite" or not engine.url.database:
        yield
        return
    if getattr(_mine, "writes", False):
        raise RuntimeError("a transaction within a transaction")
    line = os.open(f"{engine.url.database}-turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait(line, time.monotonic() + engine.get_execution_options()["busy_seconds"])
        _mine.writes = True
        yield
    finally:
        _mine.writes = False
        os.close(line)


def _wait(line: int, until: float) -> None:
    while True:
        try:
            return fcntl.flock(line, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise Busy("The ledger is busy: another process writes to it and does not end.") from None
            time.sleep(_LOOK_SECONDS)


def empty_log(engine: Engine) -> bool:
    """Write SQLite's write-ahead log into the database and truncate it; until then it still has deleted rows. False
    where a reader prevents this, and it must be tried again."""
    with _turn(engine), reading(engine) as connection:
        patience = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
        connection.exec_driver_sql(f"PRAGMA busy_timeout={_LOG_MS}")  # writers wait meanwhile
        try:
            busy, _, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={patience}")
    return not busy


def give_way() -> None:
    """Call this between two transactions of one long work: it lets waiting writers go first."""
    time.sleep(_WAY_SECONDS)


@contextmanager
def writing(engine: Engine) -> Iterator[Writing]:
    """One durable transaction; rolled back when the block raises."""
    with _turn(engine), engine.begin() as connection:
        yield cast("Writing", connection)


@contextmanager
def undone(connection: Writing) -> Iterator[None]:
    """Whatever is done within is undone at its end; what was locked before stays locked."""
    savepoint = connection.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()


@contextmanager
def reading(engine: Engine) -> Iterator[Reading]:
    """A connection that takes no write lock."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield cast("Reading", connection)
