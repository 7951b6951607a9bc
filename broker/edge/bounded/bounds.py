"""What a task may cost, and how that is measured from outside.

Owns the bounds, and the measuring of a process: its processor time, the memory it has filled, and the task it works on.
Promises: what a task has used is what the kernel says, never what the process says about itself.
"""

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

_STANDS_STILL = 30  # a task hangs if it uses no processor time for 1/30 of its wall time
_TICK, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


class Fault(StrEnum):
    """Why a task has no answer."""

    CPU = "cpu"
    MEMORY = "memory"
    HUNG = "hung"
    DIED = "died"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one task may cost. `memory_bytes` is what its process may fill, checked twenty times a second; `room_bytes`
    is what it may reserve at all: libraries reserve much that they never fill. `is_apart`: a fresh process works each
    task, at a lower priority. Several tasks together may take little more than one may."""

    cpu_seconds: float
    wall_seconds: float
    memory_bytes: int
    room_bytes: int
    is_apart: bool = False


@dataclass(slots=True)
class Watch:
    """What is known about the present task: its number, and when and at how much processor time it was first seen; and
    how much processor time each task has used so far."""

    number: int = 0
    since: float = 0.0
    spent: float = 0.0
    moved: float = 0.0
    last: float = 0.0
    taken: Counter[int] = field(default_factory=Counter)  # hundredths of seconds, by task number

    def look(self, number: int, spent: float, filled: int, bounds: Bounds) -> Fault | None:
        """Judge one measurement: the process works on the task `number`, 0 for none, has used so many seconds of
        processor time and filled so many bytes. Returns the bound that the task exceeds."""
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
