"""What LEAs receive: a delivery in two steps, so that each packet appears in an inbox exactly once.

Owns the inbox folders. Promises: a packet's file appears under its final name whole and at one instant, never over
another file, and never a second time. The steps: `stage_delivery` writes a hidden file, `flush` makes it durable, the
ledger commits that this `token` is the delivery, `publish` renames. A crash before the commit leaves a hidden file for
`drop_stage`, a crash after it one for `publish`. Publishing again does nothing.

An absent file counts as collected, so an inbox is only accepted with its mark: a folder without it, such as the bare
mount point of a mount that is down, is `folders.Missing`, for deliveries and for look-ups.

A withdrawal goes the other way: `withdraw` hides the file, the ledger commits, `drop_stage` removes it. It is hidden
under a token of its own, so that a late `publish` of the delivery cannot bring it back.
"""

import errno
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Protocol

from broker.core.errors import Deferred
from broker.core.model import LeaId, PacketType, TrackingId
from broker.edge.home import durable
from broker.edge.home.folders import INBOX, TRACKING_ID, Home, Missing, is_marked, tracking_id

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_STAGED = re.compile(rf"\.({TRACKING_ID})\.({_TOKEN.pattern})\.tmp")
_PUBLISHED = re.compile(rf"({TRACKING_ID})\.[a-z-]+\.pgp")
_BACK = "-back"
_NO_FILE = frozenset({errno.EISDIR, errno.EPERM})  # what unlink raises for a folder: on Linux, and by POSIX
_MODE = 0o440  # the LEA may remove it but not change it; see folders.GROUP_MODES


class InboxState(StrEnum):
    """Where a delivery is."""

    STAGED = "staged"
    PRESENT = "present"
    GONE = "gone"


def file_name(tracking: TrackingId, packet_type: PacketType) -> str:
    """The name of a packet's file in an inbox."""
    return f"{tracking_id(tracking)}.{PacketType(packet_type).value}.pgp"


def withdrawn(token: str) -> str:
    """The token of the hidden file that a delivery becomes when it is withdrawn."""
    return token + _BACK


class Marks(Protocol):
    """The mark of each inbox; '' where there is none."""

    def known(self, lea: str) -> str:
        """The mark as it was last read."""
        ...

    def now(self, lea: str) -> str:
        """The mark as it is now."""
        ...


