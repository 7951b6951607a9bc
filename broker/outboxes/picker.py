"""picker: picks the files of an outbox that can be taken in now, one turn at a time.

Contract: reads outboxes and changes nothing in them. An incomplete file waits and is never taken early; a turn ends
however many and however large an LEA's files are, so that other LEAs have their turns.
"""

import itertools
import time
from dataclasses import replace

from broker.core.errors import Deferred
from broker.core.files.extent import Extent, Progress
from broker.edge.home.folders import Missing
from broker.edge.home.outbox import Changed, Odd, Unfinished
from broker.edge.home.readiness import Found, Readiness, Ready, Wait
from broker.outboxes.walk import Walk
from broker.packets.services import Services

_ENTRIES_PER_FILE = 32  # entries that a turn may read for each file that it may take in
_BYTES_A_TURN = 32 * 1024 * 1024  # of an LEA's files, or one larger file: some 50 ms to copy and flush
_HEADERS_A_TURN = 4096  # read to find the ends of an LEA's files: some 15 ms; 32 MiB in gpg's parts of 8 KiB


class Picker:
    """Picks files by what `readiness` has observed."""

    def __init__(self, services: Services, readiness: Readiness) -> None:
        self._intake = services.settings.intake
        self._outboxes = services.outboxes
        self._readiness = readiness

    def some(self, one: Walk) -> tuple[list[Found], list[Odd]]:
        """The next ready files, and odd things: at most a batch, of bounded bytes, from a bounded number of entries,
        because other LEAs wait for their turns."""
        ready: list[Found] = []
        odd: list[Odd] = []
        batch = self._intake.batch
        most = batch * _ENTRIES_PER_FILE
        one.headers = _HEADERS_A_TURN
        looked = size = 0
        for item in itertools.islice(one.items, most):
            looked += 1
            if isinstance(item, Unfinished):
                one.note(item)
            elif isinstance(item, Odd):
                odd.append(item)
            elif item is not None:
                verdict = self._observe(one, item)
                if isinstance(verdict, Ready):
                    ready.append(item)
                    size += item.size
                else:
                    one.soonest = min(one.soonest or verdict.until, verdict.until)
            if len(ready) + len(odd) >= batch or size >= _BYTES_A_TURN:
                return ready, odd
        one.is_over = looked < most
        return ready, odd

    def _observe(self, one: Walk, found: Found) -> Ready | Wait:
        def judge(progress: Progress) -> tuple[Extent, Progress]:
            if one.headers <= 0:
                return Extent.UNDECIDED, progress
            extent, after = self._outboxes.extent(one.lea, found, replace(progress), one.headers)
            one.headers -= max(after.headers - progress.headers, 1)
            return extent, after

        now = time.monotonic()
        try:
            return self._readiness.observe(one.lea, found, now, found.name in one.closed, judge)
        except Deferred as later:
            if not isinstance(later, Changed | Missing):
                one.note_unreadable(found)
            return Wait(now + self._intake.settle_seconds)
