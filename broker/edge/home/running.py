"""Whether the exchange of a home runs: its lock, and the heartbeats of its parts.

Owns `run/lock`, and reading `run/<name>.json`, which each part writes about itself (`broker.processes.part`). Promises:
a home's lock is held once at a time, on all machines together; no part is asked anything, so a part that hangs keeps
nobody waiting.
"""

import fcntl
import json
import os
from pathlib import Path
from typing import IO, Any

from broker.edge.settings.values import Settings

_ALIVE_SECONDS = 5.0


def names(settings: Settings) -> list[str]:
    """The names of the parts of one machine that write heartbeats."""
    count = settings.workers.processes or os.cpu_count() or 1
    workers = [f"worker-{number}" for number in range(count)]
    return [*workers, "worker-costly", "sweeper", "watcher", *(["sftp"] if settings.sftp.enabled else [])]


def read_beats(run: Path) -> list[dict[str, Any]]:
    """The heartbeats of all parts, by name; one that is being replaced right now is left out."""
    beats = []
    for path in sorted(run.glob("*.json")):
        try:
            beats.append(json.loads(path.read_text()))
        except (OSError, ValueError):
            continue
    return beats


def is_alive(beat: dict[str, Any], now: float) -> bool:
    """Whether the part of this heartbeat wrote it within the last seconds; `now` is in seconds since 1970."""
    return bool(now - beat["at"] < _ALIVE_SECONDS)


def is_up(run: Path) -> bool:
    """Whether the supervisor that last had the lock of this home is alive."""
    try:
        os.kill(int((run / "supervisor.pid").read_text()), 0)
    except (OSError, ValueError):
        return False
    return True


def is_held(run: Path) -> bool:
    """Whether some process has the lock of this home: the exchange runs, on this machine, or its ledger is being
    changed."""
    try:
        with (run / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def hold(run: Path, name: str = "lock") -> IO[str] | None:
    """A lock of a home: the exchange has `lock` while it runs, and so has a process that upgrades its ledger. It is
    held until it is closed, and by every process that inherits it. None where another process has it."""
    lock = open(run / name, "w")  # noqa: SIM115  the caller closes it, or keeps it to its end
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock
