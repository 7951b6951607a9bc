"""What a watch over real folders said."""

import sys
import threading
import time
from collections.abc import Callable

import pytest

from broker.core.model import LeaId

LEA, OTHER = LeaId("01"), LeaId("6G")
LONG = 20.0  # seconds to wait for a hint before the test fails
linux = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


class Heard:
    """What a Watch said."""

    def __init__(self) -> None:
        self.hints: list[tuple[str, str, bool]] = []
        self.removed: list[tuple[str, str]] = []
        self.gate = threading.Event()
        self.gate.set()

    def on_hint(self, lea: LeaId, name: str, closed: bool) -> None:
        self.gate.wait(LONG)
        self.hints.append((lea, name, closed))

    def on_removed(self, lea: LeaId, name: str) -> None:
        self.removed.append((lea, name))


def soon(what: Callable[[], bool]) -> bool:
    end = time.monotonic() + LONG
    while not what() and time.monotonic() < end:
        time.sleep(0.005)
    return what()
