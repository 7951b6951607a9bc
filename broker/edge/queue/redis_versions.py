"""Which versions of the queue's server are outdated: for each branch, the first version without a published
vulnerability.

Owns that table, as known on 2026-09-01; a change of it must name the advisory. Promises: it says nothing about a branch
that is newer than all of these, nor about a server from a distribution's package: distributions fix without a new
version number, so their own updates count.
"""

from typing import NamedTuple

# Redis: CVE-2026-81934 (CISA VA-26-239-01); Valkey: CVE-2026-63639 (advisory of 2026-07-21); both: remote code
_FIXED: dict[str, tuple[str, tuple[str, ...]]] = {
    "redis": ("CVE-2026-81934", ("6.2.24", "7.2.16", "7.4.11", "8.2.9", "8.4.6", "8.6.6", "8.8.2", "8.10.1")),
    "valkey": ("CVE-2026-63639", ("7.2.14", "8.0.10", "8.1.9", "9.0.5", "9.1.1")),
}
_PACKAGED = ("/usr/bin/", "/usr/sbin/", "/bin/")  # only a distribution puts programs here
_TODO = "install your distribution's redis-server or valkey-server, and restart the exchange"


class Server(NamedTuple):
    """A server as it describes itself: "redis" or "valkey", "8.1.8", and the path of its program."""

    name: str
    version: str
    program: str = ""


def fault(server: Server) -> str:
    """A sentence about an outdated server; '' for a current one, or one that is not known."""
    known, number = _FIXED.get(server.name), _numbers(server.version)
    if known is None or not number or server.program.startswith(_PACKAGED):
        return ""
    reason, fixed = known
    branches = {_numbers(one)[:2]: one for one in fixed}
    first = branches.get(number[:2])
    if (first and number >= _numbers(first)) or number[:2] > max(branches):
        return ""
    lacks = f"is older than {first}" if first else "is of a branch that gets no more fixes"
    return f"The queue's server is {server.name} {server.version}, which {lacks} ({reason}): {_TODO}."


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version; () if it is not a version."""
    parts = version.split(".")
    return tuple(map(int, parts)) if len(parts) > 1 and all(one.isascii() and one.isdigit() for one in parts) else ()
