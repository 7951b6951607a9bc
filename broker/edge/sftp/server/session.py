"""One SFTP session: requests and answers, over anything that receives and sends bytes.

Owns the order of the protocol and the table of open files. Promises: every request gets one answer; a session that ends
before its client closes a file leaves that file unfinished; nothing that a client sends makes memory or open files grow
beyond the limits; waits (pace) end when the server stops.
"""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Generator
from itertools import islice

from broker.core.errors import Deferred
from broker.edge.sftp.paths import Folder, Place, canonical, resolve
from broker.edge.sftp.server import wire as wire
from broker.edge.sftp.server.files import sentence
from broker.edge.sftp.server.handles import Handle
from broker.edge.sftp.server.tree import Tree, tracking
from broker.edge.sftp.server.wire import BadMessage, Denied, Entry, Kind, Line, Reader, Status

LOG = logging.getLogger("satchel.sftp")
EXTENSIONS = ((b"posix-rename@openssh.com", b"1"), (b"fsync@openssh.com", b"1"), (b"limits@openssh.com", b"1"))
LISTINGS = 4  # open at once; each holds its folder open
ENTRIES = 64  # in one answer to a listing
FAR = 1 << 50  # no file reaches this offset


def tell_bug(who: str, bug: BaseException) -> None:
    """Log its kind and where it happened, never its text, which may contain what a client has sent."""
    places = ">".join(f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(bug.__traceback__))
    LOG.error("%s verb=bug kind=%s places=%s", who, type(bug).__name__, places)


class Pace:
    """Limits a connection to so many bytes a second; 0 means no limit."""

    def __init__(self, bytes_per_second: int, stopping: threading.Event) -> None:
        self._rate = bytes_per_second
        self._stopping = stopping
        self._free_at = 0.0

    def clip(self, count: int) -> int:
        """The most to read at once, so that no answer takes many seconds."""
        return min(count, max(self._rate, 4096)) if self._rate else count

    def spend(self, count: int) -> None:
        """Wait until `count` more bytes are due."""
        if self._rate:
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + count / self._rate
            self._stopping.wait(self._free_at - now)


