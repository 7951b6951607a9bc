"""Conditions that go on, which the log reports once.

Owns which lines report a condition, and which facts identify it. Promises: the first occurrence is logged at once;
while it goes on, one line an hour with how often it occurred since (`times`); after some time without it, a line that
it is over. A line that is in no row of the table is always logged. A part that dies of a condition and is started again
continues to count, in memory that its supervisor keeps for it: a full disk can store nothing.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

AGAIN_SECONDS = 3600.0
QUIET_SECONDS = 900.0  # longer than the longest pause between two tries
_MOST = 200  # conditions that are kept; beyond that the oldest are forgotten, and logged as new
_BYTES = 64 * 1024

# By the event of a line: the facts that identify the condition.
CONDITIONS: Mapping[str, tuple[str, ...]] = {
    "trouble": ("what", "kind", "errno"),
    "deferred": ("stage", "lea", "why"),
    "left to its own turn": ("stage", "kind"),
    "not taken in yet": ("lea", "why"),
    "outbox cannot be read": ("lea", "why"),
    "inbox cannot be read": ("lea", "why"),
    "claims not prolonged": ("kind",),
    "not noted what is owed": ("errno",),
    "no heartbeat": ("errno",),
    "the part cannot run": ("why",),
    "a part had died and was started again": ("died", "code"),
    "uncaught": ("kind", "places"),
    "failed": ("lea", "kind", "errno"),
    "abandon": ("lea", "errno"),
    "accept": ("errno",),
    "refused": ("lea", "address", "why"),
    "garbage": ("lea", "address"),
}
# A line with this event ends that condition, where this fact is the same in both.
ENDS: Mapping[str, tuple[str, str]] = {"trouble is over": ("trouble", "what")}


class Memory:
    """A few kilobytes that outlive a process: `descriptor` comes from `kept`, or is -1 for none."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor if _is_memory(descriptor) else -1

    def read(self) -> dict[str, Any]:
        """What was last written; empty where nothing was, or it cannot be read."""
        if self._descriptor < 0:
            return {}
        with suppress(OSError, ValueError):
            found = json.loads(os.pread(self._descriptor, _BYTES, 0) or b"{}")
            if isinstance(found, dict):
                return found
        return {}

    def write(self, whole: Mapping[str, Any]) -> None:
        """Keep this in place of the former content."""
        if self._descriptor < 0:
            return
        content = json.dumps(whole).encode()
        if len(content) <= _BYTES:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, content, 0)

    def tell(self, why: str) -> None:
        """Keep why the process cannot run."""
        self.write(self.read() | {"why": why})

    def why(self) -> str:
        """Why the last process could not run; '' where it gave no reason."""
        return str(self.read().get("why", ""))


def kept() -> int:
    """A descriptor for `Memory`, to be passed to a process; -1 where the system has none."""
    return os.memfd_create("satchel-log") if sys.platform == "linux" else -1


def _is_memory(descriptor: int) -> bool:
    """Whether the descriptor is such a memory: a number from the environment may belong to anything by now."""
    try:
        return descriptor >= 0 and str(_name(descriptor)).startswith("/memfd:satchel-log")
    except OSError:
        return False


def _name(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()


class Repeats:
    """The conditions that go on, each with its first line, when it was last logged and last met, and how often
    since."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        kept = memory.read().get("met", {})
        self._met: dict[str, dict[str, Any]] = kept if isinstance(kept, dict) else {}

    def heard(
        self, facts: dict[str, Any], key: tuple[str, ...], now: float
    ) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """The lines to write for this one, none for a mere repetition; each comes with facts to add."""
        self._end(facts)
        event = str(facts.get("event", ""))
        if not key and event in CONDITIONS:
            key = (event, *(str(facts.get(name, "")) for name in CONDITIONS[event]))
        if not key:
            yield facts, {}
            return
        known = self._met.get(name := json.dumps(key))
        if known is not None and now - known["said"] < AGAIN_SECONDS:
            known |= {"met": now, "times": known["times"] + 1}
        else:
            more = {"times": known["times"] + 1} if known is not None and "times" not in facts else {}
            self._met[name] = {"said": now, "met": now, "times": 0, "facts": _of(facts)}
            yield facts, more
        self._keep()

    def ended(self, now: float) -> Iterator[dict[str, Any]]:
        """A line for each condition that was met again after it was logged, and has not been met for some time."""
        over = [name for name, one in self._met.items() if now - one["met"] >= QUIET_SECONDS]
        for name in over:
            one = self._met.pop(name)
            if one["times"]:
                yield one["facts"] | {"times": one["times"], "over": True}
        if over:
            self._keep()

    def _end(self, facts: Mapping[str, Any]) -> None:
        event, common = ENDS.get(str(facts.get("event")), ("", ""))
        if event:
            begins = json.dumps([event, str(facts.get(common, ""))])[:-1]
            self._met = {name: one for name, one in self._met.items() if not name.startswith(begins)}

    def _keep(self) -> None:
        while len(self._met) > _MOST:
            self._met.pop(min(self._met, key=lambda name: float(self._met[name]["met"])))
        self.memory.write({"met": self._met})


def _of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that are logged again when the condition is over: short texts and numbers."""
    short = {name: value for name, value in facts.items() if isinstance(value, str | int | float)}
    return {name: str(value)[:200] if isinstance(value, str) else value for name, value in short.items()}
