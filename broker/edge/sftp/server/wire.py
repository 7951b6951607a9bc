"""The messages of SFTP version 3 as bytes (draft-ietf-secsh-filexfer-02), read strictly.

Owns the numbers of the protocol and its encoding. Promises: every length is checked against the bytes that are there
before it is used, no count in a message makes the reader loop or allocate beyond the message, and malformed bytes can
cause nothing but `BadMessage`. Pure: bytes in, bytes out.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from stat import filemode
from typing import Protocol

from broker.core.days.state_time import StateTime
from broker.core.errors import BrokerError

VERSION = 3
MESSAGE_BYTES = 256 * 1024  # the longest message; OpenSSH's own limit
DATA_BYTES = MESSAGE_BYTES - 1024  # the most bytes in one read or write


class Kind(IntEnum):
    """Message types, section 3 of the draft."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    FSTAT = 8
    SETSTAT = 9
    FSETSTAT = 10
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    RMDIR = 15
    REALPATH = 16
    STAT = 17
    RENAME = 18
    READLINK = 19
    SYMLINK = 20
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED = 200
    EXTENDED_REPLY = 201


class Status(IntEnum):
    """Result codes, section 7 of the draft."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    OP_UNSUPPORTED = 8


class Flag(IntEnum):
    """How a file is opened, section 6.3 of the draft."""

    READ = 0x01
    WRITE = 0x02
    APPEND = 0x04
    CREATE = 0x08
    TRUNCATE = 0x10
    EXCLUSIVE = 0x20


class BadMessage(BrokerError):
    """The bytes are not an SFTP message; the session cannot continue."""


class Denied(BrokerError):
    """A request that is answered with an error: `status` for the program, `sentence` for the person."""

    def __init__(self, status: Status, sentence: str) -> None:
        self.status = status
        self.sentence = sentence
        super().__init__(sentence)


class Line(Protocol):
    """Where bytes come from and where they go."""

    def recv(self, count: int, /) -> bytes:
        """Up to `count` bytes; b"" when the other side is gone."""

    def sendall(self, content: bytes, /) -> None:
        """Send all bytes. Raises OSError when the other side is gone."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of a file that a client sees, and those that it may ask this server to set."""

    size: int | None = None
    mode: int | None = None
    mtime: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a listing."""

    name: str
    attributes: Attributes


_SIZE, _OWNER, _MODE, _TIMES, _EXTENDED = 0x01, 0x02, 0x04, 0x08, 0x80000000
_EXTENSIONS = 16


class Reader:
    """Parses one message, front to back. Raises BadMessage where bytes are missing."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise BadMessage("a message ends too early")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def byte(self) -> int:
        """An 8-bit number."""
        return self._take(1)[0]

    def u32(self) -> int:
        """A 32-bit number."""
        return int.from_bytes(self._take(4), "big")

    def u64(self) -> int:
        """A 64-bit number."""
        return int.from_bytes(self._take(8), "big")

    def string(self) -> bytes:
        """Bytes after their length."""
        return self._take(self.u32())

    def attributes(self) -> Attributes:
        """File attributes, section 5 of the draft; owners and extensions are skipped."""
        flags = self.u32()
        size = self.u64() if flags & _SIZE else None
        if flags & _OWNER:
            self._take(8)
        mode = self.u32() if flags & _MODE else None
        mtime = (self.u32(), self.u32())[1] if flags & _TIMES else None
        if flags & _EXTENDED:
            count = self.u32()
            if count > _EXTENSIONS:
                raise BadMessage("too many extended attributes")
            for _ in range(2 * count):
                self.string()
        return Attributes(size, mode, mtime)


def string(value: bytes) -> bytes:
    """Bytes after their length."""
    return struct.pack(">I", len(value)) + value


def packet(kind: Kind, body: bytes) -> bytes:
    """One message, with its length, ready to be sent."""
    return struct.pack(">IB", len(body) + 1, kind) + body


def status(request: int, code: Status, sentence: str) -> bytes:
    """A result without content."""
    return packet(Kind.STATUS, struct.pack(">II", request, code) + string(sentence.encode()) + string(b"en"))


def handle(request: int, name: bytes) -> bytes:
    """The answer to an open."""
    return packet(Kind.HANDLE, struct.pack(">I", request) + string(name))


def data(request: int, content: bytes) -> bytes:
    """The answer to a read."""
    head = struct.pack(">IBII", len(content) + 9, Kind.DATA, request, len(content))
    return head + content


def _packed(known: Attributes) -> bytes:
    flags = (_SIZE if known.size is not None else 0) | (_OWNER if known.mode is not None else 0)
    flags |= (_MODE if known.mode is not None else 0) | (_TIMES if known.mtime is not None else 0)
    body = struct.pack(">I", flags)
    if known.size is not None:
        body += struct.pack(">Q", known.size)
    if known.mode is not None:
        body += struct.pack(">III", 0, 0, known.mode)
    if known.mtime is not None:
        body += struct.pack(">II", known.mtime, known.mtime)
    return body


def attributes(request: int, known: Attributes) -> bytes:
    """The answer to a stat."""
    return packet(Kind.ATTRS, struct.pack(">I", request) + _packed(known))


def _long_name(entry: Entry, state: StateTime) -> str:
    known = entry.attributes
    day = f"{state.at(known.mtime or 0):%b %d %H:%M}"
    return f"{filemode(known.mode or 0)}    1 lea      satchel  {known.size or 0:>10} {day} {entry.name}"


def names(request: int, entries: Sequence[Entry], state: StateTime) -> bytes:
    """The answer to a read of a folder, and to realpath; people read the times in it."""
    body = struct.pack(">II", request, len(entries))
    for entry in entries:
        body += string(entry.name.encode()) + string(_long_name(entry, state).encode()) + _packed(entry.attributes)
    return packet(Kind.NAME, body)


def version(extensions: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The greeting."""
    return packet(Kind.VERSION, struct.pack(">I", VERSION) + b"".join(string(n) + string(v) for n, v in extensions))


def limits(request: int, handles: int) -> bytes:
    """The answer to limits@openssh.com: longest message, longest read, longest write, open files."""
    body = struct.pack(">IQQQQ", request, MESSAGE_BYTES, DATA_BYTES, DATA_BYTES, handles)
    return packet(Kind.EXTENDED_REPLY, body)
