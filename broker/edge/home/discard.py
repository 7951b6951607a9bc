"""Removes a finished file from an outbox, but never another file that has its name by now.

Owns the names under which files are hidden while they are removed. Promises: a file that a sender puts under the same
name at that moment is never lost; what a crash leaves hidden is shown again.
"""

import errno
import os
import re
import secrets

from broker.edge.home import durable
from broker.edge.home.readiness import Found, without_change_time

_GONE = frozenset({errno.ENOENT, errno.ESTALE})
_DISCARDED = re.compile(r"\.([0-9a-f]{16})\.taken")
_SHOWN_AGAIN = "recovered-"


def found(name: str, entry: os.stat_result) -> Found:
    """An ordinary file, as described by its stat result."""
    return Found(name, entry.st_size, entry.st_mtime_ns, entry.st_ino, entry.st_dev, entry.st_ctime_ns)


def lstat(folder: int, name: str) -> os.stat_result | None:
    """The stat result of a name; None if nothing has it."""
    try:
        return os.lstat(name, dir_fd=folder)
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise


def mark(folder: int, name: str) -> str | None:
    """The source mark of the entry with this name; None if there is none."""
    entry = lstat(folder, name)
    return None if entry is None else found(name, entry).source_mark


def is_shown_again(name: str) -> bool:
    """Whether a file has a name that this module gives: it may have been taken in under another one."""
    return name.startswith(_SHOWN_AGAIN)


def discard(folder: int, name: str, source_mark: str) -> bool:
    """Remove a file, unless another file has its name by now; returns whether it was removed."""
    if mark(folder, name) != source_mark:
        return False
    # Hidden first and checked again: a sender may put a new file under this name between a check and an unlink.
    token = secrets.token_hex(8)
    hidden = f".{token}.taken"
    try:
        os.rename(name, hidden, src_dir_fd=folder, dst_dir_fd=folder)
    except FileNotFoundError:
        return False
    after = os.lstat(hidden, dir_fd=folder)
    if without_change_time(found(name, after).source_mark) == without_change_time(source_mark):
        os.unlink(hidden, dir_fd=folder)
        return True
    try:
        durable.rename_new(folder, hidden, folder, name)
    except FileExistsError:
        durable.rename_new(folder, hidden, folder, f"{_SHOWN_AGAIN}{token}")
    return False


def show_again(folder: int) -> int:
    """Show again the files that a crash hid in the middle of a discard; returns how many. A file under the recovered
    name was planted there; then a random name is used, and both files are taken in."""
    shown = 0
    with os.scandir(folder) as entries:
        for hidden in [one for entry in entries if (one := _DISCARDED.fullmatch(entry.name))]:
            try:
                durable.rename_new(folder, hidden[0], folder, f"{_SHOWN_AGAIN}{hidden[1]}")
            except FileExistsError:
                durable.rename_new(folder, hidden[0], folder, f"{_SHOWN_AGAIN}{secrets.token_hex(8)}")
            shown += 1
    return shown
