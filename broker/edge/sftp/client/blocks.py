"""Blocks of a file that goes over SFTP: many are under way at once, and the ends of both sides are compared.

Promises: a block comes whole, or EOFError is raised.
"""

from collections.abc import Iterator
from typing import BinaryIO

import paramiko

BLOCK = 32 * 1024
WINDOW = 2 * 1024 * 1024  # bytes under way at once
AGREED = 64 * 1024  # bytes at the end of a broken transfer that must be the same on both sides to resume


def size_of(sftp: paramiko.SFTPClient, path: str) -> int | None:
    """The size of a remote file in bytes; None where there is none."""
    try:
        return sftp.stat(path).st_size or 0
    except FileNotFoundError:
        return None


def blocks(remote: paramiko.SFTPFile, start: int, end: int) -> Iterator[bytes]:
    """A remote file from `start` to `end`, in blocks, many of which are under way at once. Raises EOFError."""
    for window in range(start, end, WINDOW):
        wanted = [(at, min(BLOCK, end - at)) for at in range(window, min(window + WINDOW, end), BLOCK)]
        for (_, count), content in zip(wanted, remote.readv(wanted), strict=True):
            if len(content) != count:
                raise EOFError
            yield content


def agree(remote: paramiko.SFTPFile, local: BinaryIO, size: int) -> bool:
    """Whether the last bytes of the first `size` ones are the same on both sides."""
    start = max(0, size - AGREED)
    local.seek(start)
    return local.read(size - start) == b"".join(blocks(remote, start, size))


def push(remote: paramiko.SFTPFile, content: bytes) -> None:
    """Write with one round trip: the last block waits for the answers to all earlier blocks, and raises their
    errors."""
    last = (len(content) - 1) // BLOCK * BLOCK
    remote.set_pipelined(True)
    remote.write(content[:last])
    remote.set_pipelined(False)
    remote.write(content[last:])
