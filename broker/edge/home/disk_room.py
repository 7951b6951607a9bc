"""How much room the vault's file system has beyond the reserve that intake never uses.

Owns the query to the disk. Promises: all calls within a moment share one query, less what was taken since.
"""

import os
import threading
import time
from pathlib import Path

_MOMENT = 0.2  # seconds


class Room:
    """The disk of one home; threads may share it."""

    def __init__(self, path: Path, reserve_bytes: int) -> None:
        self._path, self._reserve = path, reserve_bytes
        self._lock = threading.Lock()
        self._looked, self._spare = float("-inf"), 0

    def spare(self) -> int:
        """Bytes that intake may still use; below 0 where the reserve is already in use."""
        with self._lock:
            now = time.monotonic()
            if now - self._looked > _MOMENT:
                self._looked, self._spare = now, free(self._path) - self._reserve
            return self._spare

    def take(self, count: int) -> None:
        """Record that so many bytes were just used."""
        with self._lock:
            self._spare -= count


def free(path: Path) -> int:
    """Bytes that the exchange's user may still write on this file system."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize
