"""An LEA's uploads: invisible until they are complete, resumable, and bounded.

Owns the files of one LEA's outbox while clients work on them; every session of that LEA shares one `Outbox`. Promises:
an upload has a name that intake ignores until the client has closed the file properly; its bytes are on disk (fsync)
before its own name appears. A broken upload keeps its bytes up to the first gap and can be resumed. The client that
opened a name last owns it: an upload left by a dead connection cannot block its successor. A finished file is never
replaced: a later file with its name is stored beside it under another name, but its client sees it under the name that
it asked for.
"""

import os
import threading
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

from broker.edge.home import durable
from broker.edge.settings.values import Limits, Sftp
from broker.edge.sftp.paths import HIDDEN, Folder, beside, is_name, is_temporary, published, resting, shown
from broker.edge.sftp.server import files as files
from broker.edge.sftp.server.memory import Memory
from broker.edge.sftp.server.quota import Quota
from broker.edge.sftp.server.upload import Upload
from broker.edge.sftp.server.wire import Attributes, Denied, Entry, Flag, Status

_THERE = "A file of the new name is already there; wait until the exchange has taken it, or choose another name."
_NEXT = "A finished file is not replaced: send the new one under another name, or remove its temporary file first."


def _missing() -> Denied:
    return Denied(Status.NO_SUCH_FILE, "There is no such file in outbox; perhaps the exchange has taken it already.")


