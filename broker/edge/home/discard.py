"""A dealt-with file goes out of an outbox, and nothing else that has its name by now.

Owns the names under which files are hidden while they go. Promises: what a sender puts under the name in the very
moment is never lost; what a crash leaves hidden is shown again.
"""

import errno
import os
import re
import secrets

from broker.edge.home import durable
from broker.edge.home.readiness import Found

_GONE = frozenset({errno.ENOENT, errno.ESTALE})
_DISCARDED = re.compile(r"\.([0-9a-f]{16})\.taken")


def found(name: str, entry: os.stat_result) -> Found:
    """An ordinary file, by what the system says of it."""
    return Found(name, entry.st_size, entry.st_mtime_ns, entry.st_ino, entry.st_dev, entry.st_ctime_ns)


def lstat(folder: int, name: str) -> os.stat_result | None:
    """What the system says of a name; None if nothing has it."""
    try:
        return os.lstat(name, dir_fd=folder)
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise


def mark(folder: int, name: str) -> str | None:
    """The source mark of what has this name; None if nothing has it."""
    entry = lstat(folder, name)
    return None if entry is None else found(name, entry).source_mark


def _but_change_time(mark: str) -> str:
    """A rename sets it, ours too."""
    return mark.rpartition(":")[0]


def discard(folder: int, name: str, source_mark: str) -> bool:
    """Remove a file, unless it is another one by now; whether it was removed."""
    if mark(folder, name) != source_mark:
        return False
    # Hidden first and looked at again: a sender may put a new file under this name between a look and an unlink.
    token = secrets.token_hex(8)
    hidden = f".{token}.taken"
    try:
        os.rename(name, hidden, src_dir_fd=folder, dst_dir_fd=folder)
    except FileNotFoundError:
        return False
    after = os.lstat(hidden, dir_fd=folder)
    if _but_change_time(found(name, after).source_mark) == _but_change_time(source_mark):
        os.unlink(hidden, dir_fd=folder)
        return True
    try:
        durable.rename_new(folder, hidden, folder, name)
    except FileExistsError:
        durable.rename_new(folder, hidden, folder, f"recovered-{token}")
    return False


def show_again(folder: int) -> int:
    """Show again what a crash hid in the middle of a discard; how many files. What stands in the way of one was planted
    there; that keeps neither from being taken in."""
    shown = 0
    with os.scandir(folder) as entries:
        for hidden in [one for entry in entries if (one := _DISCARDED.fullmatch(entry.name))]:
            try:
                durable.rename_new(folder, hidden[0], folder, f"recovered-{hidden[1]}")
            except FileExistsError:
                durable.rename_new(folder, hidden[0], folder, f"recovered-{secrets.token_hex(8)}")
            shown += 1
    return shown
