"""Every exception is sorted by what can cause it, in one table."""

import errno
import gzip
import sqlite3
from typing import Any

import psycopg
import pytest
import redis
from sqlalchemy import exc

from broker.core.errors import Deferred, NotDone, OperatorError, Refused
from broker.edge.ledger.blame import Cause, cause_of
from broker.edge.ledger.engine import Busy
from broker.edge.vault import VaultDamaged, VaultMissing


def from_postgresql(state: str) -> exc.DBAPIError:
    """As SQLAlchemy raises what the server says."""
    kind = psycopg.errors.lookup(state)
    named: Any = (getattr(exc, one.__name__, int) for one in kind.__mro__)
    outer = next(one for one in named if issubclass(one, exc.DBAPIError))
    made: exc.DBAPIError = outer("SELECT", {}, kind("text"))
    return made


def from_sqlite(code: int, text: str = "text") -> exc.DBAPIError:
    inner = sqlite3.OperationalError(text)
    inner.sqlite_errorcode = code  # type: ignore[misc]
    return exc.OperationalError("SELECT", {}, inner)


def lost() -> exc.DBAPIError:
    return exc.OperationalError("SELECT", {}, psycopg.OperationalError("gone"), connection_invalidated=True)


def raised_from(outer: Exception, inner: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


WORLD = {
    "the line": lost(),
    "no server": exc.OperationalError("CONNECT", {}, psycopg.OperationalError("connection refused")),
    "the line, while it is closed": exc.InterfaceError(
        "SELECT", {}, psycopg.InterfaceError("the connection is closed")
    ),
    "a transaction that is over": exc.PendingRollbackError("text"),
    "no connection is free": exc.TimeoutError("text"),
    "a closed connection": exc.ResourceClosedError("text"),
    "another writer": Busy("text"),
    **{state: from_postgresql(state) for state in ("57P01", "57P03", "57014", "53100", "53200", "53300", "58030")},
    **{state: from_postgresql(state) for state in ("08006", "25P02", "25006", "28P01", "3D000", "42P01", "42501")},
    **{state: from_postgresql(state) for state in ("XX000", "XX001", "55P03", "40003")},
    **{
        str(code): from_sqlite(code)
        for code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_READONLY)
    },
    "of the log": from_sqlite(sqlite3.SQLITE_IOERR | 12 << 8),
    "no table": from_sqlite(sqlite3.SQLITE_ERROR, "no such table: packets"),
    "a driver without a code": exc.OperationalError("SELECT", {}, sqlite3.OperationalError("text")),
    **{errno.errorcode[n]: OSError(n, "text") for n in (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS)},
    **{errno.errorcode[n]: OSError(n, "text") for n in (errno.EMFILE, errno.ENFILE, errno.ESTALE, errno.EACCES)},
    "a file of the installation": FileNotFoundError(errno.ENOENT, "text"),
    "no number": OSError("text"),
    "memory": MemoryError(),
    "vault damaged": VaultDamaged("text"),
    "vault missing": VaultMissing("text"),
    "installation": OperatorError("text"),
    "numbers of one student": NotDone("merged-already"),
    "Redis": redis.ConnectionError("text"),
    "a module": ImportError("text"),
    "raised from it": raised_from(ValueError("text"), OSError(errno.EIO, "text")),
}
BUGS: dict[str, Exception] = {
    **{one.__name__: one("text") for one in (KeyError, ValueError, TypeError, AssertionError, RecursionError)},
    "text that is none": UnicodeEncodeError("utf-8", "\udc80", 0, 1, "text"),
    "bytes that are no gzip": gzip.BadGzipFile("text"),
    **{state: from_postgresql(state) for state in ("22021", "22001", "23505", "23502", "42601", "54001")},
    "a constraint": from_sqlite(sqlite3.SQLITE_CONSTRAINT),
    "too big": from_sqlite(sqlite3.SQLITE_TOOBIG),
    "a statement": from_sqlite(sqlite3.SQLITE_ERROR, "LIKE or GLOB pattern too complex"),
    "a value": exc.StatementError("text", "SELECT", {}, TypeError("text")),
    "raised from a bug": raised_from(ValueError("text"), KeyError("text")),
}
CONFLICTS = {
    **{state: from_postgresql(state) for state in ("40P01", "40001")},
    "busy": from_sqlite(sqlite3.SQLITE_BUSY),
    "busy after a snapshot": from_sqlite(sqlite3.SQLITE_BUSY | 2 << 8),
    "locked": from_sqlite(sqlite3.SQLITE_LOCKED),
}


@pytest.mark.parametrize("name", WORLD)
def test_what_the_world_causes(name: str) -> None:
    assert cause_of(WORLD[name]) in (Cause.LEDGER, Cause.WORLD)


@pytest.mark.parametrize("name", BUGS)
def test_what_a_packet_can_cause(name: str) -> None:
    assert cause_of(BUGS[name]) is Cause.BUG


@pytest.mark.parametrize("name", CONFLICTS)
def test_what_is_done_again(name: str) -> None:
    assert cause_of(CONFLICTS[name]) is Cause.CONFLICT


def test_what_is_said_is_meant() -> None:
    assert cause_of(Refused("poison")) is Cause.REFUSED
    assert cause_of(Deferred("a key is missing")) is Cause.LATER
    assert cause_of(raised_from(Refused("poison"), OSError(errno.EIO, "text"))) is Cause.REFUSED
