"""What one LEA's session may do in its tree: list, read, remove; uploads go to the shared `Outbox`.

Owns the rights of each folder and the notice that an inbox file was collected. Promises: an LEA reaches only its own
four folders and the pages beside them; `collected` gets "sftp-read" only when every byte was sent and the client closed
the file itself, "sftp-removed" only when the client removed it; no name of an outbox file leaves this module.
"""

import os
import re
from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol

from broker.core.days.state_time import StateTime
from broker.edge.sftp.paths import PAGES, REMOVABLE, Folder, Place, is_name, is_temporary
from broker.edge.sftp.server import files as files
from broker.edge.sftp.server.handles import Download, Handle, Tallies, Tally
from broker.edge.sftp.server.outbox import Outbox
from broker.edge.sftp.server.wire import Attributes, Denied, Entry, Flag, Status

_TRACKING = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CHANGES = Flag.WRITE | Flag.APPEND | Flag.CREATE | Flag.TRUNCATE


class Host(Protocol):
    """The exchange behind the server. Called from many threads at once."""

    @property
    def time(self) -> StateTime:
        """The zone for the times of files."""

    def authorized_keys(self, lea: str) -> Sequence[str]:
        """The OpenSSH public key lines of an LEA; none when there is no such LEA."""

    def root(self, lea: str) -> Path:
        """The folder that holds outbox, inbox, receipts, directory and README.txt of a known LEA."""

    def collected(self, lea: str, name: str, how: str) -> None:
        """An inbox file was sent to its last byte ("sftp-read") or is removed now ("sftp-removed").

        Both can come for one file, and each more than once. May raise Deferred: the client is told to try again.
        """

    def read_whole(self, lea: str, name: str) -> None:
        """The last byte of an inbox file is about to be sent, whether or not its client ever closes the file. May raise
        Deferred: then the byte is not sent, and the client is told to try again."""


def tracking(name: str) -> str:
    """The tracking id in a file name of inbox or receipts, for the log; "-" when there is none."""
    found = _TRACKING.match(name)
    return found.group() if found else "-"


def _forbidden(sentence: str) -> Denied:
    return Denied(Status.PERMISSION_DENIED, sentence)


def _missing() -> Denied:
    return Denied(Status.NO_SUCH_FILE, "There is no such file.")


class Tree:
    """One LEA's files. Methods raise Denied, Deferred, and OSError when the disk refuses."""

    def __init__(self, lea: str, root: Path, outbox: Outbox, tallies: Tallies, host: Host) -> None:
        self._lea = lea
        self._root = root
        self._outbox = outbox
        self._tallies = tallies
        self._host = host
        self.time = host.time

    def open(self, place: Place, flags: int) -> Handle:
        """Open a file for reading, or a file of outbox for writing."""
        if place.is_folder:
            raise Denied(Status.FAILURE, "This is a folder.")
        if flags & _CHANGES:
            if place.folder is not Folder.OUTBOX:
                raise _forbidden("Files can be put into outbox only.")
            return self._outbox.open(place.name, flags)
        if place.folder is Folder.OUTBOX:
            return Download(self._outbox.read(place.name), Tally(), lambda _: None)
        self._check_seen(place)
        with files.opened(self._root, place.folder) as folder:
            descriptor = files.open_regular(folder, place.name, os.O_RDONLY)
        tally = self._tallies.of(f"{place.folder}/{place.name}", descriptor)
        return Download(descriptor, tally, lambda whole: self._read(place, tally, whole), lambda: self._last(place))

    def _last(self, place: Place) -> None:
        if place.folder is Folder.INBOX:
            self._host.read_whole(self._lea, place.name)

    def _read(self, place: Place, tally: Tally, whole: bool) -> None:
        if whole and place.folder is Folder.INBOX and not tally.is_told:
            self._host.collected(self._lea, place.name, "sftp-read")
            tally.is_told = True

    def list(self, place: Place) -> Generator[Entry]:
        """The entries of a folder, read as the caller asks for them."""
        if not place.is_folder:
            raise Denied(Status.FAILURE, "This is not a folder.")
        if place.folder is None:
            return self._list_root()
        return self._outbox.list() if place.folder is Folder.OUTBOX else self._list(place.folder)

    def _list_root(self) -> Generator[Entry]:
        for folder in Folder:
            with suppress(FileNotFoundError):  # a mount that is down must not hide the rest
                yield Entry(folder, self.stat(Place(folder)))
        with files.opened(self._root, None) as root:
            known = {page: files.regular(root, page) for page in PAGES}
        for page, found in known.items():
            if found is not None:
                yield Entry(page, files.attributes(found, writable=False))

    def _list(self, folder: Folder) -> Generator[Entry]:
        with files.opened(self._root, folder) as opened, closing(files.scan(opened)) as found:
            for name, known in found:
                if is_name(name) and not is_temporary(name):
                    yield Entry(name, files.attributes(known, writable=False))

    def stat(self, place: Place) -> Attributes:
        """Size, mode and date of a file or folder."""
        if place.is_folder:
            with files.opened(self._root, place.folder) as folder:
                return Attributes(mode=files.FOLDER_MODE, mtime=files.date(os.fstat(folder)))
        if place.folder is Folder.OUTBOX:
            return self._outbox.stat(place.name)
        self._check_seen(place)
        with files.opened(self._root, place.folder) as folder:
            known = files.regular(folder, place.name)
        if known is None:
            raise _missing()
        return files.attributes(known, writable=False)

    def set(self, place: Place, wanted: Attributes) -> None:
        """Accept dates and rights without keeping them; a size only shortens an unfinished upload."""
        if place.folder is not Folder.OUTBOX or place.is_folder:
            raise _forbidden("Only files in outbox can be changed.")
        if wanted.size is None:
            self._outbox.stat(place.name)
        else:
            self._outbox.truncate(place.name, wanted.size)

    def remove(self, place: Place) -> None:
        """Remove a file. Removing it from the inbox means that it is collected."""
        if place.is_folder or place.folder not in REMOVABLE:
            raise _forbidden("Only files can be removed, from outbox, inbox and receipts.")
        if place.folder is Folder.OUTBOX:
            self._outbox.remove(place.name)
            return
        self._check_seen(place)
        with files.opened(self._root, place.folder) as folder:
            if files.regular(folder, place.name) is None:
                raise _missing()
            # Noted first: if the note fails nothing has changed, and the client tries again.
            if place.folder is Folder.INBOX:
                self._host.collected(self._lea, place.name, "sftp-removed")
            files.unlink(folder, place.name)

    def rename(self, old: Place, new: Place, *, replace: bool) -> None:
        """Rename within outbox."""
        if {old.folder, new.folder} != {Folder.OUTBOX} or old.is_folder or new.is_folder:
            raise _forbidden("Files can be renamed within outbox only.")
        self._outbox.rename(old.name, new.name, replace=replace)

    def _check_seen(self, place: Place) -> None:
        # Files that the exchange itself is still writing have such names.
        if is_temporary(place.name):
            raise _missing()
