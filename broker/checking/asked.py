"""Files are read and given to a process beside this one, which checks and converts them (`broker.processes.checker`).

Owns what of the disk is taken for a file, and the bounds of checking one: those by which the exchange reads a packet by
itself. Promises: what is no ordinary file is not opened (a pipe or a device could give bytes without end); a file too
large for the exchange is not read, but for a table, which is read piece by piece (`long`); hostile contents are parsed
in the other process alone, which is ended when one costs too much.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from broker.checking.asking import Asker, Unanswered, refused
from broker.checking.long import Converted, LongTable, is_long
from broker.checking.report import Fault, Report
from broker.checking.same_file import NoFile, opened
from broker.edge.bounded.bounds import Bounds
from broker.edge.bounded.warden import Warden
from broker.edge.settings.values import MIB, Limits
from broker.formats.mapping.seen import Understood, from_json

__all__ = ["Checker", "Converted", "NoFile", "checking", "content_of"]

_SET_ASIDE = 12  # bytes that the JSON parser reserves for each byte of a document, and hardly fills
_NOT_LOOKED_AT = Fault("", "It could not be looked at: that failed.", "Please tell the state's operator.")


class Checker:
    """Checks and converts files, one after the other; `checking` makes and ends it."""

    def __init__(self, warden: Warden, limits: Limits, mapping: str = "") -> None:
        self._warden = warden
        self._limits = limits
        self._mapping = mapping

    def check(self, path: Path, lea: str, now: datetime) -> Report:
        """The report on a file; `lea` is '' where the user does not say whose it is. Raises OSError where the file
        cannot be read, NoFile among them, and NoWard."""
        try:
            if long := self._long(path, lea, now):
                return long.check()
        except Unanswered as why:
            return why.report
        return self.judge(path.name, content_of(path, self._limits.content_bytes), lea, now)

    def judge(self, name: str, content: bytes | None, lea: str, now: datetime) -> Report:
        """The report on the content of a file of this name, None where it is more than is read. Raises NoWard."""
        if content is None:
            return self._too_large()
        try:
            return self._asker(lea, now).ask({"ask": "check", "file": name}, content).report
        except Unanswered as why:
            return why.report

    def convert(self, path: Path, to: str, lea: str, now: datetime, take: Callable[[bytes], None]) -> Converted:
        """Convert a file; `to` is the form, or the packet type, that it shall have. Each file that it becomes is given
        to `take`, one after the other. Raises as `check`."""
        try:
            if long := self._long(path, lea, now, to):
                return long.convert(to, take)
            content = content_of(path, self._limits.content_bytes)
            if content is None:
                return Converted(self._too_large())
            answer = self._asker(lea, now).ask({"ask": "convert", "file": path.name, "to": to}, content)
            for one in answer.files:
                take(one)
            return Converted.of(answer)
        except Unanswered as why:
            return Converted(why.report)

    def _long(self, path: Path, lea: str, now: datetime, to: str = "") -> LongTable | None:
        """The table that a file is, if it has more lines than one packet. Raises Unanswered where it is refused."""
        if not is_long(path, self._limits.students_per_enrollment):
            return None
        return LongTable.of(self._asker(lea, now), path, to, self._limits.students_per_enrollment)

    def _too_large(self) -> Report:
        return refused("inflates-too-much", f"It has more than {self._limits.content_bytes // MIB} MiB.")

    def understand(self, path: Path) -> Understood | Fault:
        """What is understood of a table, or why it is none. Raises OSError where the file cannot be read, NoFile among
        them, and NoWard."""
        content = content_of(path, self._limits.content_bytes)
        if content is None:
            return self._too_large().faults[0]
        try:
            said = (
                self._asker("", datetime.now(UTC))
                .ask({"ask": "understand", "file": path.name}, content)
                .said["understood"]
            )
            return Fault(**said["fault"]) if "fault" in said else from_json(said)
        except Unanswered as why:
            return next(iter(why.report.faults), _NOT_LOOKED_AT)
        except (ValueError, KeyError, TypeError):
            return _NOT_LOOKED_AT

    def _asker(self, lea: str, now: datetime) -> Asker:
        return Asker(self._warden, lea, now.isoformat(), self._mapping)


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
    with opened(path) as file:
        size = path.stat().st_size
        content = file.read(most + 1) if size <= most else b""
    return content if max(len(content), size) <= most else None
