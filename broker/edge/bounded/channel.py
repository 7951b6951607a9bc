"""What a warden and its ward share: memory with the tasks, one number, and a socket for the answers.

Owns the form of all three. Promises: tasks are in memory without a name (memfd), never on a disk, and are not copied
into the ward; a ward's answers are read as bytes and numbers only, and none is longer than the warden allows.
"""

import itertools
import os
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

Buffer = bytes | bytearray | memoryview
GO = struct.Struct("<QI")  # the number of the first task, and how many there are
FRAME = struct.Struct("<QcI")  # the number of the task, the kind of the answer, and its length
NUMBER = struct.Struct("<Q")
_PLACE = struct.Struct("<QQ")
RESULT, NO_MEMORY, END = b"r", b"m", b"e"
MOST_TASKS = 256
_AT_ONCE = 16 * 1024 * 1024
TABLE = _PLACE.size * (1 + 2 * MOST_TASKS)


class Task(NamedTuple):
    """One task: a head that says how to work it, and the bytes to be worked."""

    head: Buffer
    body: Buffer


def capacity(largest: int) -> int:
    """The size of shared memory, in bytes, for tasks of which the largest has this size."""
    return largest + TABLE + 64 * 1024 * 1024


def put(arena: int, size: int, common: Buffer, tasks: Sequence[Task]) -> int:
    """Write the tasks into the shared memory; returns how many bytes of it are used. Raises OSError where they do not
    fit."""
    pieces = [common, *(piece for task in tasks for piece in task)]
    ends = list(itertools.accumulate(map(len, pieces), initial=TABLE))
    if len(tasks) > MOST_TASKS or ends[-1] > size:
        raise OSError(f"{len(tasks)} tasks do not fit into {size} bytes")
    table = b"".join(_PLACE.pack(at, len(piece)) for at, piece in zip(ends, pieces, strict=False))
    if ends[-1] <= _AT_ONCE:
        _write(arena, b"".join((table.ljust(TABLE, b"\0"), *pieces)), 0)
    else:  # large pieces are not copied a second time
        for at, piece in ((0, table), *zip(ends, pieces, strict=False)):
            _write(arena, piece, at)
    return ends[-1]


def empty(arena: int, size: int) -> None:
    """Free the content of the shared memory."""
    os.ftruncate(arena, 0)
    os.ftruncate(arena, size)


def _write(arena: int, piece: Buffer, at: int) -> None:
    rest = memoryview(piece)
    while rest:
        done = os.pwrite(arena, rest, at)
        rest, at = rest[done:], at + done


def get(arena: memoryview, count: int) -> tuple[memoryview, list[Task]]:
    """The part that all these tasks have in common, and the tasks, as views into the shared memory."""
    places = [_PLACE.unpack_from(arena, _PLACE.size * number) for number in range(1 + 2 * count)]
    common, *pieces = (arena[at : at + length] for at, length in places)
    return common, [Task(*pair) for pair in zip(pieces[::2], pieces[1::2], strict=True)]


class Frames:
    """Reads answers from the pieces, of any size, that a socket delivers."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = bytearray()

    def feed(self, piece: bytes) -> Iterator[tuple[int, bytes, bytes]]:
        """Number, kind and content of each answer that is complete now. Raises ValueError for one that is too long."""
        self._held += piece
        while len(self._held) >= FRAME.size:
            number, kind, length = FRAME.unpack_from(self._held)
            if length > self._most:
                raise ValueError("an answer is too long")
            end = FRAME.size + length
            if len(self._held) < end:
                return
            content = bytes(memoryview(self._held)[FRAME.size : end])
            del self._held[:end]
            yield number, kind, content
