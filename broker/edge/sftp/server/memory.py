"""What happened to the files that an LEA put into its outbox a moment ago.

Owns that memory: bounded, and short. Intake may take a file within milliseconds, but clients look at it once more
(rclone, WinSCP: size and date); and a file that was sent under the name of a finished one has another name on disk.
"""

import os
import threading
import time
from dataclasses import dataclass

from broker.edge.sftp.server import files as files
from broker.edge.sftp.server.wire import Attributes

TAKEN_SECONDS = 60.0
TAKEN_MOST = 1024


@dataclass(frozen=True, slots=True)
class Remembered:
    """The newest file that was put under a name: its name on disk, and the attributes for the client."""

    stored: str
    attributes: Attributes
    until: float  # monotonic seconds


class Memory:
    """The memory of one LEA; used by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Remembered] = {}

    def keep(self, name: str, stored: str, known: os.stat_result) -> None:
        """A file was put under `name` and is stored as `stored`."""
        until = time.monotonic() + TAKEN_SECONDS
        with self._lock:
            self._known.pop(name, None)  # keeps the newest last
            while len(self._known) >= TAKEN_MOST:
                self._known.pop(next(iter(self._known)))
            self._known[name] = Remembered(stored, files.attributes(known, writable=True), until)

    def of(self, name: str) -> Remembered | None:
        """The newest file under this name, or None where it is no longer remembered."""
        with self._lock:
            found = self._known.get(name)
        return found if found is not None and found.until >= time.monotonic() else None
