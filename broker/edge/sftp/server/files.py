"""Regular files of one folder, accessed through the folder's descriptor and never through a path.

Owns every disk operation of the SFTP server. Promises: no link is followed in the last two steps of any path; anything
but a regular file (link, fifo, device, folder) is neither opened nor shown, even if someone planted it.
"""

import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from broker.edge.home import durable
from broker.edge.sftp.server.wire import Attributes, Denied, Status

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
FOLDER_MODE = stat.S_IFDIR | 0o750


@contextmanager
def opened(root: Path, folder: str | None) -> Iterator[int]:
    """A descriptor of `root`/`folder`, or of `root` itself."""
    base = os.open(root, _FOLDER)
    try:
        if folder is None:
            yield base
            return
        inner = os.open(folder, _FOLDER, dir_fd=base)
        try:
            yield inner
        finally:
            os.close(inner)
    finally:
        os.close(base)


def regular(folder: int, name: str) -> os.stat_result | None:
    """The stat result of a regular file; None for anything else."""
    try:
        known = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return known if stat.S_ISREG(known.st_mode) else None


def open_regular(folder: int, name: str, flags: int) -> int:
    """Open an existing file. Raises Denied when there is none, or it is not a regular file."""
    if regular(folder, name) is None:
        raise Denied(Status.NO_SUCH_FILE, "There is no such file.")
    try:
        descriptor = os.open(name, flags | _FILE, dir_fd=folder)
    except FileNotFoundError:
        raise Denied(Status.NO_SUCH_FILE, "There is no such file.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Denied(Status.NO_SUCH_FILE, "There is no such file.")
    return descriptor


def create(folder: int, name: str) -> int:
    """Create a new file of our own under a name that was free or belonged to an older file."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | _FILE, 0o600, dir_fd=folder)


def unlink(folder: int, name: str) -> bool:
    """Remove a regular file; False when there is none."""
    if regular(folder, name) is None:
        return False
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def rename_new(folder: int, old: str, new: str) -> bool:
    """Rename within a folder, durably; False where anything has the new name. Raises FileNotFoundError."""
    try:
        durable.rename_new(folder, old, folder, new)
    except FileExistsError:
        return False
    durable.sync(folder)
    return True


def write_all(descriptor: int, content: bytes, offset: int) -> None:
    """Write all of `content` at `offset`."""
    done = os.pwrite(descriptor, content, offset)
    while done < len(content):
        done += os.pwrite(descriptor, content[done:], offset + done)


def scan(folder: int) -> Generator[tuple[str, os.stat_result]]:
    """Every regular file of a folder. Names that are not valid text are left out."""
    # A new descriptor for the folder: copies of one descriptor share their position in the listing.
    again = os.open(".", _FOLDER, dir_fd=folder)
    try:
        with os.scandir(again) as entries:
            for entry in entries:
                known = regular(folder, entry.name)
                if known is not None:
                    yield entry.name, known
    finally:
        os.close(again)


def date(known: os.stat_result) -> int:
    """The date of a file, limited to what the protocol can express: seconds from 1970 to 2106."""
    return min(max(int(known.st_mtime), 0), 0xFFFFFFFF)


def attributes(known: os.stat_result, *, writable: bool) -> Attributes:
    """The attributes of a file that a client sees."""
    return Attributes(known.st_size, stat.S_IFREG | (0o640 if writable else 0o440), date(known))


def sentence(error: OSError) -> Denied:
    """The answer to a client when the disk refuses."""
    match error:
        case FileNotFoundError():
            return Denied(Status.NO_SUCH_FILE, "There is no such file.")
        case PermissionError():
            return Denied(Status.PERMISSION_DENIED, "This is not allowed here.")
        case _:
            return Denied(Status.FAILURE, "The exchange cannot do this now; try again later, or tell its operator.")
