"""A file that is opened several times, by several processes, and must not have changed between.

Owns what tells a file from another one. Promises: what is no ordinary file is not opened (a pipe or a device could give
bytes without end).
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class NoFile(OSError):
    """The path is no ordinary file."""


class Changed(OSError):
    """The file is another one than before."""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """An ordinary file. Raises OSError, NoFile among them, with the file's name."""
    known = path.stat()
    if stat.S_ISDIR(known.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(known.st_mode):
        raise NoFile(errno.EINVAL, "no ordinary file", str(path))
    try:
        with open(os.open(path, _FLAGS), "rb") as file:
            yield file
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def identity(file: BinaryIO) -> list[int]:
    """What tells a file from another one, and from itself as it was before, as plain data."""
    found = os.fstat(file.fileno())
    return [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns]


@contextmanager
def again(path: Path, was: Sequence[int]) -> Iterator[BinaryIO]:
    """The file whose identity this was. Raises OSError, Changed among them."""
    with opened(path) as file:
        if identity(file) != list(was):
            raise Changed(errno.ESTALE, "it was changed while it was read", str(path))
        yield file
