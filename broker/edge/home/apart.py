"""Folders that can hang by themselves are accessed by processes of their own.

A read on a network mount whose server is gone does not return, and no signal ends it. So a runner, a process for one
LEA alone (`broker.edge.home.errands`), does all work in the folders of an LEA that has a mount of its own. Promises: a
caller waits `seconds` for an answer or a sign of progress, and then gets `Silent`; while a runner hangs, nobody waits
for that LEA again; a runner that is silent for `abandon_seconds` is killed and, if even that does not end it, left
alone: at most one for each LEA, until it ends or another mount is there; retries come after growing pauses. A caller
never waits for a runner to end, not even when it ends itself. `run/silent` shows which LEAs are silent, and the log
says so once.

Folders on the exchange's own file system hang only when the exchange does; they are accessed directly, at no cost.
"""

import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from broker.core.errors import Deferred, Refused
from broker.core.model import LeaId
from broker.edge.home.folders import Home, Missing
from broker.edge.home.mounts import Table
from broker.edge.home.outbox import Changed
from broker.edge.settings import passwords
from broker.edge.settings.values import Limits

TICK, DONE, REFUSED, DEFERRED, BROKEN, BUG = range(6)  # the kinds of a runner's answer
_DEFERRED = {one.__name__: one for one in (Deferred, Missing, Changed)}
_START_SECONDS = 20.0  # for a process's first runner, on a busy machine
_FIRST_PAUSE, _MOST_PAUSE = 5.0, 600.0
_log = logging.getLogger("satchel.apart")


class Silent(Missing):
    """An LEA's folder does not answer; it may answer later."""

    def __init__(self, lea: LeaId) -> None:
        super().__init__(f"the folder of LEA {lea} does not answer")


@dataclass(slots=True)
class _Runner:
    connection: Connection
    process: int  # a pidfd
    mounts: frozenset[str]
    late_since: float = 0.0  # monotonic seconds; 0: the runner is free

    def has_ended(self) -> bool:
        return bool(select.select([self.process], [], [], 0)[0])

    def close(self) -> None:
        self.connection.close()
        os.close(self.process)


