"""Whose doing an exception is: the packet's that was worked, or the world's.

Owns the one table by which every exception is sorted, wherever it was raised. Promises: what a database, a disk, a
queue or the installation can cause is never called the packet's; what a packet's bytes can cause is never called the
world's, so that it counts. PostgreSQL's errors are sorted by SQLSTATE, SQLite's by its result code, for the classes of
a driver mix both kinds: "too many terms" is an OperationalError like a lost line.
"""

import gzip
import sqlite3
from enum import StrEnum

from sqlalchemy.exc import (
    DBAPIError,
    DisconnectionError,
    PendingRollbackError,
    ResourceClosedError,
    StatementError,
    TimeoutError,
)

from broker.core.errors import Deferred, NotDone, OperatorError, Refused
from broker.edge.ledger.engine import Busy
from broker.edge.vault import VaultDamaged, VaultMissing


class Cause(StrEnum):
    """What an exception means for the packet that was worked when it came."""

    REFUSED = "refused"  # the packet's: final, and told to its sender
    LATER = "later"  # a thing that is named is missing: tried again
    CONFLICT = "conflict"  # two transactions were in each other's way: the same work is done again at once
    LEDGER = "ledger"  # the database: nothing of this round can be kept
    WORLD = "world"  # a disk, the machine, the installation: this packet waits
    BUG = "bug"  # the packet's bytes found a fault of the program: it counts


NOT_KEPT = frozenset({Cause.CONFLICT, Cause.LEDGER})  # nothing of the transaction may be committed

# The first row that fits.
_TABLE: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Cause], ...] = (
    (Refused, Cause.REFUSED),
    (Busy, Cause.LEDGER),
    (Deferred, Cause.LATER),
    (NotDone, Cause.WORLD),  # numbers cannot be merged as they stand now: a person sees to it
    (OperatorError, Cause.WORLD),  # files of the installation: model, calendars, keys
    ((VaultMissing, VaultDamaged), Cause.WORLD),
    ((TimeoutError, PendingRollbackError, ResourceClosedError, DisconnectionError), Cause.LEDGER),
    (gzip.BadGzipFile, Cause.BUG),  # an OSError by its class, and of the packet's bytes
    (OSError, Cause.WORLD),  # vault, inboxes, full or read-only disks, too many open files
    (ImportError, Cause.WORLD),
    (MemoryError, Cause.WORLD),  # of the machine: a packet's own hunger is bounded before
)

# By the longest beginning that fits; PostgreSQL's appendix A. What is not here (22 data, 23 integrity, 42 the
# statement, 54 limits of the program) a packet can cause.
_SQLSTATES = {
    "40001": Cause.CONFLICT,
    "40P01": Cause.CONFLICT,
    "42501": Cause.LEDGER,  # rights were taken away
    "42P01": Cause.LEDGER,  # a table or column is not there: a backup is being put back, say
    "42703": Cause.LEDGER,
} | dict.fromkeys(("08", "25", "28", "3D", "40", "53", "55", "57", "58", "F0", "XX"), Cause.LEDGER)

# https://sqlite.org/rescode.html; the others (1 error, 18 too big, 19 constraint, 20 mismatch) a packet can cause
_SQLITE = {
    sqlite3.SQLITE_BUSY: Cause.CONFLICT,
    sqlite3.SQLITE_LOCKED: Cause.CONFLICT,
} | dict.fromkeys(
    (
        sqlite3.SQLITE_INTERNAL,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_ABORT,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_SCHEMA,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_NOTADB,
    ),
    Cause.LEDGER,
)
# Of libraries that not everybody needs: by library and class, so that nobody loads them for this.
_POSTGRESQL = ("psycopg", "Error")
_LINE = frozenset(
    {
        ("psycopg", "OperationalError"),
        ("psycopg", "InterfaceError"),
        ("sqlite3", "OperationalError"),
        ("sqlite3", "InterfaceError"),
    }
)
# what is raised where Redis cannot be reached
_OF_THE_QUEUE = frozenset({("redis", "RedisError"), ("dramatiq", "ConnectionError")})
_PRIMARY = 0xFF  # of an extended result code
_MISSING = ("no such table", "no such column")


def cause_of(error: BaseException) -> Cause:
    """Whose doing this is. What was raised from another exception is that one's, unless it says otherwise itself."""
    if isinstance(error, DBAPIError | StatementError):
        return _of_statement(error)
    kinds = _kinds(error)
    if _POSTGRESQL in kinds or isinstance(error, sqlite3.Error):
        return _of_driver(error)
    if kinds & _OF_THE_QUEUE:
        return Cause.WORLD
    found = next((cause for kinds, cause in _TABLE if isinstance(error, kinds)), Cause.BUG)
    if found is Cause.BUG and error.__cause__ is not None:
        return cause_of(error.__cause__)
    return found


def _kinds(error: BaseException) -> set[tuple[str, str]]:
    """Library and name of each class that it is of."""
    return {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(error).__mro__}


def _of_statement(error: StatementError) -> Cause:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return Cause.LEDGER
    return cause_of(error.orig) if error.orig is not None else Cause.BUG


def _of_driver(error: BaseException) -> Cause:
    state, code = getattr(error, "sqlstate", None), getattr(error, "sqlite_errorcode", None)
    if state is not None:
        return next((_SQLSTATES[state[:n]] for n in (5, 2) if state[:n] in _SQLSTATES), Cause.BUG)
    if code is not None:
        is_missing = str(error).startswith(_MISSING)
        return Cause.LEDGER if is_missing else _SQLITE.get(code & _PRIMARY, Cause.BUG)
    # without a code it is of the driver itself: a line that is lost, or a connection that is closed
    return Cause.LEDGER if _kinds(error) & _LINE else Cause.BUG
