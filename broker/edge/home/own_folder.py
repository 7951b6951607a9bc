"""A folder for sockets in a place where everybody may make folders, such as /tmp.

Owns how it is made and known as one's own. Promises: it is made in one step with mode 0700; what stands there already
is used only if it is a folder and no link, belongs to the user of this process, and is open to nobody else; and only
where nobody else can take it away and put another one there. Whoever puts something else there gets nothing but that
the exchange does not start.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

from broker.core.errors import OperatorError

_MODE = 0o700


def make(path: Path) -> None:
    """Make the folder, or find it one's own. Raises OperatorError, OSError."""
    with suppress(FileExistsError):
        path.mkdir(mode=_MODE)
    check(path)


def check(path: Path) -> None:
    """Whether the folder may be used, if it is there. Raises OperatorError."""
    try:
        found, around = path.lstat(), path.parent.stat()
    except FileNotFoundError:
        return
    what = _what_is_wrong(found, around)
    if what:
        raise OperatorError(
            f"{path}, in which the exchange's Redis has its socket, {what}: somebody else may have made it. Have it"
            " removed, or give the home a path of fewer than 80 characters."
        )


def _what_is_wrong(found: os.stat_result, around: os.stat_result) -> str:
    if not stat.S_ISDIR(found.st_mode):
        return "is no folder"
    if found.st_uid != os.geteuid():
        return "belongs to another user"
    if stat.S_IMODE(found.st_mode) != _MODE:
        return "is not of mode 0700"
    is_shared = around.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not around.st_mode & stat.S_ISVTX
    return "can be taken away by others, for the folder around it has no sticky bit" if is_shared else ""
