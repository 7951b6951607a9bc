"""Sends files and fetches them over a `Line`: resumed after a break, complete or absent.

Owns both directions. Promises: a sent file gets its name only when all of it is there, and never replaces another file;
a fetched file is on disk (fsync) before it gets its name or is removed from the server; a local file that differs is
never overwritten, except the public keys in `directory`, which follow the server.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from typing import BinaryIO

import paramiko

from broker.edge.home import durable
from broker.edge.sftp.client.blocks import AGREED, WINDOW, agree, blocks, push, size_of
from broker.edge.sftp.client.line import ClientError, Line
from broker.edge.sftp.paths import is_name, is_temporary

Progress = Callable[[str, int, int], None]  # name, bytes done, bytes in total

NAMES = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """One file's transfer: where it is now, its size in bytes, why it failed ("" when it did not), and whether it was
    already there unchanged."""

    name: str
    path: str
    size: int = 0
    error: str = ""
    was_here: bool = False


def _silent(_name: str, _done: int, _size: int) -> None:
    pass


def _nothing() -> None:
    pass


class _Sending:
    """One file to be sent; it remembers its progress over broken connections."""

    def __init__(self, line: Line, source: Path, folder: str, progress: Progress, whole: Callable[[], None]) -> None:
        self._line = line
        self._whole = whole
        self._source = source
        self._name = source.name
        self._folder = folder
        self._part = f"{folder}/{source.name}.part"
        self._progress = progress
        self._known = source.stat()
        self._is_whole = False

    def attempt(self, sftp: paramiko.SFTPClient) -> Outcome:
        """Resume where the last attempt ended."""
        if not self._is_whole:
            with self._source.open("rb") as local:
                self._fill(sftp, local)
            self._whole()
            self._is_whole = True
        return Outcome(self._name, _give_name(sftp, self._folder, self._name), self._known.st_size)

    def _start(self, sftp: paramiko.SFTPClient, local: BinaryIO) -> int:
        there = size_of(sftp, self._part)
        if not there or there > self._known.st_size:
            return 0
        with sftp.open(self._part, "rb") as remote:
            return there if agree(remote, local, there) else 0

    def _fill(self, sftp: paramiko.SFTPClient, local: BinaryIO) -> None:
        size, start = self._known.st_size, self._start(sftp, local)
        with sftp.open(self._part, "r+b" if start else "wb") as remote:
            remote.seek(start)
            local.seek(start)
            self._progress(self._name, start, size)
            while content := local.read(WINDOW):
                push(remote, content)
                self._line.moved()
                self._progress(self._name, local.tell(), size)
        now = self._source.stat()
        if (now.st_size, now.st_mtime_ns) != (size, self._known.st_mtime_ns):
            raise ClientError(f"{self._source} changed while it was being sent; send it again when it is complete.")
        if size_of(sftp, self._part) != size:
            raise EOFError


def _give_name(sftp: paramiko.SFTPClient, folder: str, name: str) -> str:
    """Give a whole upload its name; where it has none any more, an earlier try was not told that it had worked."""
    part = f"{folder}/{name}.part"
    for final in _finals(folder, PurePosixPath(name)):
        try:
            sftp.rename(part, final)
        except OSError:
            if size_of(sftp, part) is None:
                return final
            if size_of(sftp, final) is None:
                raise
        else:
            return final
    raise ClientError(f"{folder} holds too many files named {name}; wait until they are taken.")


def _finals(folder: str, name: PurePosixPath) -> Iterator[str]:
    yield f"{folder}/{name}"
    for n in range(2, NAMES):
        yield f"{folder}/{name.stem}-{n}{name.suffix}"


def send(
    line: Line,
    sources: Sequence[Path],
    progress: Progress = _silent,
    folder: str = "/outbox",
    whole: Callable[[], None] = _nothing,
) -> list[Outcome]:
    """Send files; one outcome each. `whole` is called for each when all of it is there, just before it gets its name.
    Raises Deferred when the connection does not last, ClientError when login fails."""
    outcomes = []
    for source in sources:
        try:
            if is_temporary(source.name) or not is_name(source.name):
                raise ClientError(
                    f"{source.name} has the name of an unfinished or hidden file; rename it and try again."
                )
            outcomes.append(line.steadily(_Sending(line, source, folder, progress, whole).attempt))
        except OSError as error:
            outcomes.append(Outcome(source.name, str(source), 0, f"{source} cannot be read: {error.strerror}."))
        except ClientError as error:
            outcomes.append(Outcome(source.name, str(source), 0, str(error)))
    return outcomes


def finish(line: Line, name: str, folder: str = "/outbox") -> str:
    """Give its name to a file that an earlier run has sent whole, and say where it is; it may have got it before."""
    return line.steadily(lambda sftp: _give_name(sftp, folder, name))


class _Fetching:
    """One file to be fetched."""

    def __init__(self, line: Line, remote: str, final: Path, progress: Progress, *, follow: bool) -> None:
        self._line = line
        self._remote = remote
        self._final = final
        self._part = final.with_name(final.name + ".part")
        self._progress = progress
        self._follow = follow

    def attempt(self, sftp: paramiko.SFTPClient) -> Outcome:
        """Resume where the last attempt ended."""
        with sftp.open(self._remote, "rb") as remote:
            known = remote.stat()
            size = known.st_size or 0
            was_here = self._is_here(remote, size)
            if not was_here:
                self._fill(remote, size)
                self._give_name(known.st_mtime or 0)
        return Outcome(self._final.name, str(self._final), size, "", was_here)

    def _is_here(self, remote: paramiko.SFTPFile, size: int) -> bool:
        if not self._final.exists():
            return False
        with self._final.open("rb") as local:
            head = local.read(AGREED)
            same = os.fstat(local.fileno()).st_size == size
            same = same and head == b"".join(blocks(remote, 0, len(head))) and agree(remote, local, size)
        if not same and not self._follow:
            raise ClientError(f"{self._final} is already there and differs; move it away and fetch again.")
        return same

    def _fill(self, remote: paramiko.SFTPFile, size: int) -> None:
        descriptor = os.open(self._part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "r+b") as local:
            here = os.fstat(local.fileno()).st_size
            start = here if 0 < here <= size and agree(remote, local, here) else 0
            local.seek(start)
            local.truncate()
            self._progress(self._final.name, start, size)
            for content in blocks(remote, start, size):
                local.write(content)
                self._line.moved()
                self._progress(self._final.name, local.tell(), size)
            local.flush()
            durable.sync(local.fileno())

    def _give_name(self, date: int) -> None:
        folder = os.open(self._final.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if self._follow:
                os.utime(self._part, (date, date))
                self._part.replace(self._final)
            else:
                durable.rename_new(folder, self._part.name, folder, self._final.name)
            durable.sync(folder)
        finally:
            os.close(folder)


def listed(line: Line, folder: str) -> list[paramiko.SFTPAttributes]:
    """The files in a folder. A server's names are not trusted: only names that are harmless here too are returned."""

    def work(sftp: paramiko.SFTPClient) -> list[paramiko.SFTPAttributes]:
        found = [one for one in sftp.listdir_attr(folder) if one.st_mode is None or S_ISREG(one.st_mode)]
        good = [one for one in found if is_name(one.filename) and not is_temporary(one.filename)]
        return sorted(good, key=lambda one: one.filename)

    return line.steadily(work)


