"""The interface of an open file in a session, and the files that are only read.

Owns the record of which bytes were sent. Promises: `done(True)` means that every byte of the file was sent on a
connection and that the client itself closed the file; the byte that completes a file is not sent before `last` has
returned.
"""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from broker.edge.sftp.server import files as files
from broker.edge.sftp.server.ranges import Ranges, Scattered
from broker.edge.sftp.server.wire import Attributes, Denied, Status

TALLIES = 256


class Handle(Protocol):
    """An open file. `verb` is its name in the log."""

    verb: str

    def read(self, offset: int, count: int, /) -> bytes:
        """Up to `count` bytes; b"" at the end."""

    def write(self, offset: int, content: bytes, /) -> None:
        """Write bytes."""

    def truncate(self, size: int, /) -> None:
        """Shorten the file."""

    def stat(self) -> Attributes:
        """Size and date."""

    def sync(self) -> None:
        """Write the bytes to disk."""

    def close(self) -> int:
        """The client is done with the file; returns its size."""

    def abandon(self) -> None:
        """The session ended before the client was done."""


class Tally:
    """Which bytes of one file were sent, through all handles that read it (clients read in segments, and resume)."""

    def __init__(self) -> None:
        self.is_noted = False  # the exchange already knows that all was sent
        self.is_told = False  # and that it was closed
        self._lock = threading.Lock()
        self._sent = Ranges()

    def add(self, start: int, end: int) -> None:
        """Count sent bytes; bytes in too scattered an order are not counted."""
        with self._lock, suppress(Scattered):
            self._sent.add(start, end)

    def drop(self, start: int) -> None:
        """Do not count the bytes from `start` on: they were not sent after all."""
        with self._lock:
            self._sent.cut(start)

    def covers(self, size: int) -> bool:
        """Whether all bytes were sent."""
        with self._lock:
            return self._sent.covers(size)


class Tallies:
    """The tallies of one LEA, the newest `TALLIES` of them; a replaced file is counted from zero."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int], Tally] = {}

    def of(self, name: str, descriptor: int) -> Tally:
        """The tally of an open file."""
        key = (name, os.fstat(descriptor).st_ino)
        with self._lock:
            while len(self._known) >= TALLIES and key not in self._known:
                self._known.pop(next(iter(self._known)))
            return self._known.setdefault(key, Tally())


class Download:
    """A file that is only read. When the client closes it, `done` is called with whether all of it has been sent by
    then. `last` is called before the bytes that complete it are sent."""

    verb = "download"

    def __init__(
        self, descriptor: int, tally: Tally, done: Callable[[bool], None], last: Callable[[], None] = lambda: None
    ) -> None:
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._tally = tally
        self._done = done
        self._last = last

    def read(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes; b"" at the end. Raises Deferred."""
        content = os.pread(self._descriptor, count, offset)
        self._tally.add(offset, offset + len(content))
        if content and not self._tally.is_noted and self._tally.covers(self._size):
            try:
                self._last()
            except Exception:
                self._tally.drop(offset)
                raise
            self._tally.is_noted = True
        return content

    def write(self, _offset: int, _content: bytes, /) -> None:
        """Never allowed."""
        raise Denied(Status.PERMISSION_DENIED, "The file was opened for reading only.")

    def truncate(self, _size: int, /) -> None:
        """Never allowed."""
        raise Denied(Status.PERMISSION_DENIED, "The file was opened for reading only.")

    def stat(self) -> Attributes:
        """Size and date."""
        return files.attributes(os.fstat(self._descriptor), writable=False)

    def sync(self) -> None:
        """Nothing was written."""

    def close(self) -> int:
        """Report whether all bytes were sent. Raises Deferred."""
        size = os.fstat(self._descriptor).st_size
        self.abandon()
        self._done(size > 0 and self._tally.covers(size))
        return size

    def abandon(self) -> None:
        """Close without a report."""
        os.close(self._descriptor)
