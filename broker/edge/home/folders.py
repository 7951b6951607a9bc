"""The home of an exchange and the folders of its LEAs: every path, every mode.

Owns the layout of HOME. Promises: an LEA's folder is entered by descriptor without following a link, so nothing that an
LEA plants in its own folders can lead elsewhere; a file written for an LEA appears whole or not at all.
"""

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from broker.core.errors import Deferred
from broker.core.model import LeaId, TrackingId
from broker.edge.home import durable

OUTBOX, INBOX, RECEIPTS, DIRECTORY = "outbox", "inbox", "receipts", "directory"
# An LEA with an account of its own (OpenSSH, a local path) works through its group: it writes outbox, may remove files
# from inbox, and reads the rest. Removing needs write permission on a folder (POSIX), so the files in inbox are
# read-only; setgid passes the group on to new files.
GROUP_MODES = {OUTBOX: 0o2770, INBOX: 0o2770, RECEIPTS: 0o2750, DIRECTORY: 0o2750}

TRACKING_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

# This folder marks an inbox: a bare mount point has none, another home's inbox has a different one. It is a folder that
# is not empty, so neither a program that takes all files nor the LEA's own account, which may remove files from its
# inbox, removes it.
_MARK = ".satchel-inbox-"
_MARK_SAYS = b"The exchange knows this inbox by this folder. Leave it here.\n"

_LEA_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_A_FOLDER = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_OUT_OF_REACH = frozenset(
    {errno.EROFS, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH}
    | {errno.ETIMEDOUT, errno.EREMOTEIO, errno.ENODEV, errno.ENXIO, errno.EACCES, errno.EPERM}
)
# Something else is where the exchange puts or expects a file of its own; the owner of the folder can plant it.
_IN_THE_WAY = frozenset({errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY, errno.EEXIST, errno.ELOOP, errno.EBUSY})


def lea_id(text: str) -> LeaId:
    """Check an LEA id: it names a folder. ValueError unless it is 1 to 32 letters, digits, `_` or `-`."""
    if not _LEA_ID.fullmatch(text):
        raise ValueError("an LEA id is 1 to 32 letters, digits, `_` or `-`, and begins with a letter or digit")
    return LeaId(text)


def tracking_id(text: str) -> TrackingId:
    """Check a tracking id: it names files. ValueError unless it is a UUID in lower case (RFC 9562 section 4)."""
    if not re.fullmatch(TRACKING_ID, text):
        raise ValueError("a tracking id is a UUID in lower case")
    return TrackingId(text)


class Missing(Deferred):
    """A folder of an LEA is missing: its mount is down, or somebody made a mistake. Never a reason to refuse a
    packet."""


@dataclass(frozen=True, slots=True)
class Home:
    """The paths of one exchange."""

    root: Path

    @property
    def leas(self) -> Path:
        """The folder that holds the LEAs' folders."""
        return self.root / "leas"

    @property
    def vault(self) -> Path:
        """Sealed bytes."""
        return self.root / "vault"

    @property
    def ledger(self) -> Path:
        """The database, if it is SQLite."""
        return self.root / "ledger.db"

    @property
    def keys(self) -> Path:
        """The exchange's secret keys."""
        return self.root / "keys"

    @property
    def run(self) -> Path:
        """Sockets, ports and process ids of the running exchange."""
        return self.root / "run"

    @property
    def quarantine(self) -> Path:
        """What was in an outbox and is no packet, by tracking id."""
        return self.root / "quarantine"

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.root / "satchel.toml"

    @property
    def certificate(self) -> Path:
        """The exchange's public key."""
        return self.root / "exchange.asc"

    def folder(self, lea: LeaId, name: str) -> Path:
        """The path of one folder of an LEA, to show or watch; use `enter` to work in it."""
        return self.leas / lea_id(lea) / name

    def create(self) -> None:
        """Create the missing folders, for the exchange alone (0700): the ledger holds students' names."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable.spread(self.root)
        for path in (self.leas, self.vault, self.keys, self.run, self.quarantine):
            path.mkdir(mode=0o700, exist_ok=True)
        durable.spread(self.leas)
        durable.sync_folder(self.root)

    def create_lea(self, lea: LeaId, gid: int | None = None) -> None:
        """Create an LEA's folders, or correct their modes.

        Without `gid` only the exchange's own user can enter them (the built-in SFTP server needs no more); with it the
        members of that group have the LEA's rights. For OpenSSH's chroot, the LEA's folder and all above it must
        belong to root (sshd_config(5), ChrootDirectory).
        """
        top = self.leas / lea_id(lea)
        top.mkdir(mode=0o700, exist_ok=True)
        durable.spread(top)
        top_fd = os.open(top, _FOLDER_FLAGS)
        try:
            _grant(top_fd, gid, 0o750)
            for name, mode in GROUP_MODES.items():
                if not durable.exists_at(top_fd, name):
                    os.mkdir(name, 0o700, dir_fd=top_fd)
                fd = os.open(name, _FOLDER_FLAGS, dir_fd=top_fd)
                try:
                    _grant(fd, gid, mode)
                finally:
                    os.close(fd)
            durable.sync(top_fd)
        finally:
            os.close(top_fd)
        durable.sync_folder(self.leas)

    def lea_ids(self) -> list[LeaId]:
        """The LEAs that have folders, sorted. The ledger says who is a party; this says who has folders."""
        with os.scandir(self.leas) as entries:
            found = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        return sorted(LeaId(name) for name in found if _LEA_ID.fullmatch(name))

    @contextmanager
    def enter(self, lea: LeaId, folder: str = "") -> Iterator[int]:
        """A descriptor of an LEA's folder ('' for the one above the four). Raises Missing if the folder is missing or a
        link, and where the work in it meets something that only the LEA can correct: that must keep nobody else
        waiting."""
        opened = []
        try:
            opened.append(os.open(f"{self.root}/leas/{lea_id(lea)}", _FOLDER_FLAGS))
            if folder:
                opened.append(os.open(folder, _FOLDER_FLAGS, dir_fd=opened[0]))
        except OSError as error:
            _close(opened)
            if error.errno in _NOT_A_FOLDER | _OUT_OF_REACH:
                raise Missing(f"the folder {folder} of LEA {lea} is missing, or is no folder") from None
            raise
        try:
            yield opened[-1]
        except OSError as error:
            # a mount that became read-only or went away during the work, or a folder in a file's place
            if error.errno in _OUT_OF_REACH | _IN_THE_WAY:
                raise Missing(f"the folder {folder} of LEA {lea} cannot be used: errno {error.errno}") from None
            raise
        finally:
            _close(opened)

    def mark_inbox(self, lea: LeaId, mark: str) -> None:
        """Mark the LEA's inbox with this mark, 1 to 64 hex digits, and remove earlier ones; durable on return. Missing
        without the folder."""
        with self.enter(lea, INBOX) as inbox:
            with os.scandir(inbox) as entries:
                earlier = [one.name for one in entries if one.name.startswith(_MARK) and one.name != _MARK + mark]
            for name in earlier:
                _remove_mark(inbox, name)
            if not durable.exists_at(inbox, _MARK + mark):
                os.mkdir(_MARK + mark, 0o700, dir_fd=inbox)
            folder = os.open(_MARK + mark, _FOLDER_FLAGS, dir_fd=inbox)
            try:
                durable.replace_at(folder, "README", _MARK_SAYS, 0o600, flush=True)
                durable.sync(folder)
            finally:
                os.close(folder)
            durable.sync(inbox)

    def renew_readme(self, lea: LeaId, text: str) -> None:
        """Write the LEA's README.txt if its text differs. Missing without the folder."""
        there = self.leas / lea_id(lea) / "README.txt"
        if not there.is_file() or there.read_text("utf-8") != text:
            self.write_readme(lea, text)

    def write_readme(self, lea: LeaId, text: str) -> None:
        """Write or replace the LEA's README.txt."""
        with self.enter(lea) as fd:
            durable.replace_at(fd, "README.txt", text.encode(), 0o644, flush=True)
            durable.sync(fd)


