"""notice: the file beside an LEA's README.txt that says what waits in its outbox, and for what.

Contract: `receipts` holds only signed statements, and a file that is not taken in has no packet that a statement could
be about. So OUTBOX-WAITS.txt says which files wait, and for what; a file that is not whole is named after
`intake.tell_seconds`; the notice goes away when nothing waits. It names only the LEA's own files, only to that LEA, and
a bounded number of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from broker.core.model import LeaId
from broker.edge.home.file_names import UPLOADING
from broker.edge.home.outbox import Unfinished
from broker.edge.home.readiness import Half
from broker.packets.services import Services

NOTICE = "OUTBOX-WAITS.txt"
_MOST = 20  # files named at once
_HEAD = "What waits in your outbox, and for what. This page goes away by itself when nothing waits any more."
_EMPTY = (
    "{name} is empty. If your program is still sending it, wait. If not, look at the file on your computer: if it is"
    " empty there too, seal the document again. Then send the file again. At about {until} this one is refused."
)
_SHORT = (
    "{name} is not whole: {size} bytes are there, and its end is missing. If your program is still sending it, wait. If"
    " not, the upload broke off: send the file again. At about {until} this one is refused."
)
_BROKEN = (
    "{name} is not whole: {size} bytes are there, and your program has not ended the upload. If it does not go on by"
    " itself, send the file again. The exchange takes it when it is whole."
)
_NAMED = (
    "{name} ({size} bytes) has a name that programs give to unfinished files: by its ending, or by the dot before it."
    " If the file is whole, rename it; if not, send it again. The exchange does not take it under this name."
)
_UNREADABLE = (
    "{name} cannot be read by the exchange: another program has it locked, or the exchange may not read it. Close"
    " the program, or let the file's group read it (chmod g+r), or send it again."
)


@dataclass(slots=True)
class _Known:
    """What one LEA is told: `full` is the paragraph on its share; `files` are the named files (name, size, kind of
    text); `since` is when a file was first seen in its present state, by the text about it."""

    full: str = ""
    files: tuple[tuple[str, int, str], ...] = ()
    lines: Sequence[str] = ()
    since: dict[tuple[str, Unfinished], float] = field(default_factory=dict)
    is_written: bool = False


class OutboxNotice:
    """The notices of all LEAs; threads may share it, at most one for each LEA. Times are monotonic seconds."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: dict[LeaId, _Known] = {}

    def say_full(self, lea: LeaId, text: str) -> None:
        """Tell the LEA that it has used up its share; '' takes that back. Raises Deferred."""
        known = self._known.setdefault(lea, _Known())
        known.full, known.is_written = text, False
        self._write(lea, known)

    def say_files(
        self,
        lea: LeaId,
        halves: Sequence[Half],
        unfinished: Sequence[Unfinished],
        unreadable: Sequence[Unfinished],
        now: float,
    ) -> None:
        """Tell the LEA which files a complete walk through its outbox found unfinished or unreadable. Raises
        Deferred."""
        known = self._known.setdefault(lea, _Known())
        patience = self._services.settings.intake.tell_seconds
        seen = [(_text_of(one), one) for one in unfinished] + [(_UNREADABLE, one) for one in unreadable]
        known.since = {key: known.since.get(key, now) for key in seen}
        late = [one for one in halves if now - one.since >= patience]
        old = [(text, one) for (text, one), since in known.since.items() if now - since >= patience]
        files = tuple(
            sorted({(one.name, one.size, "") for one in late} | {(one.name, one.size, text) for text, one in old})
        )
        if files != known.files:
            known.files, known.is_written = files, False
            known.lines = [*(self._half(one, now) for one in late), *(_said(*one) for one in old)]
            self._services.log.info("files wait in an outbox", lea=lea, files=len(files))
        self._write(lea, known)

    def _half(self, one: Half, now: float) -> str:
        until = self._services.settings.time.at(self._services.clock() + timedelta(seconds=one.until - now))
        text = _SHORT if one.size else _EMPTY
        return text.format(name=one.name, size=one.size, until=f"{until:%Y-%m-%d %H:%M %Z}")

    def _write(self, lea: LeaId, known: _Known) -> None:
        if known.is_written:
            return
        shown = list(known.lines[:_MOST])
        if len(known.lines) > _MOST:
            shown.append(f"More files that wait like these, and are not named here: {len(known.lines) - _MOST}.")
        parts = [part for part in (known.full.strip(), *shown) if part]
        self._services.outboxes.tell(lea, NOTICE, "\n\n".join([_HEAD, *parts]) + "\n" if parts else "")
        known.is_written = True


def _text_of(one: Unfinished) -> str:
    return _BROKEN if one.name.startswith(UPLOADING) else _NAMED


def _said(text: str, one: Unfinished) -> str:
    return text.format(name=one.name.removeprefix(UPLOADING), size=one.size)
