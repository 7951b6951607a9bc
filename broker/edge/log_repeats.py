"""What the log says once: conditions that go on.

Owns which lines tell of a condition, and what they have in common. Promises: the first is said at once; while it goes
on, one an hour with how often it was met since (`times`); when it was not met for a while, that it is over. What is in
no row of the table is always said. A part that dies of a condition and is started again goes on counting where it was,
in a memory that its supervisor keeps for it: a full disk can take no note.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

AGAIN_SECONDS = 3600.0
QUIET_SECONDS = 900.0  # longer than the longest pause between two tries of the same work
_MOST = 200  # conditions that are kept; with more the oldest are forgotten, and said anew
_BYTES = 64 * 1024

# By the event of a line: the facts that make two lines the same condition.
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
# A line with this event ends that condition, where they have this fact in common.
ENDS: Mapping[str, tuple[str, str]] = {"trouble is over": ("trouble", "what")}


class Memory:
    """A few kilobytes that outlive a process: `descriptor` is one of `kept`, or -1 for none."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor if _is_memory(descriptor) else -1

    def read(self) -> dict[str, Any]:
        """What was written last; empty where nothing was, or it cannot be read."""
        if self._descriptor < 0:
            return {}
        with suppress(OSError, ValueError):
            found = json.loads(os.pread(self._descriptor, _BYTES, 0) or b"{}")
            if isinstance(found, dict):
                return found
        return {}

    def write(self, whole: Mapping[str, Any]) -> None:
        """Keep this in the place of what was there."""
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
        """Why the last process could not run; '' where it said nothing."""
        return str(self.read().get("why", ""))


def kept() -> int:
    """A descriptor for `Memory`, to be handed to a process; -1 where the system has none."""
    return os.memfd_create("satchel-log") if sys.platform == "linux" else -1


def _is_memory(descriptor: int) -> bool:
    """Whether it is such a one: a number in an environment may by now be anything's."""
    try:
        return descriptor >= 0 and str(_name(descriptor)).startswith("/memfd:satchel-log")
    except OSError:
        return False


def _name(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()


class Repeats:
    """The conditions that go on, each with its first line, when it was said and met last, and how often since."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        kept = memory.read().get("met", {})
        self._met: dict[str, dict[str, Any]] = kept if isinstance(kept, dict) else {}

    def heard(
        self, facts: dict[str, Any], key: tuple[str, ...], now: float
    ) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """The lines to be written for this one, none for a mere repetition, each with facts to be added."""
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
        """A line for each condition that was met again after it was said, and has not been met for a while."""
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
    """What is said again when it is over: short texts and numbers."""
    short = {name: value for name, value in facts.items() if isinstance(value, str | int | float)}
    return {name: str(value)[:200] if isinstance(value, str) else value for name, value in short.items()}
