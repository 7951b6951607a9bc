"""What was set aside from outboxes: counted, and removed piece by piece.

Owns the walk through folders that an LEA has made: they may be deep, wide or closed, and may change meanwhile.
Promises: no link is followed; a deep folder costs no more than a flat one (its content is moved up first); one call
looks at, or removes, only a bounded number of entries; what the exchange may not remove stays, and is no failure.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from broker.edge.home.folders import tracking_id

_COUNTED = 1_000  # at most so many entries of one thing are counted
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Thing(NamedTuple):
    """Something that was set aside, or a folder that was in it. `tracking` is the packet's; files and bytes are counted
    up to the bound; `at` is when it came (seconds since 1970), 0 for something whose removal has begun."""

    name: str
    tracking: str
    files: int
    size: int
    at: float


class Quarantine:
    """The folder as last seen: each thing is counted once, because nobody adds to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Thing] = {}

    def things(self) -> list[Thing]:
        """All things in it, in no order."""
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
        """Remove a thing, at most `most` entries of it; returns how many. The rest is counted again at the next
        look."""
        left, todo = most, [thing.name]
        here = os.open(self._path, _FOLDER)
        try:
            while todo and left > 0:
                name = todo.pop()
                self._known.pop(name, None)
                left -= 1
                with suppress(FileNotFoundError, PermissionError):  # what the exchange may not remove stays
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
    """Remove it unless it is a folder; returns whether it was removed."""
    try:
        os.unlink(name, dir_fd=here)
    except IsADirectoryError:
        return False
    return True


def _emptied(here: int, name: str, tracking: str, todo: list[str]) -> Iterator[None]:
    """Remove a folder's content, entry by entry; folders in it are moved up beside it, to be removed next."""
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
    """Files and bytes of a folder, up to the bound."""
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
