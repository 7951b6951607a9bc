"""Where sealed bytes are stored, named by their SHA-256.

Owns the vault's layout: `ab/cd/abcd…` below its root, and `tmp/` for unfinished files. Promises: what is read is what
was stored, or VaultDamaged; storing the same bytes twice stores them once; after `flush` everything stored before is
durable. The contract: flush first, then record in the ledger that the bytes are here.

Every vault (a directory here, an object store elsewhere) implements the same `Vault` protocol and passes the same
tests.
"""

import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Protocol

from broker.core.errors import Refused
from broker.core.model import Sha256
from broker.edge.home import durable

_BLOCK = 1024 * 1024
_TEMP = "tmp"
_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Stored:
    """What the vault took: its name, and its size in bytes."""

    sha256: Sha256
    size: int


class VaultMissing(Exception):
    """The vault does not have these bytes. The operator must act, never the sender."""


class VaultDamaged(Exception):
    """The bytes under that name are not what was stored. The operator must act, never the sender."""


class Vault(Protocol):
    """What every vault can do. Names are 64 lower-case hex digits; any other name is a ValueError."""

    def take(self, source: BinaryIO | int, limit: int) -> Stored:
        """Copy an open file (or descriptor) to its end. Refused `too-large` above `limit` bytes, `empty-file` for none;
        Deferred when the vault is full. The copy is the vault's own: a process that has the source open cannot change
        it."""

    def put(self, data: bytes) -> Stored:
        """Store bytes in memory. Deferred when the vault is full."""

    def read(self, name: Sha256) -> bytes:
        """All bytes, checked against the name. VaultMissing, VaultDamaged."""

    def open(self, name: Sha256) -> BinaryIO:
        """A seekable reader, NOT checked: after `verify`, for content that is too large for `read`. VaultMissing."""

    def verify(self, name: Sha256) -> int:
        """Read and check everything without keeping it; returns the size. VaultMissing, VaultDamaged."""

    def has(self, name: Sha256) -> bool:
        """Whether the name is there."""

    def remove(self, name: Sha256) -> None:
        """Delete the bytes, if they are there."""

    def names(self) -> Iterator[Sha256]:
        """All names, in no order."""

    def flush(self) -> None:
        """Return when everything stored before is durable. OSError if it cannot be."""

    def tidy(self, older_than_seconds: float = 3600.0) -> int:
        """Remove what crashed writers left; returns how many. Younger leftovers may be another process's work."""


class DirectoryVault:
    """A vault in a directory that only the exchange can enter: directories 0700, files 0400."""

    def __init__(self, root: Path) -> None:
        """Create the directory if it is missing."""
        self._root = root
        for folder in (root, root / _TEMP):
            folder.mkdir(mode=0o700, exist_ok=True)
        self._fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._batch = durable.Batch()

    def close(self) -> None:
        """Close the directory; flush first."""
        os.close(self._fd)

    def take(self, source: BinaryIO | int, limit: int) -> Stored:
        """See Vault.take."""
        if isinstance(source, int):
            fd = source
            # One byte more than the file should have: then most files need one read, into a buffer of about their size.
            block = min(_BLOCK, os.fstat(fd).st_size + 1)
            return self._store(lambda: os.read(fd, block), limit)
        reader = source
        return self._store(lambda: reader.read(_BLOCK), limit)

    def put(self, data: bytes) -> Stored:
        """See Vault.put."""
        rest = [data, b""]
        return self._store(lambda: rest.pop(0), len(data))

    def read(self, name: Sha256) -> bytes:
        """See Vault.read."""
        with self.open(name) as stored:
            data = stored.read()
        if sha256(data).hexdigest() != name:
            raise VaultDamaged(f"vault object {name} does not have the content it is named by")
        return data

    def open(self, name: Sha256) -> BinaryIO:
        """See Vault.open."""
        try:
            return os.fdopen(os.open(_place_of(name), os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._fd), "rb")
        except FileNotFoundError:
            raise VaultMissing(f"vault object {name} is not there") from None

    def verify(self, name: Sha256) -> int:
        """See Vault.verify."""
        digest, size = sha256(), 0
        with self.open(name) as stored:
            while block := stored.read(_BLOCK):
                digest.update(block)
                size += len(block)
        if digest.hexdigest() != name:
            raise VaultDamaged(f"vault object {name} does not have the content it is named by")
        return size

    def has(self, name: Sha256) -> bool:
        """See Vault.has."""
        return durable.exists_at(self._fd, _place_of(name))

    def remove(self, name: Sha256) -> None:
        """See Vault.remove."""
        place = _place_of(name)
        with suppress(FileNotFoundError):
            os.unlink(place, dir_fd=self._fd)

    def names(self) -> Iterator[Sha256]:
        """See Vault.names."""
        for path in self._root.glob("[0-9a-f][0-9a-f]/*"):
            if _NAME.fullmatch(path.name):
                yield Sha256(path.name)

    def flush(self) -> None:
        """See Vault.flush."""
        self._batch.flush()

    def tidy(self, older_than_seconds: float = 3600.0) -> int:
        """See Vault.tidy."""
        removed = 0
        for path in (self._root / _TEMP).iterdir():
            if path.stat().st_mtime <= time.time() - older_than_seconds:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def _store(self, read: Callable[[], bytes], limit: int) -> Stored:
        batch = self._batch.writing(self._fd)
        with durable.room("the vault"), batch as whole, self._temporary() as (temp, fd):
            digest, size = sha256(), 0
            while block := read():
                size += len(block)
                if size > limit:
                    raise Refused("too-large")
                digest.update(block)
                durable.write_all(fd, block)
            if size == 0:
                raise Refused("empty-file")
            if not whole:
                durable.sync(fd)
            stored = Stored(Sha256(digest.hexdigest()), size)
            self._place(temp, stored.sha256, whole)
            return stored

    @contextmanager
    def _temporary(self) -> Iterator[tuple[str, int]]:
        temp = f"{_TEMP}/{secrets.token_hex(16)}"
        fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400, dir_fd=self._fd)
        try:
            yield temp, fd
        except BaseException:
            os.unlink(temp, dir_fd=self._fd)
            raise
        finally:
            os.close(fd)

    def _place(self, temp: str, name: Sha256, whole: bool) -> None:
        place = _place_of(name)
        # Also over an older copy: one that a power cut caught before its flush has the right name and wrong bytes.
        try:
            os.replace(temp, place, src_dir_fd=self._fd, dst_dir_fd=self._fd)
        except FileNotFoundError:
            with suppress(FileExistsError):
                os.mkdir(_folder_of(name), 0o700, dir_fd=self._fd)
            os.replace(temp, place, src_dir_fd=self._fd, dst_dir_fd=self._fd)
        if not whole:
            fd = os.open(_folder_of(name), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._fd)
            try:
                self._batch.add(fd)
            finally:
                os.close(fd)


def _folder_of(name: str) -> str:
    """One of 256 folders: with a million packets a folder holds 4,000 names, and packets rarely need a new folder."""
    return name[:2]


def _place_of(name: str) -> str:
    """A path relative to the root, as text: joining paths would cost as much as hashing a packet."""
    if not _NAME.fullmatch(name):
        raise ValueError("a vault name is 64 lower-case hex digits")
    return f"{_folder_of(name)}/{name}"
