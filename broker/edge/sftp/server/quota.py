"""How much one LEA's outbox may hold: files, bytes and unfinished uploads; and whether the exchange accepts any.

Owns the counting. SFTP 3, which every client speaks, has no code for a quota (15 in later versions) nor for a full disk
(14), so both are answered as a failure whose sentence says which.

Promises: scanning the folder takes at most a twentieth of the time, however many files are in it; files and bytes since
the last scan are added to the count; abandoned uploads are removed, oldest first, before any upload is refused.
"""

import threading
import time
from collections.abc import Callable, Iterable

from broker.edge.settings.values import Sftp
from broker.edge.sftp.paths import HIDDEN, is_temporary
from broker.edge.sftp.server import files as files
from broker.edge.sftp.server.wire import Denied, Status

ABANDONED_SECONDS = 600.0  # an unfinished upload untouched for so long may be removed for a new one
LOOK_SECONDS = 2.0
HASTE_SECONDS = 0.2  # when it is full: intake may have made room since
FULL = "Your outbox is full; wait until the exchange has taken files from it."


class Quota:
    """The bounds of one outbox. One thread at a time calls `make_room`; any thread may call the rest."""

    def __init__(self, settings: Sftp, why_not: Callable[[], str] = lambda: "") -> None:
        self._settings = settings
        self._why_not = why_not
        self._lock = threading.Lock()
        self._files = 0
        self._bytes = 0
        self._partials: dict[str, tuple[float, int]] = {}  # name on disk: last change (Unix time), bytes
        self._looked = float("-inf")
        self._cost = 0.0

    def begin(self, stored: str) -> None:
        """Count a new unfinished file."""
        with self._lock:
            self._files += 1
            self._partials[stored] = (time.time(), 0)

    def end(self, stored: str) -> None:
        """The file is no longer unfinished: it was published, renamed or removed."""
        with self._lock:
            self._partials.pop(stored, None)

    def rename(self, stored: str, name: str) -> None:
        """The file has another name on disk; with a temporary name it is still unfinished."""
        with self._lock:
            known = self._partials.pop(stored, (time.time(), 0))
            if is_temporary(name):
                self._partials[name] = known

    def is_followed(self, name: str) -> bool:
        """Whether there is a temporary file named after `name`, as programs create that will rename it."""
        with self._lock:
            temporary = [stored for stored in self._partials if not stored.startswith(HIDDEN)]
        return any(f".{name}." in f".{stored.rstrip('~')}." for stored in temporary)

    def grow(self, growth: int) -> None:
        """Count `growth` more bytes. Raises Denied when the outbox would hold too many."""
        if growth <= 0:
            return
        self._check_open()
        with self._lock:
            if self._bytes + growth > self._settings.outbox_bytes:
                raise Denied(Status.FAILURE, FULL)
            self._bytes += growth

    def _check_open(self) -> None:
        sentence = self._why_not()
        if sentence:
            raise Denied(Status.FAILURE, sentence)

    def make_room(self, folder: int, busy: Iterable[str]) -> None:
        """Make sure that one more upload fits; `busy` are the names on disk that are being written. Raises Denied."""
        self._check_open()
        with self._lock:
            patience = max(HASTE_SECONDS, 4 * self._cost) if self._is_full() else max(LOOK_SECONDS, 20 * self._cost)
            if time.monotonic() >= self._looked + patience:
                self._look(folder)
            self._give_up(folder, frozenset(busy))
            if len(self._partials) >= self._settings.partials_per_lea:
                raise Denied(Status.FAILURE, "Too many unfinished uploads are in your outbox; finish or delete them.")
            if self._is_full():
                raise Denied(Status.FAILURE, FULL)

    def _is_full(self) -> bool:
        return (
            self._files >= self._settings.outbox_files
            or self._bytes >= self._settings.outbox_bytes
            or len(self._partials) >= self._settings.partials_per_lea
        )

    def _look(self, folder: int) -> None:
        begun = time.monotonic()
        self._files = self._bytes = 0
        self._partials = {}
        for name, known in files.scan(folder):
            self._files += 1
            self._bytes += known.st_size
            if name.startswith(HIDDEN) or is_temporary(name):
                self._partials[name] = (known.st_ctime, known.st_size)
        self._looked = time.monotonic()
        self._cost = self._looked - begun

    def _give_up(self, folder: int, busy: frozenset[str]) -> None:
        since = time.time() - ABANDONED_SECONDS
        waiting = sorted((at, name) for name, (at, _) in self._partials.items() if name not in busy and at < since)
        for _, name in waiting:
            if not self._is_full():
                return
            files.unlink(folder, name)
            self._files -= 1
            self._bytes -= self._partials.pop(name)[1]
