"""walk: one look through an LEA's outbox, in turns; with 100,000 files it takes many.

Contract: holds what a look has seen up to now, and nothing longer than the look.
"""

from collections.abc import Generator
from dataclasses import dataclass, field

from broker.core.model import LeaId
from broker.edge.home.outbox import Item, Unfinished
from broker.edge.home.readiness import Found

_MOST = 256  # files of a kind that are remembered


@dataclass(slots=True)
class Walk:
    """Times are monotonic seconds. `closed` are the names whose writers were seen to finish; `soonest` is when the
    first of the files that wait is to be looked at again; `headers` may still be read in this turn."""

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
        """An unfinished file was seen."""
        if len(self.unfinished) < _MOST:
            self.unfinished.append(item)

    def note_unreadable(self, found: Found) -> None:
        """A file was seen that the exchange cannot read."""
        if len(self.unreadable) < _MOST:
            self.unreadable.append(Unfinished(found.name, found.size, found.mtime_ns))
