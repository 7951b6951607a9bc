"""Looks at LEAs whose folders may hang: each in a thread of its own, beside everything else.

Promises: one look at an LEA at a time; nobody waits for one that hangs; what a look raises is raised where its end is
taken up.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator

from broker.core.model import LeaId

# when the LEA is to be looked at again, in monotonic seconds, or None
Scan = Callable[[LeaId], float | None]


class Beside:
    """The looks that go on."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._threads: dict[LeaId, threading.Thread] = {}
        self._ended: queue.SimpleQueue[tuple[LeaId, float | None, Exception | None]] = queue.SimpleQueue()

    def __contains__(self, lea: LeaId) -> bool:
        """Whether a look at this LEA goes on."""
        return lea in self._threads

    def begin(self, lea: LeaId) -> None:
        """Begin a look."""
        self._threads[lea] = threading.Thread(target=self._run, args=(lea,), name=f"look-{lea}", daemon=True)
        self._threads[lea].start()

    def _run(self, lea: LeaId) -> None:
        try:
            self._ended.put((lea, self._scan(lea), None))
        except Exception as error:  # noqa: BLE001  raised again by who takes it up
            self._ended.put((lea, None, error))

    def ended(self) -> Iterator[tuple[LeaId, float | None]]:
        """Take up the looks that have ended. Raises, behind the last, what one of them has raised."""
        failed = None
        while not self._ended.empty():
            lea, again, error = self._ended.get()
            self._threads.pop(lea).join()
            failed = failed or error
            yield lea, again
        if failed is not None:
            raise failed

    def join(self, seconds: float) -> None:
        """Wait so long for all of them; those that hang are left."""
        until = time.monotonic() + seconds
        for thread in self._threads.values():
            thread.join(max(until - time.monotonic(), 0))
