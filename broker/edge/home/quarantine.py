"""What was set aside from outboxes: counted, and removed piece by piece.

Owns the walk through folders that an LEA has made: they may be deep, wide or closed, and may change meanwhile.
Promises: no link is followed; a folder costs no more for being deep (what is in it is brought up first); no more than
so many entries are looked at, or removed, at once; what the exchange may not remove stays, and is no failure.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from broker.edge.home.folders import tracking_id

_COUNTED = 1_000  # entries of one thing, and no more
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Thing(NamedTuple):
    """Something that was set aside, or a folder that was in it. `tracking` is the packet's; files and bytes are counted
    as far as that goes; `at` is when it came (seconds since 1970), 0 for what was begun to be removed."""

    name: str
    tracking: str
    files: int
    size: int
    at: float


class Quarantine:
    """The folder, as it was seen: each thing is counted once, for nobody adds to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Thing] = {}

    def things(self) -> list[Thing]:
        """All of it, in no order."""
        with os.scandir(self._path) as entries:
            found = {entry.name: self._known.get(entry.name) or self._thing(entry) for entry in entries}
        self._known = {name: one for name, one in found.items() if one is not None}
        return list(self._known.values())

    def _thing(self, entry: "os.DirEntry[str]") -> Thing | None:
        try:
            tracking, known = tracking_id(entry.name.partition(".")[0]), entry.stat(follow_symlinks=False)
        except (FileNotFoundError, ValueError):
            return None
        files, size = _within(entry.path) if entry.is_dir(follow_symlinks=False) else (1, known.st_size)
        is_begun = entry.name != tracking
        return Thing(entry.name, tracking, files, size, 0.0 if is_begun else known.st_ctime)

    def remove(self, thing: Thing, most: int) -> int:
        """Remove it, by so many entries at most; how many it was. What is left is seen again as it is then."""
        left, todo = most, [thing.name]
        here = os.open(self._path, _FOLDER)
        try:
            while todo and left > 0:
                name = todo.pop()
                self._known.pop(name, None)
                left -= 1
                with suppress(FileNotFoundError, PermissionError):  # what may not be removed stays
                    if _unlinked(here, name):
                        continue
                    for _ in _emptied(here, name, thing.tracking, todo):
                        left -= 1
                        if left <= 0:
                            return most
                    with suppress(OSError):  # something in it may not be removed, or came meanwhile
                        os.rmdir(name, dir_fd=here)
        finally:
            os.close(here)
        return most - left


def _unlinked(here: int, name: str) -> bool:
    """Whether it was no folder, and is gone."""
    try:
        os.unlink(name, dir_fd=here)
    except IsADirectoryError:
        return False
    return True


def _emptied(here: int, name: str, tracking: str, todo: list[str]) -> Iterator[None]:
    """Remove what is in a folder, entry by entry; folders in it are brought up beside it, to be done next."""
    folder = os.open(name, _FOLDER, dir_fd=here)
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError, PermissionError):
                    if not _unlinked(folder, entry.name):
                        up = f"{tracking}.{os.urandom(8).hex()}"
                        os.rename(entry.name, up, src_dir_fd=folder, dst_dir_fd=here)
                        todo.append(up)
                yield
    finally:
        os.close(folder)


def _within(folder: str) -> tuple[int, int]:
    """Files and bytes of a folder, as far as they are counted."""
    files, size, todo = 1, 0, [folder]
    while todo and files < _COUNTED:
        with suppress(OSError), os.scandir(todo.pop()) as entries:
            for entry in entries:
                files += 1
                if entry.is_dir(follow_symlinks=False):
                    todo.append(entry.path)
                else:
                    size += entry.stat(follow_symlinks=False).st_size
                if files >= _COUNTED:
                    break
    return files, size
