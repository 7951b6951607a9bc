"""Where an SFTP client may go: /outbox /inbox /receipts /directory /README.txt /OUTBOX-WAITS.txt, and nothing else.

Owns the virtual tree's shape, the rights in each folder and the names of unfinished uploads. Promises: a client's path
is resolved as text alone (the disk is not asked, so no link can lead elsewhere), and a path that does not end at one of
these places does not exist. Pure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from broker.edge.home.file_names import UPLOADING, is_printable, is_unfinished
from broker.edge.sftp.server.wire import Denied, Status


class Folder(StrEnum):
    """The folders of an LEA."""

    OUTBOX = "outbox"
    INBOX = "inbox"
    RECEIPTS = "receipts"
    DIRECTORY = "directory"


_FOLDERS = frozenset(Folder)
PAGES = ("README.txt", "OUTBOX-WAITS.txt")  # readable files beside the folders
REMOVABLE = frozenset({Folder.OUTBOX, Folder.INBOX, Folder.RECEIPTS})

HIDDEN = UPLOADING  # an upload to `x` is `.satchel-upload.x` on disk until it is complete
NAME_BYTES = 255 - len(HIDDEN)
PATH_BYTES = 4096
NAMES_BESIDE = 1000

_TAKEN_AWAY = re.compile(r"\.[0-9a-f]{16}\.taken")  # files that intake is removing right now


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the tree: the root (no folder, no name), a page such as README.txt, a folder (no name), or a file in a
    folder."""

    folder: Folder | None = None
    name: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether this is the root or one of the four folders."""
        return not self.name


def _nothing() -> Denied:
    return Denied(Status.NO_SUCH_FILE, "There is no such file; the folders are outbox, inbox, receipts and directory.")


def is_name(name: str) -> bool:
    """Whether a client may see or create a file with this name."""
    return (
        is_printable(name)
        and "/" not in name
        and name not in {"", ".", ".."}
        and len(name.encode()) <= NAME_BYTES
        and not name.startswith(HIDDEN)
        and not _TAKEN_AWAY.fullmatch(name)
    )


def why_not(name: str) -> str:
    """What is wrong with a name that `is_name` refuses, and what to do; it does not repeat the name."""
    if len(name.encode()) > NAME_BYTES:
        return (
            f"The file's name is too long: it may have {NAME_BYTES} bytes, and a letter with an accent counts for"
            " two or more. Give it a shorter name."
        )
    if not is_printable(name):
        return "The file's name has characters that cannot be shown. Rename it with plain letters, digits and dashes."
    return "Names that begin like this one belong to the exchange. Give the file another name."


def parts(path: bytes) -> list[str]:
    """A client's path without `.`, `..` and empty parts; `..` at the root stays there. Raises Denied."""
    if len(path) > PATH_BYTES or b"\0" in path:
        raise _nothing()
    text = _text(path)
    kept: list[str] = []
    for part in text.split("/"):
        if part == "..":
            del kept[-1:]
        elif part not in {"", "."}:
            kept.append(part)
    return kept


def _text(path: bytes) -> str:
    """UTF-8, or the encoding of an old Windows or Mac program: no name is refused for its letters."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return path.decode(encoding)
        except UnicodeDecodeError:
            continue
    return path.decode("latin-1")


def canonical(path: bytes) -> str:
    """The path in the form that the client should show."""
    return "/" + "/".join(parts(path))


def resolve(path: bytes, *, is_new: bool = False) -> Place:
    """The place that a client's path names. Raises Denied: NO_SUCH_FILE for everything outside the tree; with `is_new`,
    for a file to be created, FAILURE for a name that is not allowed, PERMISSION_DENIED for another place."""
    match parts(path):
        case []:
            return Place()
        case [only] if only in PAGES:
            return Place(None, only)
        case [folder] if folder in _FOLDERS:
            return Place(Folder(folder))
        case [folder, name] if folder in _FOLDERS and is_name(name):
            return Place(Folder(folder), name)
        case [Folder.OUTBOX, name]:
            raise Denied(Status.FAILURE if is_new else Status.NO_SUCH_FILE, why_not(name))
        case _ if is_new:
            raise Denied(
                Status.PERMISSION_DENIED, "Files can be put into outbox only, and not into a folder within it."
            )
        case _:
            raise _nothing()


def is_temporary(name: str) -> bool:
    """Whether the client itself will rename this name when it is done."""
    return is_unfinished(name)


def resting(name: str) -> str:
    """The name on disk of a file that is not complete yet; intake ignores it."""
    return name if is_unfinished(name) else HIDDEN + name


def published(name: str) -> str:
    """The name on disk once the client has closed or renamed the file to `name`."""
    return resting(name) if is_temporary(name) else name


def shown(stored: str) -> str:
    """The client's name for a file on disk."""
    return stored.removeprefix(HIDDEN)


def beside(name: str, most: int) -> Iterator[str]:
    """Names for a file whose own name is taken, at most `most` characters long: for `x.pgp` `x.again2.pgp`,
    `x.again3.pgp` and so on. The addition comes before the endings, which say what a file is
    (`REQ_01_20261123_1.again2.csv.pgp`)."""
    stem, dot, endings = name.partition(".")
    for n in range(2, NAMES_BESIDE + 2):
        ending = f".again{n}{dot}{endings}"
        short = stem[: max(most - len(ending), 1)]
        while len(short) > 1 and len((short + ending).encode()) > NAME_BYTES:
            short = short[:-1]
        yield short + ending