def is_marked(inbox: int, mark: str) -> bool:
    """Whether the folder with this descriptor is the inbox with this mark."""
    return bool(mark) and durable.exists_at(inbox, _MARK + mark)


def _remove_mark(inbox: int, name: str) -> None:
    """Remove an old mark. Where somebody keeps a file in it, or has put something else in its place, it stays: it means
    nothing any more. No link is followed."""
    try:
        folder = os.open(name, _FOLDER_FLAGS, dir_fd=inbox)
    except OSError:
        return
    try:
        with suppress(OSError):
            os.unlink("README", dir_fd=folder)
    finally:
        os.close(folder)
    with suppress(OSError):
        os.rmdir(name, dir_fd=inbox)


def write_receipts(home: Home, receipts: Iterable[tuple[LeaId, str, str]]) -> list[LeaId]:
    """Write receipts (LEA, file name, text); all are durable on return. Writing one again changes nothing.

    Returns the LEAs whose receipts folder is missing or full, so that not all their receipts were written; one LEA's
    broken mount or quota must not keep another from its receipts. ValueError for a file name that is not plain;
    Deferred if the disk is full for all of them.
    """
    batch = durable.Batch()
    missing, full, is_written = list[LeaId](), list[Deferred](), False
    by_lea = sorted(receipts, key=lambda receipt: receipt[0])
    for lea, own in groupby(by_lea, key=lambda receipt: receipt[0]):
        try:
            with durable.room("receipts"), home.enter(lea, RECEIPTS) as fd, batch.writing(fd) as whole:
                for _, name, text in own:
                    durable.replace_at(fd, plain(name), text.encode(), 0o644, flush=not whole)
            is_written = True
        except Missing:
            missing.append(lea)
        except Deferred as later:
            missing.append(lea)
            full.append(later)
    if full and not is_written:
        raise full[0]
    with durable.room("receipts"):
        batch.flush()
    return missing


def plain(name: str) -> str:
    """Check a file's name. ValueError if it could lead elsewhere."""
    if not _FILE_NAME.fullmatch(name):
        raise ValueError("a file name here is up to 200 letters, digits, dots, dashes or underscores")
    return name


def _grant(fd: int, gid: int | None, mode: int) -> None:
    if gid is None:
        os.fchmod(fd, 0o700)
    else:
        os.fchown(fd, -1, gid)  # before the mode: a change of owner clears setgid
        os.fchmod(fd, mode)
        if stat.S_IMODE(os.fstat(fd).st_mode) != mode:
            raise PermissionError(errno.EPERM, "the file system does not keep the folder's mode")


def _close(descriptors: list[int]) -> None:
    for fd in descriptors:
        os.close(fd)