def _is_fresh(final: Path, there: paramiko.SFTPAttributes) -> bool:
    """Whether a public key is already here, judged by size and date."""
    try:
        here = final.stat()
    except FileNotFoundError:
        return False
    return (here.st_size, int(here.st_mtime)) == (there.st_size, there.st_mtime)


def _remove(line: Line, path: str) -> None:
    def work(sftp: paramiko.SFTPClient) -> None:
        try:
            sftp.remove(path)
        except FileNotFoundError:
            return  # removed before; the answer was lost with the connection

    line.steadily(work)


def fetch_folder(
    line: Line, remote: str, local: Path, progress: Progress = _silent, *, remove: bool = False, follow: bool = False
) -> list[Outcome]:
    """Fetch the files of one folder into another; one outcome each.

    `remove` deletes fetched files on the server. With `follow` a local file that differs is replaced, and one with the
    size and date of the server's is skipped. Raises what `fetch` raises.
    """
    outcomes = []
    local.mkdir(parents=True, exist_ok=True)
    for there in listed(line, remote):
        path, final = f"{remote}/{there.filename}", local / there.filename
        if follow and _is_fresh(final, there):
            continue
        try:
            outcomes.append(line.steadily(_Fetching(line, path, final, progress, follow=follow).attempt))
            if remove:
                _remove(line, path)
        except ClientError as error:
            outcomes.append(Outcome(final.name, str(final), 0, str(error)))
    return outcomes


def waiting(line: Line) -> list[str]:
    """The names of the complete files in the outbox that were not taken in yet."""
    return [one.filename for one in listed(line, "/outbox")]


def small(line: Line, path: str, most: int) -> bytes:
    """A small file's content, up to `most` bytes; empty where there is none."""

    def work(sftp: paramiko.SFTPClient) -> bytes:
        try:
            with sftp.open(path, "rb") as remote:
                return bytes(remote.read(most))
        except FileNotFoundError:
            return b""

    return line.steadily(work)


def fetch(line: Line, into: Path, progress: Progress = _silent, *, remove: bool = False) -> list[Outcome]:
    """Fetch directory, inbox and receipts into folders of the same names below `into`.

    Public keys that are here unchanged are skipped. `remove` deletes fetched files from the server's inbox and
    receipts. Raises Deferred when the connection does not last, ClientError when login fails, OSError when the local
    disk refuses.
    """
    outcomes = fetch_folder(line, "/directory", into / "directory", progress, follow=True)
    for folder in ("inbox", "receipts"):
        outcomes += fetch_folder(line, f"/{folder}", into / folder, progress, remove=remove)
    return outcomes
