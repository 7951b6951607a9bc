"""Files that commands read, and files that they write.

Promises: what is read is bounded; what is written is whole or absent; every failure is one sentence that names the
file, and nothing in it.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from broker.edge.home import durable
from broker.terminal.common import fail


def read(path: Path, most: int, remedy: str = "split it") -> bytes:
    """A file's bytes, at most `most`; `remedy` says what to do if it has more."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}.")
    if len(content) > most:
        fail(f"{path} is larger than {most} bytes, the most that the exchange takes; {remedy}.")
    return content


@contextmanager
def created(path: Path) -> Iterator[TextIO]:
    """A text file with mode 0600 that gets its name, replacing a former file, when it is complete."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(fd, "w", encoding="utf-8", newline="") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}.")


def write_new(path: Path, content: bytes, mode: int) -> None:
    """Write a new file, whole or not at all; never over another."""
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _write_new(folder, path.name, content, mode)
        finally:
            os.close(folder)
    except FileExistsError:
        fail(f"{path} is already there; move it away, or choose another name with --out.")
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}.")


def _write_new(folder: int, name: str, content: bytes, mode: int) -> None:
    temporary = f".{name}.{os.getpid()}.tmp"
    descriptor = durable.create_at(folder, temporary, mode)
    try:
        try:
            durable.write_all(descriptor, content)
            durable.sync(descriptor)
        finally:
            os.close(descriptor)
        durable.rename_new(folder, temporary, folder, name)
    except BaseException:
        os.unlink(temporary, dir_fd=folder)
        raise
    durable.sync(folder)
