"""Looks at LEAs whose folders may hang, each in its own thread.

Promises: one look at an LEA at a time; nothing waits for a look that hangs; what a look raises is raised where its
result is collected.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator

from broker.core.model import LeaId

# called with an LEA; returns when to look at it again, in monotonic seconds, or None
Scan = Callable[[LeaId], float | None]


class Beside:
    """The looks in progress."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._threads: dict[LeaId, threading.Thread] = {}
        self._ended: queue.SimpleQueue[tuple[LeaId, float | None, Exception | None]] = queue.SimpleQueue()

    def __contains__(self, lea: LeaId) -> bool:
        """Whether a look at this LEA is in progress."""
        return lea in self._threads

    def begin(self, lea: LeaId) -> None:
        """Begin a look."""
        self._threads[lea] = threading.Thread(target=self._run, args=(lea,), name=f"look-{lea}", daemon=True)
        self._threads[lea].start()

    def _run(self, lea: LeaId) -> None:
        try:
            self._ended.put((lea, self._scan(lea), None))
        except Exception as error:  # noqa: BLE001  raised again where the result is collected
            self._ended.put((lea, None, error))

    def ended(self) -> Iterator[tuple[LeaId, float | None]]:
        """Collect the looks that have ended. After the last one, raises the first exception that a look raised."""
        failed = None
        while not self._ended.empty():
            lea, again, error = self._ended.get()
            self._threads.pop(lea).join()
            failed = failed or error
            yield lea, again
        if failed is not None:
            raise failed

    def join(self, seconds: float) -> None:
        """Wait up to so many seconds for all of them; those that hang are left."""
        until = time.monotonic() + seconds
        for thread in self._threads.values():
            thread.join(max(until - time.monotonic(), 0))
