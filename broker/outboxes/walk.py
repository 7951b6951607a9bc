"""walk: one walk through an LEA's outbox, in turns; with 100,000 files it takes many turns.

Contract: holds what the walk has seen so far, and nothing longer than the walk.
"""

from collections.abc import Generator
from dataclasses import dataclass, field

from broker.core.model import LeaId
from broker.edge.home.outbox import Item, Unfinished
from broker.edge.home.readiness import Found

_MOST = 256  # remembered files of each kind


@dataclass(slots=True)
class Walk:
    """The state of one walk. Times are monotonic seconds. `closed` are the names of files whose writers were seen to
    finish; `soonest` is when the first waiting file must be checked again; `headers` is how many may still be read in
    this turn."""

    lea: LeaId
    items: Generator[Item, None, None]
    began: float
    closed: set[str]
    soonest: float | None = None
    unfinished: list[Unfinished] = field(default_factory=list)
    unreadable: list[Unfinished] = field(default_factory=list)
    headers: int = 0
    is_over: bool = False

    def note(self, item: Unfinished) -> None:
        """Note an unfinished file."""
        if len(self.unfinished) < _MOST:
            self.unfinished.append(item)

    def note_unreadable(self, found: Found) -> None:
        """Note a file that the exchange cannot read."""
        if len(self.unreadable) < _MOST:
            self.unreadable.append(Unfinished(found.name, found.size, found.mtime_ns))
