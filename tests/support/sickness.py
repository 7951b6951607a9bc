"""A sick world: at one operation of a worker, something is raised a few times, and then all is well.

Promises: what is raised is what the real operation would raise, and where it would; the rest of the exchange is real.
"""

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import psycopg
from sqlalchemy import event, exc

from broker.core.errors import OperatorError
from broker.core.flow import Stage
from broker.core.model import LeaId
from broker.edge.home.folders import Home
from broker.edge.home.inbox import Inboxes
from broker.edge.ledger import epoch
from broker.edge.ledger.packets import moves, packets
from broker.edge.ledger.parties import directory
from broker.edge.pgp import openpgp
from broker.edge.vault import DirectoryVault, VaultDamaged
from broker.formats.reader import Inside
from broker.identity import match
from broker.packets import batch, outcome
from broker.packets.owed import Owed
from broker.processes import sweeper, worker
from broker.processes.part import Part
from broker.transfers import cases
from tests.support.world import World

Raised = Callable[[], Exception]


def _busy() -> Exception:
    inner = sqlite3.OperationalError("database is locked")
    inner.sqlite_errorcode = sqlite3.SQLITE_BUSY  # type: ignore[misc]
    return exc.OperationalError("SELECT", {}, inner)


def _postgresql(outer: type[exc.DBAPIError], inner: type[psycopg.Error], *, lost: bool = False) -> Raised:
    return lambda: outer("SELECT", {}, inner("text"), connection_invalidated=lost)


# what the database can raise at any operation, and what anything else can
LEDGER: dict[str, Raised] = {
    "lost connection": _postgresql(exc.OperationalError, psycopg.errors.AdminShutdown, lost=True),
    "closed connection": _postgresql(exc.InterfaceError, psycopg.InterfaceError),
    "aborted transaction": _postgresql(exc.InternalError, psycopg.errors.InFailedSqlTransaction),
    "ended transaction": lambda: exc.PendingRollbackError("text"),
    "deadlock": _postgresql(exc.OperationalError, psycopg.errors.DeadlockDetected),
    "busy file": _busy,
}
WORLD: dict[str, Raised] = {
    "broken disk": lambda: OSError(errno.EIO, "text"),
    "full disk": lambda: OSError(errno.ENOSPC, "text"),
    "too many files": lambda: OSError(errno.EMFILE, "text"),
    "no memory": MemoryError,
    "damaged bytes": lambda: VaultDamaged("text"),
    "installation": lambda: OperatorError("text"),
}
BUGS: dict[str, Raised] = {
    "bug": lambda: KeyError("text"),
    "value": _postgresql(exc.DataError, psycopg.errors.CharacterNotInRepertoire),
}
# where it is raised
OPERATIONS: dict[str, tuple[Any, str]] = {
    "claim": (packets, "claim"),
    "vault": (DirectoryVault, "read"),
    "open": (Inside, "read"),
    "look-up": (directory, "certificates_of"),
    "match": (match, "find_own"),
    "receipt": (outcome, "statements"),
    "re-lock": (openpgp, "relock"),
    "inbox": (Inboxes, "stage_delivery"),
    "flush": (Inboxes, "flush"),
    "write": (moves, "advance"),
    "settle": (epoch, "settle"),
    "note": (cases, "delivered"),
    "publish": (Inboxes, "publish"),
    "tell": (batch, "tell"),
}

BEHIND = ("publish", "tell")  # the commit: nothing is done again for them, and the sweeper does what is left


@contextmanager
def raising(target: Any, name: str, raised: Raised, times: int, only: str = "") -> Iterator[list[Exception]]:
    """The first `times` calls raise; what was raised. With `only` those alone that name it among their arguments."""
    real, done = getattr(target, name), list[Exception]()

    def call(*args: Any, **named: Any) -> Any:
        if len(done) < times and (not only or only in args):
            done.append(raised())
            raise done[-1]
        return real(*args, **named)

    with patch.object(target, name, call):
        yield done


@contextmanager
def broken_commits(world: World, raised: Raised, times: int) -> Iterator[list[Exception]]:
    """The first `times` COMMITs fail, and commit nothing."""
    done: list[Exception] = []

    def on_commit(_connection: Any) -> None:
        if len(done) < times:
            done.append(raised())
            raise done[-1]

    event.listen(world.services.engine, "commit", on_commit)
    try:
        yield done
    finally:
        event.remove(world.services.engine, "commit", on_commit)


class Post:
    """A worker's process in a world: its messages, and the next process where one has to end."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ended = 0
        self._owed = Owed(world.services.home.run / "worker-0.owed")

    def message(self, stage: Stage, ids: list[str]) -> None:
        """One message of the queue, as the process works it."""
        part = Part(self.world.services.home.run, "worker-0")
        worker._run(self.world.services, part, self._owed, stage, ids)
        if part.failed:
            self.ended += 1
            self._begin_again()

    def _sweep(self) -> None:
        """A round of the sweeper's process, which is as sick."""
        part = Part(self.world.services.home.run, "sweeper")
        part.stop.set()  # it waits for nothing here
        sweeper._guarded(self.world.services, part, "sweep", self.world.sweep)

    def _is_any_hidden(self) -> bool:
        return any(self.world.services.inboxes.staged(LeaId(lea)) for lea in self.world.leas)

    def _begin_again(self) -> None:
        home = Home(self.world.services.home.root)
        object.__setattr__(self.world.services, "inboxes", Inboxes(home))
        object.__setattr__(self.world.services, "vault", DirectoryVault(home.vault))
        worker._free(self.world.services, self._owed, self.world.services.worker)

    def rest(self) -> None:
        """Messages until nothing is on its way."""
        for _ in range(40):
            self._sweep()
            for stage in worker.RUNS:
                ids = self.world.ready(stage)
                if ids:
                    self.message(stage, ids)
            if not self.world.is_moving() and not self._is_any_hidden():
                return
            self.world.ahead_of_retries()
        raise AssertionError("it does not come to rest")
