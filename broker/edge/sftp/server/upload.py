"""One file that a client is writing.

Owns its descriptor and the record of which bytes have arrived. Promises: the file becomes visible only by `close`, when
it has no gaps and every write is done and synced; after any other end its bytes up to the first gap stay for a resume.
"""

import os
import threading
from typing import Protocol

from broker.edge.home import durable
from broker.edge.sftp.server import files as files
from broker.edge.sftp.server.ranges import Ranges, Scattered
from broker.edge.sftp.server.wire import Attributes, Denied, Status


class Keeper(Protocol):
    """The outbox, as an upload uses it."""

    def allow(self, end: int, growth: int) -> None:
        """Raises Denied when the file may not reach up to `end`, or the outbox may not grow so much."""

    def publish(self, upload: "Upload") -> None:
        """Make a complete file visible."""

    def drop(self, upload: "Upload", *, remove: bool) -> None:
        """The upload has ended unfinished."""


class Upload:
    """An open file of the outbox. Methods raise Denied, and OSError when the disk refuses."""

    verb = "upload"

    def __init__(self, keeper: Keeper, name: str, descriptor: int, size: int, *, appends: bool) -> None:
        self.name = name
        self.descriptor = descriptor
        self._keeper = keeper
        self._appends = appends
        self._lock = threading.Lock()
        self._ranges = Ranges(size)
        self._size = size
        self._failed = False
        self._unwanted = False
        self._over = False

    def read(self, offset: int, count: int) -> bytes:
        """Bytes that have already arrived."""
        with self._lock:
            self._check()
            return os.pread(self.descriptor, count, offset)

    def write(self, offset: int, content: bytes) -> None:
        """Write at `offset`, or at the end where the client asked for that. A failure makes the whole upload fail."""
        with self._lock:
            self._check()
            start = self._size if self._appends else offset
            end = start + len(content)
            try:
                self._keeper.allow(end, end - self._size)
                files.write_all(self.descriptor, content, start)
                self._ranges.add(start, end)
            except Scattered:
                self._failed = True
                raise Denied(
                    Status.FAILURE,
                    "Your program sends the parts of this file in too wild an order; use its default settings.",
                ) from None
            except Denied:
                self._failed = self._unwanted = True
                raise
            except OSError:
                self._failed = True
                raise
            self._size = max(self._size, end)

    def truncate(self, size: int) -> None:
        """Shorten the file."""
        with self._lock:
            self._check()
            if size > self._size:
                raise Denied(Status.FAILURE, "A file cannot be made longer without its bytes.")
            os.ftruncate(self.descriptor, size)
            self._ranges.cut(size)
            self._size = size

    def stat(self) -> Attributes:
        """Size and date."""
        with self._lock:
            self._check()
            return files.attributes(os.fstat(self.descriptor), writable=True)

    def sync(self) -> None:
        """Write the bytes to disk (fsync@openssh.com)."""
        with self._lock:
            self._check()
            durable.sync(self.descriptor)

    def close(self) -> int:
        """The client is done: make the file visible, or say why not. Returns its size in bytes."""
        try:
            with self._lock:
                self._check()
                if self._failed:
                    raise Denied(Status.FAILURE, "The upload failed; send the file again.")
                if not self._ranges.covers(self._size):
                    raise Denied(Status.FAILURE, "Parts of the file are missing; send it again.")
                durable.sync(self.descriptor)
            self._keeper.publish(self)
        except (Denied, OSError):
            self.abandon()
            raise
        self._release()
        return self._size

    def abandon(self) -> None:
        """The connection broke or the upload failed: keep the bytes up to the first gap, if there are any."""
        with self._lock:
            if self._over:
                return
            kept = 0 if self._unwanted else self._ranges.prefix()
            os.ftruncate(self.descriptor, kept)
        self._keeper.drop(self, remove=kept == 0)
        self._release()

    def supersede(self) -> None:
        """Another connection takes over the name; called by the outbox, which has already dropped this upload."""
        with self._lock:
            if not self._over:
                os.ftruncate(self.descriptor, self._ranges.prefix())
        self._release()

    def _release(self) -> None:
        with self._lock:
            if not self._over:
                self._over = True
                os.close(self.descriptor)

    def _check(self) -> None:
        if self._over:
            raise Denied(Status.FAILURE, "Another connection of yours has taken this upload over.")