class Outbox:
    """One LEA's outbox. Its methods raise Denied, and OSError when the disk refuses."""

    def __init__(self, root: Path, settings: Sftp, limits: Limits, why_not: Callable[[], str] = lambda: "") -> None:
        self._root = root
        self._limits = limits
        self._lock = threading.Lock()
        self._uploads: dict[str, Upload] = {}
        self._memory = Memory()
        self._quota = Quota(settings, why_not)

    def open(self, name: str, flags: int) -> Upload:
        """Start an upload, or resume one (without TRUNCATE)."""
        with self._lock, files.opened(self._root, Folder.OUTBOX) as folder:
            stored = self._stored(folder, name)
            if stored is not None and flags & Flag.CREATE and flags & Flag.EXCLUSIVE:
                raise Denied(Status.FAILURE, "A file of this name is already there; choose another name.")
            if flags & Flag.TRUNCATE or (stored is None and flags & Flag.CREATE):
                return self._begin(folder, name, flags)
            if stored is None:
                raise _missing()
            if stored != resting(name) and flags & Flag.CREATE and not flags & (Flag.APPEND | Flag.READ):
                return self._begin(folder, name, flags)  # scp writes from the start, and truncates at the end
            if stored != resting(name):
                raise Denied(Status.FAILURE, "This file is already complete; send the new one from its start.")
            return self._go_on(folder, name, flags)

    def _begin(self, folder: int, name: str, flags: int) -> Upload:
        self._put_aside(name)
        self._quota.make_room(folder, self._uploads)
        descriptor = files.create(folder, resting(name))
        self._quota.begin(resting(name))
        return self._started(descriptor, name, 0, flags)

    def _go_on(self, folder: int, name: str, flags: int) -> Upload:
        self._put_aside(name)
        descriptor = files.open_regular(folder, resting(name), os.O_RDWR)
        return self._started(descriptor, name, os.fstat(descriptor).st_size, flags)

    def _started(self, descriptor: int, name: str, size: int, flags: int) -> Upload:
        upload = Upload(self, name, descriptor, size, appends=bool(flags & Flag.APPEND))
        self._uploads[resting(name)] = upload
        return upload

    def _put_aside(self, name: str) -> None:
        older = self._uploads.pop(resting(name), None)
        if older is not None:
            older.supersede()

    def publish(self, upload: Upload) -> None:
        """Give a complete and synced upload its name. Raises Denied when another connection has taken it over."""
        name = upload.name
        with self._lock, files.opened(self._root, Folder.OUTBOX) as folder:
            if self._uploads.get(resting(name)) is not upload:
                raise Denied(Status.FAILURE, "Another connection of yours has started this upload again.")
            del self._uploads[resting(name)]
            if published(name) != resting(name):
                self._quota.end(resting(name))
                stored = self._give_name(folder, resting(name), name)
                self._memory.keep(name, stored, os.fstat(upload.descriptor))
            else:
                durable.sync(folder)

    def drop(self, upload: Upload, *, remove: bool) -> None:
        """The upload ended incomplete; its bytes stay for a resume unless `remove`."""
        with self._lock:
            if self._uploads.get(resting(upload.name)) is not upload:
                return
            del self._uploads[resting(upload.name)]
            if remove:
                self._quota.end(resting(upload.name))
                with files.opened(self._root, Folder.OUTBOX) as folder:
                    files.unlink(folder, resting(upload.name))

    def allow(self, end: int, growth: int) -> None:
        """Check that a file may reach up to `end` and the outbox may grow by `growth` bytes. Raises Denied."""
        most = self._limits.sealed_bytes
        if end > most:
            raise Denied(Status.FAILURE, f"The file is larger than this exchange accepts ({most} bytes); split it.")
        self._quota.grow(growth)

    def stat(self, name: str) -> Attributes:
        """Size and date of a file, even of one that intake took a moment ago."""
        with files.opened(self._root, Folder.OUTBOX) as folder:
            stored = self._stored(folder, name)
            known = None if stored is None else files.regular(folder, stored)
        if known is not None:
            return files.attributes(known, writable=True)
        remembered = self._memory.of(name)
        if remembered is None:
            raise _missing()
        return remembered.attributes

    def list(self) -> Generator[Entry]:
        """Every file, with unfinished uploads under their later names."""
        with files.opened(self._root, Folder.OUTBOX) as folder, closing(files.scan(folder)) as found:
            for stored, known in found:
                name = shown(stored)
                doubled = stored == name != resting(name) and files.regular(folder, resting(name)) is not None
                if is_name(name) and not doubled:
                    yield Entry(name, files.attributes(known, writable=True))

    def read(self, name: str) -> int:
        """A descriptor for reading a file, finished or not."""
        with files.opened(self._root, Folder.OUTBOX) as folder:
            stored = self._stored(folder, name)
            if stored is None:
                raise _missing()
            return files.open_regular(folder, stored, os.O_RDONLY)

    def remove(self, name: str) -> None:
        """Remove a file, and any upload to its name."""
        with self._lock, files.opened(self._root, Folder.OUTBOX) as folder:
            # lftp and WinSCP remove the old file so that they can rename what they have uploaded beside it
            if files.regular(folder, published(name)) is not None and self._quota.is_followed(name):
                raise Denied(Status.FAILURE, _NEXT)
            self._put_aside(name)
            self._quota.end(resting(name))
            unfinished = files.unlink(folder, resting(name))
            if not (files.unlink(folder, self._finished(name)) or unfinished):
                raise _missing()

    def rename(self, old: str, new: str, *, replace: bool) -> None:
        """Rename a complete file; then intake sees it, unless `new` is a temporary name too."""
        with self._lock, files.opened(self._root, Folder.OUTBOX) as folder:
            stored = self._stored(folder, old)
            if stored is None:
                raise _missing()
            if stored in self._uploads or (stored.startswith(HIDDEN) and not is_temporary(old)):
                raise Denied(Status.FAILURE, "The upload of this file is not finished; finish it first.")
            if not (replace and not is_temporary(new)) and files.regular(folder, published(new)) is not None:
                raise Denied(Status.FAILURE, _THERE)
            if old != new:
                self._put_aside(new)
                known = files.regular(folder, stored)
                given = self._give_name(folder, stored, new)
                self._quota.rename(stored, given)
                self._renamed(folder, new, given, known)

    def _renamed(self, folder: int, name: str, stored: str, known: os.stat_result | None) -> None:
        if published(name) == resting(name):
            return
        files.unlink(folder, resting(name))
        if known is not None:
            self._memory.keep(name, stored, known)

    def _give_name(self, folder: int, stored: str, name: str) -> str:
        """Give a complete file its name, or a name beside a finished file that has it; returns the given name. Neither
        file may be lost: each client was answered OK, which promises a packet."""
        if files.rename_new(folder, stored, published(name)):
            return published(name)
        if not is_temporary(name):
            for other in beside(name, self._limits.file_name_chars):
                if files.rename_new(folder, stored, other):
                    return other
        raise Denied(Status.FAILURE, _THERE)

    def truncate(self, name: str, size: int) -> None:
        """Shorten an unfinished upload that no client is writing."""
        with self._lock, files.opened(self._root, Folder.OUTBOX) as folder:
            known = files.regular(folder, resting(name))
            if known is None or resting(name) in self._uploads or size > known.st_size:
                raise Denied(Status.PERMISSION_DENIED, "The size of this file cannot be set.")
            descriptor = files.open_regular(folder, resting(name), os.O_RDWR)
            try:
                os.ftruncate(descriptor, size)
            finally:
                os.close(descriptor)

    def _stored(self, folder: int, name: str) -> str | None:
        for stored in (resting(name), self._finished(name)):
            if files.regular(folder, stored) is not None:
                return stored
        return None

    def _finished(self, name: str) -> str:
        """The name on disk of the finished file that a client means: the newest that it has put under `name`, never an
        older one that is still there when the newest has been taken."""
        newest = self._memory.of(name)
        return name if newest is None else newest.stored