class Session:
    """Answers one client until it goes away."""

    def __init__(
        self,
        line: Line,
        tree: Tree,
        who: str,
        handles: int,
        pace: Pace,
        alive: Callable[[], None],
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._line = line
        self._tree = tree
        self._who = who
        self._most = handles
        self._pace = pace
        self._alive = alive
        self._check = check
        self._buffer = bytearray()
        self._files: dict[bytes, tuple[Place, Handle]] = {}
        self._listings: dict[bytes, Generator[Entry]] = {}
        self._count = 0

    def run(self) -> None:
        """Serve until the connection ends. Raises nothing that a client or a broken connection can cause; an exception
        is a bug, or a fault of this machine."""
        try:
            self._greet()
            while True:
                message = self._next()
                self._send(self._answer(message))
                self._alive()
        except (EOFError, ConnectionError, TimeoutError):
            pass  # the connection has ended, and the session with it
        except BadMessage:
            LOG.warning("%s verb=garbage", self._who)
        finally:
            self._end()

    def _end(self) -> None:
        for listing in self._listings.values():
            listing.close()
        for place, opened in self._files.values():
            try:
                opened.abandon()
            except OSError as error:
                LOG.warning("%s verb=abandon folder=%s errno=%s", self._who, place.folder, error.errno)

    def _send(self, content: bytes) -> None:
        try:
            self._line.sendall(content)
        except OSError as error:
            if error.errno is None and not isinstance(error, TimeoutError):
                raise EOFError from None  # paramiko raises OSError("Socket is closed") for a closed channel
            raise

    def _fill(self, count: int) -> None:
        while len(self._buffer) < count:
            content = self._line.recv(65536)
            if not content:
                raise EOFError
            self._buffer += content

    def _next(self) -> Reader:
        self._fill(4)
        length = int.from_bytes(self._buffer[:4], "big")
        if not 5 <= length <= wire.MESSAGE_BYTES:
            raise BadMessage("a message of impossible length")
        self._fill(4 + length)
        message = bytes(self._buffer[4 : 4 + length])
        del self._buffer[: 4 + length]
        return Reader(message)

    def _greet(self) -> None:
        message = self._next()
        if message.byte() != Kind.INIT or message.u32() < wire.VERSION:
            raise BadMessage("no greeting")
        self._send(wire.version(EXTENSIONS))

    def _answer(self, message: Reader) -> bytes:
        kind, request = message.byte(), message.u32()
        try:
            handler = _HANDLERS.get(kind)
            if handler is None:
                raise Denied(Status.OP_UNSUPPORTED, "This server does not do that.")
            self._check()
            return handler(self, request, message) or wire.status(request, Status.OK, "Done.")
        except Denied as error:
            return wire.status(request, error.status, error.sentence)
        except Deferred as error:
            LOG.warning("%s verb=deferred why=%s", self._who, error.why)
            return wire.status(request, Status.FAILURE, "The exchange cannot note this now; try again later.")
        except OSError as error:
            told = sentence(error)
            if told.status == Status.FAILURE:
                LOG.warning("%s verb=failed kind=%s errno=%s", self._who, type(error).__name__, error.errno)
            return wire.status(request, told.status, told.sentence)

    def _log(self, verb: str, place: Place, size: int = 0) -> None:
        name = "-" if place.folder is Folder.OUTBOX else tracking(place.name)
        LOG.info("%s verb=%s folder=%s tracking=%s bytes=%d", self._who, verb, place.folder, name, size)

    def _new_name(self) -> bytes:
        if len(self._files) + len(self._listings) >= self._most:
            raise Denied(Status.FAILURE, f"Too many files are open; close some first ({self._most} at most).")
        self._count += 1
        return b"%d" % self._count

    def _file(self, message: Reader) -> tuple[Place, Handle]:
        opened = self._files.get(message.string())
        if opened is None:
            raise Denied(Status.FAILURE, "This file is not open.")
        return opened

    def _open(self, request: int, message: Reader) -> bytes:
        path, flags, _ = message.string(), message.u32(), message.attributes()
        place = resolve(path, is_new=bool(flags & wire.Flag.CREATE))
        name = self._new_name()
        self._files[name] = (place, self._tree.open(place, flags))
        return wire.handle(request, name)

    def _close(self, _request: int, message: Reader) -> None:
        name = message.string()
        listing = self._listings.pop(name, None)
        if listing is not None:
            listing.close()
            return
        if name not in self._files:
            raise Denied(Status.FAILURE, "This file is not open.")
        place, opened = self._files.pop(name)
        self._log(opened.verb, place, opened.close())

    def _read(self, request: int, message: Reader) -> bytes:
        _, opened = self._file(message)
        offset, count = message.u64(), message.u32()
        if offset > FAR:
            raise Denied(Status.FAILURE, "No file is that long.")
        content = opened.read(offset, self._pace.clip(min(count, wire.DATA_BYTES)))
        if not content:
            raise Denied(Status.EOF, "The file ends here.")
        self._pace.spend(len(content))
        return wire.data(request, content)

    def _write(self, _request: int, message: Reader) -> None:
        _, opened = self._file(message)
        offset, content = message.u64(), message.string()
        if offset > FAR:
            raise Denied(Status.FAILURE, "No file is that long.")
        opened.write(offset, content)
        self._pace.spend(len(content))

    def _stat(self, request: int, message: Reader) -> bytes:
        return wire.attributes(request, self._tree.stat(resolve(message.string())))

    def _fstat(self, request: int, message: Reader) -> bytes:
        return wire.attributes(request, self._file(message)[1].stat())

    def _setstat(self, _request: int, message: Reader) -> None:
        self._tree.set(resolve(message.string()), message.attributes())

    def _fsetstat(self, _request: int, message: Reader) -> None:
        _, opened = self._file(message)
        wanted = message.attributes()
        if wanted.size is not None:
            opened.truncate(wanted.size)

    def _opendir(self, request: int, message: Reader) -> bytes:
        place = resolve(message.string())
        name = self._new_name()
        if len(self._listings) >= LISTINGS:
            raise Denied(Status.FAILURE, "Too many folders are open; close some first.")
        self._tree.stat(place)
        self._listings[name] = self._tree.list(place)
        return wire.handle(request, name)

    def _readdir(self, request: int, message: Reader) -> bytes:
        listing = self._listings.get(message.string())
        if listing is None:
            raise Denied(Status.FAILURE, "This folder is not open.")
        entries = list(islice(listing, ENTRIES))
        if not entries:
            raise Denied(Status.EOF, "The folder ends here.")
        return wire.names(request, entries, self._tree.time)

    def _remove(self, _request: int, message: Reader) -> None:
        place = resolve(message.string())
        self._tree.remove(place)
        self._log("remove", place)

    def _realpath(self, request: int, message: Reader) -> bytes:
        return wire.names(request, [Entry(canonical(message.string()), wire.Attributes())], self._tree.time)

    def _rename(self, _request: int, message: Reader, *, replace: bool = False) -> None:
        old, new = resolve(message.string()), resolve(message.string(), is_new=True)
        self._tree.rename(old, new, replace=replace)
        self._log("rename", new)

    def _extended(self, request: int, message: Reader) -> bytes | None:
        match message.string():
            case b"posix-rename@openssh.com":
                self._rename(request, message, replace=True)
            case b"fsync@openssh.com":
                self._file(message)[1].sync()
            case b"limits@openssh.com":
                return wire.limits(request, self._most)
            case _:
                raise Denied(Status.OP_UNSUPPORTED, "This server does not do that.")
        return None

    def _forbid(self, _request: int, _message: Reader) -> None:
        raise Denied(Status.PERMISSION_DENIED, "Folders and links cannot be made or changed here.")


_HANDLERS: dict[int, Callable[[Session, int, Reader], bytes | None]] = {
    Kind.OPEN: Session._open,
    Kind.CLOSE: Session._close,
    Kind.READ: Session._read,
    Kind.WRITE: Session._write,
    Kind.LSTAT: Session._stat,
    Kind.STAT: Session._stat,
    Kind.FSTAT: Session._fstat,
    Kind.SETSTAT: Session._setstat,
    Kind.FSETSTAT: Session._fsetstat,
    Kind.OPENDIR: Session._opendir,
    Kind.READDIR: Session._readdir,
    Kind.REMOVE: Session._remove,
    Kind.REALPATH: Session._realpath,
    Kind.RENAME: Session._rename,
    Kind.EXTENDED: Session._extended,
    Kind.MKDIR: Session._forbid,
    Kind.RMDIR: Session._forbid,
    Kind.READLINK: Session._forbid,
    Kind.SYMLINK: Session._forbid,
}
