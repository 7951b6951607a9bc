"""A folder for sockets in a place where everybody may create folders, such as /tmp.

Owns how it is created and recognised. Promises: it is created in one step with mode 0700; an existing one is used only
if it is a folder and no link, belongs to this process's user and is closed to all others; and only where nobody else
can remove it and put another one there. An attacker who puts something else there can only keep the exchange from
starting.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

from broker.core.errors import OperatorError

_MODE = 0o700


def make(path: Path) -> None:
    """Create the folder, or check an existing one. Raises OperatorError, OSError."""
    with suppress(FileExistsError):
        path.mkdir(mode=_MODE)
    check(path)


def check(path: Path) -> None:
    """Check that the folder may be used, if it exists. Raises OperatorError."""
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
