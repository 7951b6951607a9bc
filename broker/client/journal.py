"""The journal of a folder whose files are sent: what was sent under which name, and what became of it.

Owns the state beside the folder: `.NAME.satchel/`, with `journal.jsonl` and the sealed files that are under way.
Promises: an entry is on disk (fsync) when `put` returns; a line that a crash cut off is passed over, and spoils no
other; only one command at a time works with it; it holds names, digests and receipts' words, and nothing of a student.
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from broker.core.errors import OperatorError
from broker.edge.home import durable
from broker.edge.sftp.paths import NAME_BYTES

_FORGOTTEN_AFTER_SECONDS = 60 * 86_400.0  # what was answered, and lies in the folder no more
_SPARE_LINES = 1000
_ENDS = frozenset({"REFUSED", "APPLIED", "DELIVERED", "COLLECTED", "DUPLICATE"})
_KEPT = ("n", "state", "code", "held_for", "means")
_ROOM = NAME_BYTES - len(".part")
_SEALED = (".pgp", ".gpg", ".asc")


class Step(StrEnum):
    """How far the sending of a file has come: it is sealed; all of it is on the server, under the name of an unfinished
    upload; it has its own name there."""

    SEALED = "sealed"
    WHOLE = "whole"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Entry:
    """One content of one file. `sha256` is that of the file, `sealed` that of what is sent, as `name`; `at` is when, in
    seconds since 1970. `packet` and `form` are those of the document, '' where it came sealed; `lines` of it are faulty
    and come back. `said` is the latest receipt: `n`, `state`, `code`, `held_for` and `means`; empty before the
    first."""

    file: str
    sha256: str
    name: str
    sealed: str
    step: Step
    at: float
    packet: str
    form: str
    lines: int
    said: Mapping[str, Any]

    @property
    def is_sent(self) -> bool:
        """Whether all of it is at the exchange."""
        return self.step is Step.SENT

    @property
    def is_over(self) -> bool:
        """Whether what became of it is known."""
        return self.said.get("state") in _ENDS

    @property
    def is_waiting(self) -> bool:
        """Whether it was sent, and has no receipt yet that ends it or says that it waits for somebody."""
        return self.is_sent and not self.is_over and self.said.get("state") != "HELD"


class Journal:
    """The entries, in the order in which they were begun; `opened` makes it."""

    def __init__(self, room: Path, present: frozenset[str]) -> None:
        self.room = room
        self._path = room / "journal.jsonl"
        self._entries: dict[str, Entry] = {}
        self._of_file: dict[str, str] = {}  # the name of the latest entry
        self._of_content: dict[str, str] = {}
        self._of_packet: dict[str, str] = {}
        since = time.time() - _FORGOTTEN_AFTER_SECONDS
        lines = self._read(lambda one: one.file in present or one.at > since)
        if lines > 3 * len(self._entries) + _SPARE_LINES:
            durable.write_atomic(self._path, b"".join(map(_line, self._entries.values())), 0o600)

    def put(self, entry: Entry) -> Entry:
        """Write it down, new or changed, and return it. Raises OSError where it cannot be written."""
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as file:
            file.write(_line(entry))
            file.flush()
            durable.sync(file.fileno())
        self._keep(entry)
        return entry

    def all(self) -> list[Entry]:
        """All entries, in the order in which they were begun."""
        return list(self._entries.values())

    def named(self, name: str) -> Entry:
        """The entry of this name. Raises KeyError."""
        return self._entries[name]

    def latest(self, file: str, sha256: str) -> Entry | None:
        """The entry of a file of this name, where its latest content is this one."""
        last = self._entries.get(self._of_file.get(file, ""))
        return last if last and last.sha256 == sha256 else None

    def copied(self, sha256: str) -> Entry | None:
        """The entry of another file that was sent with this content, where sending it again would change nothing: a
        document has an id, by which the exchange knows it again; a table says something new when another came in
        between."""
        last = self._entries.get(self._of_content.get(sha256, ""))
        if last is None or not last.is_sent:
            return None
        is_newest = self._of_packet[last.packet] == last.name
        return last if last.form in ("", "JSON") or is_newest else None

    def name_for(self, file: str, sha256: str, is_sealed: bool) -> str:
        """The name under which the exchange gets a content, like no other's here."""
        tries = (_named(file, sha256, again, is_sealed) for again in range(len(self._entries) + 1))
        return next(name for name in tries if name not in self._entries)

    def _keep(self, entry: Entry) -> None:
        if entry.name not in self._entries:
            self._of_file[entry.file] = entry.name
            self._of_content[entry.sha256] = entry.name
            self._of_packet[entry.packet] = entry.name
        self._entries[entry.name] = entry

    def _read(self, is_kept: Callable[[Entry], bool]) -> int:
        """Take in the lines, and return how many there are."""
        if not self._path.exists():
            return 0
        content = self._path.read_bytes()
        if content and not content.endswith(b"\n"):
            with self._path.open("ab") as file:  # the next line must not become a part of the one that was cut off
                file.write(b"\n")
        lines = content.splitlines()
        for entry in filter(None, map(_entry, lines)):
            if is_kept(entry):
                self._keep(entry)
        return len(lines)


@contextmanager
def opened(folder: Path, present: frozenset[str]) -> Iterator[Journal]:
    """The journal of a folder in which files of these names are `present`. Raises OperatorError where another command
    has it, OSError where it cannot be read or written."""
    whole = folder.resolve()
    room = whole.parent / f".{whole.name}.satchel"
    room.mkdir(mode=0o700, exist_ok=True)
    with (room / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OperatorError(f"Another command is sending {folder} now; wait until it is done.") from None
        yield Journal(room, present)


def digest(content: bytes) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(content).hexdigest()


def answered(entry: Entry, said: Mapping[str, Any]) -> Entry:
    """The entry with what a receipt says of it."""
    return replace(entry, said={name: said[name] for name in _KEPT if name in said})


def _line(entry: Entry) -> bytes:
    return json.dumps(asdict(entry)).encode() + b"\n"


def _entry(line: bytes) -> Entry | None:
    try:
        one = json.loads(line)
        return Entry(**{each.name: one[each.name] for each in fields(Entry)} | {"step": Step(one["step"])})
    except (ValueError, KeyError, TypeError):
        return None  # a line that a crash cut off


def _named(file: str, sha256: str, again: int, is_sealed: bool) -> str:
    """`list.csv` becomes `list.of-0123456789abcdef.csv.pgp`: the endings stay, because they say what a file is."""
    stem, dot, endings = file.partition(".")
    mark = digest(f"{sha256} {again}".encode()) if again else sha256
    sealed = "" if is_sealed and file.lower().endswith(_SEALED) else ".pgp"
    ending = f".of-{mark[:16]}{dot}{endings}{sealed}"
    if len(ending.encode()) > _ROOM // 2:
        ending = f".of-{mark[:16]}.pgp"
    while len((stem + ending).encode()) > _ROOM:
        stem = stem[:-1]
    return "".join(letter if letter.isprintable() else "_" for letter in stem + ending)