class Apart:
    """The runners of one process. `part` names the part of the exchange that reports silent LEAs. The watcher's runners
    keep trying; the other parts do not try while the watcher reports an LEA as silent."""

    def __init__(
        self, home: Home, limits: Limits, seconds: float = 3.0, abandon_seconds: float = 60.0, part: str = ""
    ) -> None:
        self._home, self._limits = home, limits
        self._seconds, self._abandon_seconds = seconds, abandon_seconds
        self._part = part
        self._table = Table(home.leas)
        self._lock = threading.Lock()
        self._turns: dict[LeaId, threading.Lock] = {}
        self._runners: dict[LeaId, _Runner] = {}
        self._abandoned: dict[LeaId, _Runner] = {}
        self._pauses: dict[LeaId, tuple[float, float]] = {}  # no retry before (monotonic), and the next pause
        self._told: set[LeaId] = set()
        self._server: socket.socket | None = None
        for left in _marks(home, part) if part else ():  # left by an earlier process of this name that was killed
            left.unlink(missing_ok=True)

    def is_apart(self, lea: LeaId) -> bool:
        """Whether the LEA has a mount of its own, so that its folders can hang while others do not."""
        own = self._table.below(lea)
        if not own and (lea in self._told or lea in self._runners):
            self._unmounted(lea)
        return bool(own)

    def _unmounted(self, lea: LeaId) -> None:
        """Close the runners of an LEA whose mounts are gone."""
        with self._lock:
            turn = self._turns.setdefault(lea, threading.Lock())
        if turn.acquire(blocking=False):
            try:
                for runners in (self._runners, self._abandoned):
                    if lea in runners:
                        runners.pop(lea).close()
                self._answers(lea)
            finally:
                turn.release()

    def has_events(self, lea: LeaId) -> bool:
        """Whether changes in its folders are made on this machine."""
        return not any(kind for kind in self._table.below(lea) if self._table.is_remote(kind))

    def ask(self, lea: LeaId, errand: str, *args: Any) -> Any:
        """Run an errand (`broker.edge.home.errands`) and return its result. Raises what it raises, and Silent."""
        with self._lock:
            turn = self._turns.setdefault(lea, threading.Lock())
        if not turn.acquire(timeout=self._seconds):
            raise Silent(lea)
        try:
            return self._opened(lea, self._asked(lea, self._free(lea), errand, args))
        finally:
            turn.release()

    def close(self) -> None:
        """End the runners that can be ended, and remove the reports of silent LEAs."""
        for runner in [*self._runners.values(), *self._abandoned.values()]:
            runner.close()
        self._runners, self._abandoned = {}, {}
        if self._server is not None:
            self._server.close()
            self._server = None
        for lea in self._told:
            _mark(self._home, lea, self._part).unlink(missing_ok=True)

    def _asked(self, lea: LeaId, runner: _Runner, errand: str, args: tuple[Any, ...]) -> tuple[int, Any]:
        try:
            runner.connection.send((errand, lea, args))
            while runner.connection.poll(self._seconds):
                kind, value = runner.connection.recv()
                if kind != TICK:
                    self._answers(lea)
                    return kind, value
        except (EOFError, OSError):
            self._runners.pop(lea).close()
            raise Missing(f"the runner of LEA {lea} has ended") from None
        runner.late_since = time.monotonic()
        self._tell(lea)
        raise Silent(lea)

    def _opened(self, lea: LeaId, answer: tuple[int, Any]) -> Any:
        kind, value = answer
        if kind == REFUSED:
            raise Refused(*value)
        if kind == DEFERRED:
            name, why = value
            raise _DEFERRED[name](why)
        if kind == BROKEN:
            raise OSError(*value)
        if kind == BUG:
            raise RuntimeError(f"a bug of the runner of LEA {lea}: {value}")
        return value

    def _free(self, lea: LeaId) -> _Runner:
        """A runner that is free for an errand. Raises Silent."""
        if self._part != "watcher" and _mark(self._home, lea, "watcher").exists():
            raise Silent(lea)
        runner = self._runners.get(lea)
        if runner is not None and runner.mounts != self._table.below(lea):
            self._abandon(lea, runner)
            runner = None
        if runner is None:
            self._check_pause(lea)
            return self._start(lea)
        if runner.late_since:
            self._catch_up(lea, runner)
        return runner

    def _catch_up(self, lea: LeaId, runner: _Runner) -> None:
        """Drop an answer that came too late for its caller. Raises Silent while there is none."""
        try:
            while runner.connection.poll(0):
                if runner.connection.recv()[0] != TICK:
                    runner.late_since = 0.0
                    self._answers(lea)
                    return
                runner.late_since = time.monotonic()  # slow is not silent
        except (EOFError, OSError):
            self._runners.pop(lea).close()
            raise Silent(lea) from None
        if time.monotonic() - runner.late_since > self._abandon_seconds:
            self._abandon(lea, runner)
        raise Silent(lea)

    def _abandon(self, lea: LeaId, runner: _Runner) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(runner.process, signal.SIGKILL)
        del self._runners[lea]
        older = self._abandoned.pop(lea, None)
        if older is not None:
            older.close()
        self._abandoned[lea] = runner
        _, pause = self._pauses.get(lea, (0.0, _FIRST_PAUSE))
        self._pauses[lea] = time.monotonic() + pause, min(2 * pause, _MOST_PAUSE)

    def _check_pause(self, lea: LeaId) -> None:
        left = self._abandoned.get(lea)
        if left is None:
            return
        is_same = left.mounts == self._table.below(lea)
        if is_same and (time.monotonic() < self._pauses[lea][0] or not left.has_ended()):
            raise Silent(lea)
        self._abandoned.pop(lea).close()

    def _start(self, lea: LeaId) -> _Runner:
        here, there = socket.socketpair()
        with self._lock, here, there:
            server = self._server_of_runners()
            try:
                socket.send_fds(server, [b"."], [there.fileno()])
                _, (process, *_), _, _ = socket.recv_fds(server, 16, 1)
            except (OSError, ValueError):  # the server has ended: the next call starts another
                server.close()
                self._server = None
                raise Silent(lea) from None
            made = _Runner(Connection(here.detach()), process, self._table.below(lea))
        self._runners[lea] = made
        return made

    def _server_of_runners(self) -> socket.socket:
        if self._server is None:
            here, there = socket.socketpair()
            most, chars = self._limits.sealed_bytes, self._limits.file_name_chars
            command = [sys.executable, "-m", "broker.edge.home.errands", str(there.fileno()), str(self._home.root)]
            with there:
                subprocess.Popen(
                    [*command, str(most), str(chars)],
                    stdin=subprocess.DEVNULL,
                    pass_fds=[there.fileno()],
                    env=passwords.environment(),
                )
            here.settimeout(_START_SECONDS)
            self._server = here
        return self._server

    def _tell(self, lea: LeaId) -> None:
        if lea not in self._told and self._part:
            self._told.add(lea)
            _log.warning("the folder of LEA %s does not answer: it is left alone, and tried again", lea)
            told = _mark(self._home, lea, self._part)
            with suppress(OSError):  # for example a full disk: the log has the warning
                told.parent.mkdir(mode=0o700, exist_ok=True)
                told.write_text(json.dumps({"since": time.time()}))

    def _answers(self, lea: LeaId) -> None:
        self._pauses.pop(lea, None)
        if lea in self._told:
            self._told.discard(lea)
            _log.warning("the folder of LEA %s answers again", lea)
            _mark(self._home, lea, self._part).unlink(missing_ok=True)


def _mark(home: Home, lea: LeaId, part: str) -> Path:
    return home.run / "silent" / f"{lea}.{part}"


def _marks(home: Home, part: str = "*") -> list[Path]:
    return list((home.run / "silent").glob(f"*.{part}"))


def silent(home: Home) -> dict[str, float]:
    """The LEAs whose folder does not answer some part of the exchange, and since when (seconds since 1970)."""
    found: dict[str, float] = {}
    table = Table(home.leas)
    for path in sorted(_marks(home)):
        lea = path.name.partition(".")[0]
        if not table.below(lea):
            continue  # the mount is gone, and the part that reported it has not looked since
        with suppress(OSError, ValueError, KeyError):
            since = float(json.loads(path.read_text())["since"])
            found[lea] = min(found.get(lea, since), since)
    return found


def purge_marks(home: Home) -> None:
    """Remove the reports of an earlier run."""
    for path in _marks(home):
        path.unlink(missing_ok=True)
