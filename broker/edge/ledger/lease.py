"""Who runs the exchange on a ledger: one supervisor at a time, on any machine.

Owns an advisory lock of PostgreSQL, and a locked file beside a database of SQLite. Promises: two homes that are copies
of each other never run at the same time on one ledger; a holder that dies, or whose machine is gone, loses the lease
within half a minute. Nothing is written.
"""

import fcntl
import os
import time

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

_LOCK = 0x5A7C_4E1F  # one more than that of `migrate`
_LOOK_SECONDS = 0.2
_KEEPALIVE = ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")


class Lease:
    """The right to run the exchange on this ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._file: int | None = None

    def take(self, seconds: float = 0.0) -> bool:
        """Whether this process has the lease now; it waits up to `seconds` for another holder to end."""
        until = time.monotonic() + seconds
        while not self._try():
            if time.monotonic() >= until:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def is_lost(self) -> bool:
        """Whether another process has the lease. A broken connection is made again; while the database does not answer,
        nobody can take the lease or do any work."""
        if self._file is not None:
            return False
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT 1"))
                return False
        except DBAPIError:
            self.give_up()
        try:
            return not self._try()
        except DBAPIError:
            return False

    def give_up(self) -> None:
        """Release the lease."""
        if self._file is not None:
            os.close(self._file)
        if self._connection is not None:
            self._connection.invalidate()  # the lock ends with its session, so the session must not go back to the pool
            self._connection.close()
        self._file = self._connection = None

    def _try(self) -> bool:
        if self._engine.dialect.name == "sqlite":
            return self._try_file()
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        for one in _KEEPALIVE:
            connection.execute(text(f"SET {one}"))
        if connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}).scalar():
            self._connection = connection
            return True
        connection.invalidate()
        connection.close()
        return False

    def _try_file(self) -> bool:
        file = os.open(f"{self._engine.url.database}-lease", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True
