"""The `reports` folder of a home: files that the exchange makes for the state's staff.

Owns their names, their modes and how they are made. Promises: mode 0600 in a folder of mode 0700; a report appears
whole and durable, or not at all; what a crash left is removed when the next one is begun; one process at a time makes a
report of a kind. A disk that cannot be written is Deferred, never OSError: the caller has other duties too.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from broker.core.errors import Deferred
from broker.core.model import LeaId
from broker.edge.home import durable
from broker.edge.home.folders import lea_id

_WORK, _LOCK = ".work", ".lock"


@contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Deferred(f"reports cannot be written: errno {error.errno}") from None


class _File:
    """A text file that raises Deferred instead of OSError."""

    def __init__(self, path: Path) -> None:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._path = path
        self._file = os.fdopen(fd, "w", encoding="utf-8", newline="")

    def write(self, text: str) -> int:
        with _on_disk():
            return self._file.write(text)

    def close(self) -> None:
        with _on_disk():
            self._file.close()

    def publish(self, path: Path) -> None:
        """Give the file its name, durably."""
        with _on_disk():
            self._file.flush()
            durable.sync(self._file.fileno())
            self._path.replace(path)
            durable.sync_folder(path.parent)


class Draft:
    """Files in the making, and a pile of JSON lines for each LEA, kept beside them meanwhile."""

    def __init__(self, folder: Path, work: Path, files: Mapping[str, _File]) -> None:
        self.files = files
        self._folder = folder
        self._work = work
        self._waiting: dict[LeaId, list[bytes]] = {}
        self._digests: dict[LeaId, Any] = {}

    def pile(self, lea: LeaId, one: Mapping[str, Any]) -> None:
        """Add an object to an LEA's pile, in memory until `flush`."""
        self._waiting.setdefault(lea, []).append(json.dumps(one, ensure_ascii=False).encode() + b"\n")

    def flush(self) -> None:
        """Write what was piled since the last flush. Raises Deferred."""
        with _on_disk():
            for lea, lines in self._waiting.items():
                text = b"".join(lines)
                self._digests.setdefault(lea, hashlib.sha256()).update(text)
                with self._pile(lea).open("ab") as file:
                    file.write(text)
        self._waiting.clear()

    def _pile(self, lea: LeaId) -> Path:
        return self._work / f"{lea_id(lea)}.jsonl"

    def piles(self) -> list[tuple[LeaId, str]]:
        """Each LEA whose pile was flushed, with the SHA-256 of its pile; sorted."""
        return sorted((lea, digest.hexdigest()) for lea, digest in self._digests.items())

    def parts(self, lea: LeaId, size: int) -> Iterator[list[Any]]:
        """The objects on an LEA's pile, `size` at a time. Raises Deferred."""
        with _on_disk():
            file = self._pile(lea).open("rb")
        with file:
            while some := _some(file, size):
                yield [json.loads(line) for line in some]

    def publish(self) -> None:
        """Give the files their names, in order. Raises Deferred."""
        for name, file in self.files.items():
            file.publish(self._folder / name)


def _some(file: BinaryIO, size: int) -> list[bytes]:
    with _on_disk():
        return list(islice(file, size))


@contextmanager
def making(folder: Path, names: Sequence[str], kind: str = "") -> Iterator[Draft]:
    """A draft of these files, which is deleted unless it is published. Raises Deferred, also while another process
    makes a report of this kind here."""
    with ExitStack() as stack:
        with _on_disk():
            folder.mkdir(mode=0o700, exist_ok=True)
            lock = os.open(folder / f"{_LOCK}{kind}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            stack.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            work = folder / f"{_WORK}{kind}"
            if work.exists():
                shutil.rmtree(work)
            work.mkdir(mode=0o700)
            stack.callback(shutil.rmtree, work, ignore_errors=True)  # leftovers are removed when the next draft begins
            files = {name: stack.enter_context(closing(_File(work / name))) for name in names}
        yield Draft(folder, work, files)


def purge(folder: Path, prefix: str, before: date) -> None:
    """Remove the reports named `<prefix>-<date>.<form>` of earlier days. Raises Deferred."""
    with _on_disk():
        for path in folder.glob(f"{prefix}-????-??-??.*"):
            if path.name[len(prefix) + 1 :][:10] < before.isoformat():
                path.unlink()


def remember(path: Path, facts: Mapping[LeaId, str]) -> None:
    """Keep a fact about each LEA in a file of this folder. Raises Deferred."""
    with _on_disk():
        durable.write_atomic(path, json.dumps(facts, sort_keys=True).encode(), 0o600)


def remembered(path: Path) -> dict[LeaId, str]:
    """The facts kept there; none where there is no file. Raises Deferred."""
    with _on_disk():
        facts: dict[LeaId, str] = json.loads(path.read_bytes()) if path.exists() else {}
        return facts
