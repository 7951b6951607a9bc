"""What LEAs drop: scanning outboxes, and taking files out of them.

Owns the outbox folders. Promises: no link is followed and only ordinary files are read; the bytes taken are those of
the file that was scanned; a file is removed only if it is still that file, so a new drop under the same name is never
lost. A caller takes, flushes the vault, commits to the ledger, and only then discards.
"""

import errno
import os
import stat
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from broker.core.errors import Deferred, Refused
from broker.core.files.extent import Extent, Progress, extent
from broker.core.model import LeaId, Sha256, TrackingId
from broker.edge.home import discard, durable
from broker.edge.home.file_names import is_printable, is_sender_s, is_unfinished
from broker.edge.home.folders import OUTBOX, Home, plain, tracking_id
from broker.edge.home.readiness import Found
from broker.edge.settings.values import Limits
from broker.edge.vault import Vault

_KINDS = {stat.S_IFLNK: "link", stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}
_KINDS |= {stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
_BUSY = errno.EAGAIN  # the file's owner holds a lease on it (fcntl(2), F_SETLEASE); O_NONBLOCK does not wait for that
_NOT_THAT_FILE = {errno.ENOENT, errno.ESTALE, errno.ELOOP, errno.ENXIO, errno.ENODEV}
_T = TypeVar("_T")


class Changed(Deferred):
    """The file is no longer the one that was scanned: look again."""


@dataclass(frozen=True, slots=True)
class Odd:
    """Something that cannot be a packet. `kind` is link, folder, pipe, socket, device or, for an ordinary file with an
    unusable name, name. `name` may hold anything that a file system allows; `shown` is printable."""

    name: str
    kind: str
    source_mark: str

    @property
    def code(self) -> str:
        """The refusal code (broker.core.codes)."""
        return "bad-file-name" if self.kind == "name" else "not-a-file"

    @property
    def shown(self) -> str:
        """The name for a receipt or a log: at most 200 printable characters."""
        return "".join(letter if is_printable(letter) else "?" for letter in self.name)[:200]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An ordinary file whose name says that its writer is not done."""

    name: str
    size: int
    mtime_ns: int


Item = Found | Odd | Unfinished | None  # None: does not concern the exchange


@dataclass(frozen=True, slots=True)
class Taken:
    """A file whose bytes are in the vault and which is still in the outbox.

    A ledger row with the same `source_mark` and `sha256` means that the exchange stopped between commit and discard:
    discard it again, and do nothing else.
    """

    name: str
    source_mark: str
    sha256: Sha256
    size: int


class Outboxes:
    """All outboxes of one home. Every method raises folders.Missing without the folder."""

    def __init__(self, home: Home, limits: Limits) -> None:
        self._home = home
        self._limits = limits

    def scan(self, lea: LeaId) -> Generator[Found | Odd, None, None]:
        """Everything in the outbox but unfinished files, in no order, read only as far as the caller asks; about 6 µs a
        file. The scan holds the folder open until it is exhausted or closed, and may be kept between turns: this scan
        or the next sees what comes or goes meanwhile."""
        with closing(self.scan_all(lea)) as items:
            for item in items:
                if not isinstance(item, Unfinished | None):
                    yield item

    def scan_all(self, lea: LeaId) -> Generator[Item, None, None]:
        """As `scan`, but with the unfinished files. None stands for a file with a leading dot that does not concern the
        exchange (a partial upload by SFTP does): where there are very many of them, a turn can end among them."""
        with self._home.enter(lea, OUTBOX) as folder, os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                yield _half(folder, name) if is_unfinished(name) else self._look(folder, name)

    def look(self, lea: LeaId, name: str) -> Found | Odd | None:
        """One entry, after a hint; None if it is gone or unfinished."""
        if is_unfinished(name):
            return None
        with self._home.enter(lea, OUTBOX) as folder:
            return self._look(folder, name)

    def extent(self, lea: LeaId, found: Found, progress: Progress, most: int) -> tuple[Extent, Progress]:
        """Whether a file ends too early, read on from `progress` by at most `most` headers; returns the new progress
        too. Changed if the file is another one by now."""
        return self.is_complete(lea, found, lambda file: extent(file, progress, most)), progress

    def is_complete(self, lea: LeaId, found: Found, check: Callable[[BinaryIO], _T]) -> _T:
        """Call `check` with the content (a seekable reader) and return its result. Changed if the file is another one
        by now."""
        # Opening also matters on network mounts: it makes the client fetch what the server knows (close-to-open).
        with self._home.enter(lea, OUTBOX) as folder, _opened(folder, found) as fd:
            with os.fdopen(fd, "rb", buffering=0, closefd=False) as reader:
                answer = check(reader)
            _same(fd, found)
            return answer

    def take(self, lea: LeaId, found: Found, vault: Vault) -> Taken:
        """Copy a file into the vault; it stays in the outbox. Not durable before `vault.flush`.

        Changed if it is another file by now, or was written to meanwhile; Refused `too-large` or `empty-file`; Deferred
        if it may not be read or the vault is full.
        """
        if found.size > self._limits.sealed_bytes:
            raise Refused("too-large")
        with self._home.enter(lea, OUTBOX) as folder, _opened(folder, found) as fd:
            stored = vault.take(fd, self._limits.sealed_bytes)
            _same(fd, found)
            if stored.size != found.size:
                raise Changed("the file changed while it was read")
            return Taken(found.name, found.source_mark, stored.sha256, stored.size)

    def discard(self, lea: LeaId, items: Iterable[Taken | Found]) -> int:
        """Remove finished files, unless something else has their name by now; returns how many were removed. Nothing is
        flushed: a file that a power cut brings back has a mark that the ledger knows."""
        with self._home.enter(lea, OUTBOX) as folder:
            return sum(discard.discard(folder, item.name, item.source_mark) for item in items)

    def quarantine(self, lea: LeaId, item: Odd | Found, tracking: TrackingId) -> Path | None:
        """Move something out of the outbox, unread and unchanged, to `quarantine/<tracking>`; returns its new path.

        None if it is gone, or is something else by now. What cannot be moved there (another file system, another
        owner's folder) stays in the outbox under a hidden name.
        """
        target, aside = self._home.quarantine / tracking_id(tracking), f".{tracking}.quarantine"
        with self._home.enter(lea, OUTBOX) as folder:
            mark = discard.mark(folder, item.name)
            if mark is None or not _same_thing(mark, item):
                return None
            place = os.open(self._home.quarantine, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                durable.rename_new(folder, item.name, place, tracking)
                durable.sync(place)
            except OSError as error:
                if error.errno not in (errno.EXDEV, errno.EACCES, errno.EPERM):
                    raise
                durable.rename_new(folder, item.name, folder, aside)
                target = self._home.folder(lea, OUTBOX) / aside
            finally:
                os.close(place)
            durable.sync(folder)
            return target

    def tell(self, lea: LeaId, name: str, text: str) -> None:
        """Write a file beside the LEA's README.txt, or remove it where the text is empty."""
        with self._home.enter(lea) as folder, durable.room("an LEA's folder"):
            if text:
                durable.replace_at(folder, plain(name), text.encode(), 0o644, flush=False)
            else:
                with suppress(FileNotFoundError):
                    os.unlink(plain(name), dir_fd=folder)

    def tidy(self, lea: LeaId) -> int:
        """Call this at start, before any discard: shows again what a crash hid in the middle of a discard; returns how
        many.

        Such a file keeps its source mark except for the change time, so intake treats it as a second drop of the same
        bytes.
        """
        with self._home.enter(lea, OUTBOX) as folder:
            return discard.show_again(folder)

    def _look(self, folder: int, name: str) -> Found | Odd | None:
        if "/" in name or "\0" in name:
            raise ValueError("a name, not a path")
        found = discard.lstat(folder, name)
        if found is None:
            return None
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "")
        item = discard.found(name, found)
        if kind:
            return Odd(name, kind, item.source_mark)
        if len(name) > self._limits.file_name_chars or not is_printable(name):  # a lone surrogate is not printable
            return Odd(name, "name", item.source_mark)
        return item


def _half(folder: int, name: str) -> Unfinished | None:
    found = discard.lstat(folder, name) if is_sender_s(name) else None
    if found is None or not stat.S_ISREG(found.st_mode):
        return None
    return Unfinished(name, found.st_size, found.st_mtime_ns)


def _same_thing(mark: str, item: Odd | Found) -> bool:
    """A folder's times change with its content, so only its identity counts; for a file the whole mark counts."""
    if isinstance(item, Odd):
        return mark.split(":")[:2] == item.source_mark.split(":")[:2]
    return mark == item.source_mark


@contextmanager
def _opened(folder: int, found: Found) -> Iterator[int]:
    # O_NONBLOCK: if a pipe is there by now, opening it must not wait for its writer.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(found.name, flags, dir_fd=folder)
    except PermissionError:
        raise Deferred("the exchange may not read a file in an outbox; check its mode and group") from None
    except OSError as error:
        if error.errno in _NOT_THAT_FILE:
            raise Changed("the file is gone, or is something else by now") from None
        if error.errno == _BUSY:
            raise Deferred("the owner of a file in an outbox holds a lease on it") from None
        raise
    try:
        _same(fd, found)
        yield fd
    finally:
        os.close(fd)


def _same(fd: int, found: Found) -> None:
    now = os.fstat(fd)
    if not stat.S_ISREG(now.st_mode) or discard.found(found.name, now) != found:
        raise Changed("the file changed after it was looked at")
