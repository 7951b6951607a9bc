"""The public keys, and the tables to fill in, that every LEA finds in its folder `directory`.

Owns `leas/.directory`, which has each file once, and the hard links to it in the LEAs' folders: what is the same for
all is written once, however many LEAs there are. Promises: no LEA can alter another's copy: the files belong to the
exchange, an LEA has no write permission on them or on the folder (GROUP_MODES), and no file is ever written in place; a
changed file costs one link for each LEA; an LEA that missed a change gets it at the next one; where links are not
possible, such as on a mount of its own, an LEA gets copies.
"""

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from broker.core.model import LeaId
from broker.edge.home import durable
from broker.edge.home.folders import DIRECTORY, Home, Missing, plain

PARTIES = "parties.json"  # the parties' ids, names and keys
ALL = "all.asc"  # changes with each of the others and comes last: a folder that has it has them all
_MODE = 0o644
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LINKS = frozenset({errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


class Publisher:
    """Writes the directory; `publishing` creates it."""

    def __init__(self, home: Home, masters: int) -> None:
        self._home = home
        self._masters = masters

    def publish(self, leas: Iterable[LeaId], files: Mapping[str, str | bytes]) -> list[LeaId]:
        """Bring the folders of all LEAs up to date: these files (name, content), and `all.asc`, which repeats the keys;
        durable on return. Returns the LEAs whose folder is missing. ValueError for a name that is not plain."""
        batch = durable.Batch()
        before = _inode(self._masters, ALL)
        whole_text = dict(self.whole(files))
        with batch.writing(self._masters) as whole:
            changed = [name for name, text in whole_text.items() if self._renew(plain(name), _bytes(text), not whole)]
        missing = []
        for lea in leas:
            try:
                with self._home.enter(lea, DIRECTORY) as fd, batch.writing(fd) as whole:
                    is_in_step = before is not None and _inode(fd, ALL) == before
                    for name in changed if is_in_step else whole_text:
                        self._give(fd, name, flush=not whole)
            except Missing:
                missing.append(lea)
        batch.flush()
        return missing

    @staticmethod
    def whole(files: Mapping[str, str | bytes]) -> list[tuple[str, str | bytes]]:
        """These files and `all.asc`, in the order in which they are put into a folder."""
        keys = (text for name, text in files.items() if name.endswith(".asc") and isinstance(text, str))
        return [*files.items(), (ALL, "\n".join(keys))]

    def _renew(self, name: str, content: bytes, flush: bool) -> bool:
        """Write a master whose content differs or which is not the exchange's own; returns whether it was written."""
        if _is(self._masters, name, content):
            return False
        durable.replace_at(self._masters, name, content, _MODE, flush=flush)
        return True

    def _give(self, folder: int, name: str, flush: bool) -> None:
        """Put the master into a folder in one step."""
        if _inode(folder, name) == _inode(self._masters, name):
            return  # a rename between two names of one file does nothing, and would leave the temporary one
        temp = f".{secrets.token_hex(8)}.tmp"
        try:
            os.link(name, temp, src_dir_fd=self._masters, dst_dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self._copy(folder, name, flush)
            return
        try:
            os.rename(temp, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            os.unlink(temp, dir_fd=folder)
            raise

    def _copy(self, folder: int, name: str, flush: bool) -> None:
        with open(os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._masters), "rb") as master:
            content = master.read()
        if not _is(folder, name, content):
            durable.replace_at(folder, name, content, _MODE, flush=flush)


def copy_into(home: Home, lea: LeaId, files: Iterable[tuple[str, str | bytes]], tick: Callable[[], None]) -> None:
    """Bring one LEA's folder on a mount of its own up to date; calls `tick` for each file. Missing without the
    folder."""
    with home.enter(lea, DIRECTORY) as folder:
        for name, text in files:
            tick()
            content = _bytes(text)
            if not _is(folder, plain(name), content):
                durable.replace_at(folder, name, content, _MODE, flush=True)
        durable.sync(folder)


@contextmanager
def publishing(home: Home) -> Iterator[Publisher]:
    """One publisher at a time: a caller that reads the ledger inside this block never publishes older data than is
    there."""
    path = _masters(home)
    path.mkdir(mode=0o700, exist_ok=True)
    masters = os.open(path, _FOLDER)
    try:
        fcntl.flock(masters, fcntl.LOCK_EX)
        yield Publisher(home, masters)
    finally:
        fcntl.flock(masters, fcntl.LOCK_UN)  # an interrupted batch may hold a copy of the descriptor
        os.close(masters)


def _bytes(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def _masters(home: Home) -> Path:
    """It is among the LEAs' folders, because links cannot cross file systems; no LEA id begins with a dot."""
    return home.leas / ".directory"


def _inode(folder: int, name: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _is(folder: int, name: str, content: bytes) -> bool:
    """Whether it is the exchange's own file with this content, which nobody else may write."""
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.EACCES):
            return False
        raise
    with open(fd, "rb") as file:
        known = os.fstat(fd)
        is_own = stat.S_ISREG(known.st_mode) and known.st_uid == os.geteuid() and stat.S_IMODE(known.st_mode) == _MODE
        return is_own and known.st_size == len(content) and file.read() == content
