"""What a task may cost, and what is seen of it from outside.

Owns the bounds, and the look at a process: its processor time, what it has filled, and which task it has in hand.
Promises: what a task has taken is what the kernel says, and never what the process says itself.
"""

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

_STANDS_STILL = 30  # a task that has used no processor time for this part of what it may take by the clock hangs
_TICK, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


class Fault(StrEnum):
    """Why a task has no answer."""

    CPU = "cpu"
    MEMORY = "memory"
    HUNG = "hung"
    DIED = "died"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one task may cost. `memory_bytes` is what its process may fill, which is looked at twenty times a second;
    `room_bytes` what it may ask for at all, of which libraries set much aside that they never fill. `is_apart`: each
    task is worked by a fresh process, at a lower priority. Several tasks take little more together than one may."""

    cpu_seconds: float
    wall_seconds: float
    memory_bytes: int
    room_bytes: int
    is_apart: bool = False


@dataclass(slots=True)
class Watch:
    """What is known of the task in hand: its number, and when and with how much processor time it was first seen; and
    of all that were seen, how much of it each has taken."""

    number: int = 0
    since: float = 0.0
    spent: float = 0.0
    moved: float = 0.0
    last: float = 0.0
    taken: Counter[int] = field(default_factory=Counter)  # hundredths of seconds, by number

    def look(self, number: int, spent: float, filled: int, bounds: Bounds) -> Fault | None:
        """A task is in hand, 0 for none, by a process that has used so many seconds and has filled so many bytes; by
        what it is over its bounds."""
        now = time.monotonic()
        self.taken[number or self.number] += max(round(100 * (spent - self.last)), 0)  # 0 where it has ended
        if number != self.number:
            self.number, self.since, self.spent, self.moved, self.last = number, now, spent, now, spent
        if spent != self.last:
            self.moved, self.last = now, spent
        if not number:
            return None
        if filled > bounds.memory_bytes:
            return Fault.MEMORY
        if spent - self.spent > bounds.cpu_seconds:
            return Fault.CPU
        most = bounds.wall_seconds
        return Fault.HUNG if now - self.since > most or now - self.moved > most / _STANDS_STILL else None


def spent(pid: int) -> float:
    """The processor time of a process that is not reaped yet, in seconds."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICK


def filled(pid: int) -> int:
    """The memory that a process has filled and shares with no file, in bytes."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return (int(fields[1]) - int(fields[2])) * _PAGE
