"""How a command begins and ends: its arguments are text, its output can be written, and its errors are one sentence.

Owns the sentences for what the system refuses (a full disk, a folder where a file was expected). Promises: an
unforeseen error is shown by its kind only, because its text may contain data; no argument, file or output causes a
traceback.
"""

import errno
import os
import sys
from collections.abc import Mapping, Sequence

from broker.core.errors import BrokerError, OperatorError

INTERRUPTED = 130  # as shells use it for Ctrl-C

_WHAT: Mapping[int, str] = {
    errno.ENOSPC: "the disk is full; make room and try again",
    errno.EDQUOT: "your share of the disk is used up; make room and try again",
    errno.EFBIG: "it would be larger than files may be here",
    errno.EROFS: "it lies on a disk that may only be read",
    errno.EACCES: "this account may not do that there; see who owns it, and its mode",
    errno.EPERM: "this account may not do that there; see who owns it, and its mode",
    errno.ENOENT: "there is nothing of this name; check the path",
    errno.ENOTDIR: "a part of the path is no folder; check the path",
    errno.EISDIR: "that is a folder, and a file is meant",
    errno.EEXIST: "there is something of this name already; choose another one",
    errno.ENOTEMPTY: "the folder is not empty",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "its links lead in a circle",
    errno.EINVAL: "the system does not take this name or file",
    errno.EXDEV: "it lies on another disk",
    errno.EBUSY: "another program uses it",
    errno.ETXTBSY: "another program uses it",
    errno.EIO: "the disk cannot be read or written; see the system's log",
    errno.ESTALE: "its mount is not what it was; mount it again",
    errno.ENOTCONN: "its mount has no connection; mount it again",
    errno.ETIMEDOUT: "it does not answer",
    errno.EMFILE: "too many files are open; raise the limit (ulimit -n)",
    errno.ENFILE: "too many files are open on this machine",
    errno.ENOMEM: "the machine has no memory left",
    errno.EAGAIN: "the machine has no more processes or memory to give",
    errno.ECONNREFUSED: "nothing listens there",
    errno.EADDRINUSE: "the address is used by another program",
}


def no_text(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """The sentence about an argument, or a home, that is not text (bytes that are not UTF-8); '' where all are text."""
    for number, argument in enumerate(arguments, 1):
        if not _is_text(argument):
            return f"Argument {number} ({shown(argument)}) is no UTF-8 text: type it again, or rename the file first."
    home = environment.get("SATCHEL_HOME", "")
    return "" if _is_text(home) else f"SATCHEL_HOME ({shown(home)}) is no UTF-8 text: rename the folder."


def _is_text(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(text: str) -> str:
    """A name for use in a sentence: one line, printable, not too long."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return clean if len(clean) <= 200 else f"{clean[:200]}…"


def open_output() -> None:
    """Make sure that there is output to write to, and that no terminal's character set makes writing fail."""
    was_closed = sys.stdout is None
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:  # closed by the parent process
            _occupy(number)
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115
        getattr(sys, name).reconfigure(errors="backslashreplace")
    if was_closed:
        raise OperatorError("The output is closed (>&-), so that nothing can be shown; give it somewhere to go.")


def _occupy(number: int) -> None:
    """Occupy the number, so that no file opened later, such as a database, gets the number that others use for
    output."""
    try:
        os.fstat(number)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if nowhere != number:
            os.dup2(nowhere, number)
            os.close(nowhere)


def give_up_output() -> None:
    """Discard the rest of the output, because nobody reads it or it cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def sentence(error: BaseException) -> str:
    """The sentence that a user reads. An unforeseen error may contain data in its text, so only its kind is shown."""
    if isinstance(error, OperatorError | BrokerError):
        return str(error)
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, MemoryError):
        return "The machine has no memory left for this; free some, or give less at once."
    return f"Satchel failed in a way it should not ({type(error).__name__}). Set SATCHEL_DEBUG=1 to see where."


def _of_system(error: OSError) -> str:
    what = _WHAT.get(error.errno or 0) or (error.strerror or type(error).__name__)
    if not isinstance(error.filename, str | bytes):
        return f"{what[:1].upper()}{what[1:]}."
    return f"{shown(os.fsdecode(error.filename))}: {what}."
