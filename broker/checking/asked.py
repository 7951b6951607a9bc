"""Files are read and given to a process beside this one, which checks them (`broker.processes.checker`).

Owns what of the disk is taken for a file, and the bounds of checking one: those by which the exchange reads a packet by
itself. Promises: what is no ordinary file is not opened (a pipe or a device could give bytes without end); a file too
large for the exchange is not read; hostile contents are parsed in the other process alone, which is ended when one
costs too much.
"""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import orjson

from broker.checking.report import Fault, Report, Verdict
from broker.core.codes import CODES
from broker.edge.bounded.bounds import Bounds
from broker.edge.bounded.bounds import Fault as Spent
from broker.edge.bounded.channel import Task
from broker.edge.bounded.warden import Warden
from broker.edge.settings.values import MIB, Limits
from broker.formats.mapping.seen import Understood, from_json

_SET_ASIDE = 12  # bytes that the JSON parser reserves for each byte of a document, and hardly fills
_COSTLY = frozenset({Spent.CPU, Spent.MEMORY})
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class NoFile(OSError):
    """The path is no ordinary file."""


class Checker:
    """Checks files, one after the other; `checking` makes and ends it."""

    def __init__(self, warden: Warden, limits: Limits, mapping: str = "") -> None:
        self._warden = warden
        self._limits = limits
        self._mapping = mapping

    def check(self, path: Path, lea: str, now: datetime) -> Report:
        """The report on a file; `lea` is '' where the user does not say whose it is. Raises OSError where the file
        cannot be read, NoFile among them, and NoWard."""
        return self.judge(path.name, content_of(path, self._limits.content_bytes), lea, now)

    def judge(self, name: str, content: bytes | None, lea: str, now: datetime) -> Report:
        """The report on the content of a file of this name, None where it is more than is read. Raises NoWard."""
        if content is None:
            hint = f"It has more than {self._limits.content_bytes // MIB} MiB."
            return _refused("inflates-too-much", hint)
        answer = self._warden.run(
            orjson.dumps([lea, now.isoformat(), self._mapping]), [Task(orjson.dumps([name, False]), content)]
        )[0]
        if isinstance(answer, Spent):
            return _refused("too-costly") if answer in _COSTLY else Report(Verdict.FAILED)
        try:
            return Report.from_json(orjson.loads(answer))
        except (ValueError, KeyError, TypeError):
            return Report(Verdict.FAILED)

    def understand(self, path: Path) -> Understood | Fault:
        """What is understood of a table, or why it is none. Raises OSError where the file cannot be read, NoFile among
        them, and NoWard."""
        content = content_of(path, self._limits.content_bytes)
        if content is None:
            return _refused("inflates-too-much").faults[0]
        common = orjson.dumps(["", "", self._mapping])
        answer = self._warden.run(common, [Task(orjson.dumps([path.name, True]), content)])[0]
        if isinstance(answer, Spent):
            return _refused("too-costly").faults[0]
        try:
            said = orjson.loads(answer)
            return Fault(**said["fault"]) if "fault" in said else from_json(said)
        except (ValueError, KeyError, TypeError):
            return Fault("", "It could not be looked at: that failed.", "Please tell the state's operator.")


@contextmanager
def checking(mapping: str = "") -> Iterator[Checker]:
    """A checker with the exchange's usual limits; `mapping` is the LEA's mapping as text, '' for none."""
    limits = Limits()
    memory = limits.memory_of(limits.largest_bytes)
    bounds = Bounds(
        cpu_seconds=limits.read_cpu_seconds,
        wall_seconds=limits.read_wall_seconds,
        memory_bytes=memory,
        room_bytes=memory + _SET_ASIDE * limits.largest_bytes,
        is_apart=True,
    )
    warden = Warden([sys.executable, "-m", "broker.processes.checker"], bounds, limits.largest_bytes)
    try:
        yield Checker(warden, limits, mapping)
    finally:
        warden.close()


def content_of(path: Path, most: int) -> bytes | None:
    """The bytes of an ordinary file; None where they are more than `most`. Raises OSError, NoFile among them."""
    known = path.stat()
    if stat.S_ISDIR(known.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(known.st_mode):
        raise NoFile(errno.EINVAL, "no ordinary file", str(path))
    try:
        with open(os.open(path, _FLAGS), "rb") as file:
            content = file.read(most + 1) if known.st_size <= most else b""
    except OSError as error:
        error.filename = str(path)
        raise
    return content if max(len(content), known.st_size) <= most else None


def _refused(code: str, hint: str = "") -> Report:
    meaning, remedy = CODES[code]
    return Report(Verdict.REFUSED, faults=(Fault(code, f"{meaning} {hint}".strip(), remedy),))
