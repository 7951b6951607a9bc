"""Work that waits for another machine: it says what it waits for, and Ctrl-C ends it at once.

Promises: nothing that the work does can keep Ctrl-C from ending the command with exit code 130, because it runs in
another thread and is abandoned; while nothing moves, standard error says after a few seconds, and again from time to
time, what the command waits for.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn, TypeVar

from broker.terminal.common import warn
from broker.terminal.endings import INTERRUPTED

_FIRST_SECONDS, _NEXT_SECONDS = 4.0, 15.0
_SHOW_CURSOR = "\x1b[?25h"
_T = TypeVar("_T")


class Patience:
    """Does one piece of work. `for_what` follows "Still waiting for" in the message; `left` says what remains after
    Ctrl-C."""

    def __init__(self, for_what: str, left: str) -> None:
        self._for_what = for_what
        self._left = left
        self._moved = time.monotonic()

    def moved(self) -> None:
        """Record that something was sent or received: the wait is not in vain."""
        self._moved = time.monotonic()

    def run(self, work: Callable[[], _T]) -> _T:
        """Returns the result of the work. Raises what it raises; ends the process on Ctrl-C."""
        done: list[_T] = []
        failed: list[BaseException] = []

        def beside() -> None:
            try:
                done.append(work())
            except BaseException as error:  # noqa: BLE001  raised in the waiting thread
                failed.append(error)

        thread = threading.Thread(target=beside, name="work", daemon=True)
        thread.start()
        try:
            self._wait(thread)
        except KeyboardInterrupt:
            self._end()
        if failed:
            raise failed[0]
        return done[0]

    def _wait(self, thread: threading.Thread) -> None:
        next_word = _FIRST_SECONDS
        while thread.is_alive():
            thread.join(0.5)
            silent = time.monotonic() - self._moved
            if silent < _FIRST_SECONDS:
                next_word = _FIRST_SECONDS
            elif silent >= next_word and thread.is_alive():
                warn(f"Still waiting for {self._for_what} ({silent:.0f} s); Ctrl-C ends it.")
                next_word = silent + _NEXT_SECONDS

    def _end(self) -> NoReturn:
        """End without notice to the other side, which may be the one that does not answer."""
        if sys.stderr.isatty():
            sys.stderr.write(_SHOW_CURSOR)
        sys.stderr.write(f"\nStopped. {self._left}\n")
        sys.stderr.flush()
        os._exit(INTERRUPTED)
