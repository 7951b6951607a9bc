"""Says what caused an exception: the packet that was being worked, or something outside it.

Owns the one table that sorts every exception, wherever it was raised. Promises: an error that a database, a disk, a
queue or the installation can cause is never blamed on the packet; an error that a packet's bytes can cause is never
blamed on anything else, so it counts as an attempt. PostgreSQL's errors are sorted by SQLSTATE, SQLite's by result
code, because a driver's classes mix both kinds: "too many terms" is an OperationalError, like a lost connection.
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
    """What an exception means for the packet that was being worked."""

    REFUSED = "refused"  # caused by the packet: final, and its sender is told
    LATER = "later"  # something named is missing: tried again later
    CONFLICT = "conflict"  # two transactions collided: the same work is done again at once
    LEDGER = "ledger"  # the database failed: nothing of this round can be kept
    WORLD = "world"  # a disk, the machine or the installation failed: this packet waits
    BUG = "bug"  # the packet's bytes met a fault in the program: the attempt counts


NOT_KEPT = frozenset({Cause.CONFLICT, Cause.LEDGER})  # nothing of the transaction may be committed

# The first row that fits decides.
_TABLE: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Cause], ...] = (
    (Refused, Cause.REFUSED),
    (Busy, Cause.LEDGER),
    (Deferred, Cause.LATER),
    (NotDone, Cause.WORLD),  # numbers cannot be merged as they are now: a person must decide
    (OperatorError, Cause.WORLD),  # files of the installation: model, calendars, keys
    ((VaultMissing, VaultDamaged), Cause.WORLD),
    ((TimeoutError, PendingRollbackError, ResourceClosedError, DisconnectionError), Cause.LEDGER),
    (gzip.BadGzipFile, Cause.BUG),  # an OSError by its class, but caused by the packet's bytes
    (OSError, Cause.WORLD),  # vault, inboxes, full or read-only disks, too many open files
    (ImportError, Cause.WORLD),
    (MemoryError, Cause.WORLD),  # caused by the machine: what a packet may use is bounded earlier
)

# The longest prefix that fits decides; PostgreSQL's appendix A. A packet can cause every class that is not listed here
# (22 data, 23 integrity, 42 the statement, 54 limits of the program).
_SQLSTATES = {
    "40001": Cause.CONFLICT,
    "40P01": Cause.CONFLICT,
    "42501": Cause.LEDGER,  # rights were revoked
    "42P01": Cause.LEDGER,  # a table or column is missing: for example while a backup is restored
    "42703": Cause.LEDGER,
} | dict.fromkeys(("08", "25", "28", "3D", "40", "53", "55", "57", "58", "F0", "XX"), Cause.LEDGER)

# https://sqlite.org/rescode.html; a packet can cause the others (1 error, 18 too big, 19 constraint, 20 mismatch)
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
# Classes of optional libraries, named by library and class, so that they need not be imported here.
_POSTGRESQL = ("psycopg", "Error")
_LINE = frozenset(
    {
        ("psycopg", "OperationalError"),
        ("psycopg", "InterfaceError"),
        ("sqlite3", "OperationalError"),
        ("sqlite3", "InterfaceError"),
    }
)
# raised when Redis cannot be reached
_OF_THE_QUEUE = frozenset({("redis", "RedisError"), ("dramatiq", "ConnectionError")})
_PRIMARY = 0xFF  # masks the primary code out of an extended result code
_MISSING = ("no such table", "no such column")


def cause_of(error: BaseException) -> Cause:
    """The cause of this exception. Without an entry of its own it has the cause of the exception it was raised from."""
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
    """Library and name of each class of this exception."""
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
    # without a code the error comes from the driver itself: the connection is lost or closed
    return Cause.LEDGER if _kinds(error) & _LINE else Cause.BUG