class Inboxes:
    """All inboxes of one home. Every method but `flush` raises folders.Missing without the folder, and where the folder
    does not have its mark; without `marks` (a simulation, a test) every folder is accepted."""

    def __init__(self, home: Home, marks: Marks | None = None) -> None:
        self._home = home
        self._marks = marks
        self._batch = durable.Batch()

    @contextmanager
    def _enter(self, lea: LeaId) -> Iterator[int]:
        with self._home.enter(lea, INBOX) as folder:
            if self._marks and not self._is_the_one(self._marks, lea, folder):
                raise Missing(f"the inbox of LEA {lea} is not the one that is known, or is not mounted")
            yield folder

    @staticmethod
    def _is_the_one(marks: Marks, lea: LeaId, folder: int) -> bool:
        return is_marked(folder, marks.known(lea)) or is_marked(folder, marks.now(lea))

    def stage_delivery(self, lea: LeaId, tracking: TrackingId, token: str, chunks: Iterable[bytes | memoryview]) -> int:
        """Write the packet under a hidden name; returns its size in bytes. A failed call leaves no file; Deferred if
        the disk is full. Staging the same token again starts over."""
        temp = _temp(tracking, token)
        size = 0
        with durable.room("an inbox"), self._enter(lea) as folder, self._batch.writing(folder) as whole:
            fd = _created(folder, temp)
            try:
                for chunk in chunks:
                    durable.write_all(fd, chunk)
                    size += len(chunk)
                if not whole:
                    durable.sync(fd)
            except BaseException:
                _remove(folder, temp)
                raise
            finally:
                os.close(fd)
        return size

    def publish(self, lea: LeaId, tracking: TrackingId, token: str, packet_type: PacketType) -> bool:
        """Show a staged packet under its final name; durable after `flush`. False if there is no such staged file,
        because it was published before. Deferred if another file has the final name."""
        with self._enter(lea) as folder, self._batch.writing(folder):
            try:
                # A rename and not a link: a crash between link and unlink would leave both names, and a receiver that
                # collected quickly would then get the packet a second time.
                durable.rename_new(folder, _temp(tracking, token), folder, file_name(tracking, packet_type))
            except FileNotFoundError:
                return False
            except FileExistsError:
                raise Deferred(f"inbox of LEA {lea} has another file for {tracking}") from None
        return True

    def withdraw(
        self, lea: LeaId, tracking: TrackingId, token: str, packet_type: PacketType, *, is_urgent: bool = False
    ) -> bool:
        """Hide a published packet, in a file whose token is `withdrawn(token)`; False where the receiver has collected
        it. Withdrawing again changes nothing. Deferred while the packet is still to be published; an `is_urgent`
        withdrawal hides the staged file instead, and a late `publish` finds nothing."""
        with self._enter(lea) as folder, self._batch.writing(folder):
            if is_urgent and _hide(folder, _temp(tracking, token), _temp(tracking, withdrawn(token))):
                return True
            if durable.exists_at(folder, _temp(tracking, token)):
                raise Deferred("the packet is about to appear in the inbox")
            try:
                durable.rename_new(folder, file_name(tracking, packet_type), folder, _temp(tracking, withdrawn(token)))
            except FileNotFoundError:
                return durable.exists_at(folder, _temp(tracking, withdrawn(token)))
            except FileExistsError:  # hidden before, and a planted file has its name: that one is not ours
                return True
        return True

    def drop_stage(self, lea: LeaId, tracking: TrackingId, token: str) -> None:
        """Remove a staged file, if it is there."""
        with self._enter(lea) as folder:
            _remove(folder, _temp(tracking, token))

    def inbox_state(self, lea: LeaId, tracking: TrackingId, token: str, packet_type: PacketType) -> InboxState:
        """Where one delivery is: STAGED while it is hidden, before it is published or during a withdrawal; GONE after
        it was published means collected."""
        with self._enter(lea) as folder:
            # Staged first: publishing moves the file from there to the final name, so a packet published between the
            # two checks is found by the second. In the other order it would be in neither place, and seem collected. A
            # withdrawal moves it from the final name to the last place, and back again where it fails.
            back = _temp(tracking, withdrawn(token))
            if durable.exists_at(folder, _temp(tracking, token)) or durable.exists_at(folder, back):
                return InboxState.STAGED
            if durable.exists_at(folder, file_name(tracking, packet_type)):
                return InboxState.PRESENT
            return InboxState.STAGED if durable.exists_at(folder, back) else InboxState.GONE

    def staged(self, lea: LeaId) -> list[tuple[TrackingId, str]]:
        """The leftovers: tracking id and token of every hidden file."""
        return [(TrackingId(found[1]), found[2]) for found in self._matching(lea, _STAGED)]

    def present(self, lea: LeaId) -> set[TrackingId]:
        """The packets in the inbox, by one listing. A packet that is not in it may have been renamed during the
        listing: call `inbox_state` before you treat it as gone."""
        return {TrackingId(found[1]) for found in self._matching(lea, _PUBLISHED)}

    def changed(self, lea: LeaId) -> int:
        """When a file last came into the inbox or left it: the folder's own time, in nanoseconds since 1970."""
        with self._enter(lea) as folder:
            return os.fstat(folder).st_mtime_ns

    def flush(self) -> None:
        """Return when everything staged and published so far is durable. OSError if that fails."""
        self._batch.flush()

    def _matching(self, lea: LeaId, pattern: "re.Pattern[str]") -> list["re.Match[str]"]:
        with self._enter(lea) as folder, os.scandir(folder) as entries:
            names = (entry.name for entry in entries if entry.is_file(follow_symlinks=False))
            return [found for name in names if (found := pattern.fullmatch(name))]


def _temp(tracking: TrackingId, token: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise ValueError("a delivery token is 1 to 64 letters, digits, dashes or underscores")
    return f".{tracking_id(tracking)}.{token}.tmp"


def _hide(folder: int, staged: str, back: str) -> bool:
    """Hide a packet that is still to be published; returns whether it was. It will never be published."""
    try:
        durable.rename_new(folder, staged, folder, back)
    except FileNotFoundError:
        return False
    return True


def _created(folder: int, name: str) -> int:
    try:
        return durable.create_at(folder, name, _MODE)
    except FileExistsError:
        _remove(folder, name)
        return durable.create_at(folder, name, _MODE)


def _remove(folder: int, name: str) -> None:
    """Remove whatever has this name. Something that is not a file was planted by the LEA; it is kept under a random
    hidden name."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in _NO_FILE:
            raise
        durable.rename_new(folder, name, folder, f".{secrets.token_hex(8)}.planted")
