"""Decides when a file in an outbox is complete.

Owns that decision, without disk or clock. Promises: no partial upload is taken while its writer is still at work or may
come back, and nothing waits for ever. A file is complete when its writer closed it or moved it into place, or when it
did not change for the settle time, AND its content does not end too early; one that does end too early waits for
`broken_seconds` without a change, and is then taken, to be refused as truncated.

What is known about a content follows it through renames and is continued, so a partial file that is renamed or touched
again and again costs its headers only once; a file that changes whenever it is copied is left alone for longer and
longer.

Times are the caller's monotonic seconds at which it looked: a file's own times come from another clock (a network
mount's server, or the sender's, if the upload preserves them).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from broker.core.files.extent import Extent, Progress
from broker.core.model import LeaId

Judge = Callable[[Progress], tuple[Extent, Progress]]


@dataclass(frozen=True, slots=True)
class Found:
    """An ordinary file in an outbox, as one look showed it. `ctime_ns` is the kernel's: a sender cannot set it."""

    name: str
    size: int
    mtime_ns: int
    ino: int
    dev: int
    ctime_ns: int

    @property
    def source_mark(self) -> str:
        """Identifies exactly this drop, whatever its name. It includes the change time because inodes are reused at
        once and senders preserve modification times: without it a second drop could look like the first."""
        return f"{self.dev}:{self.ino}:{self.mtime_ns}:{self.size}:{self.ctime_ns}"


def without_change_time(source_mark: str) -> str:
    """What a mark has left when its file is renamed, also by the exchange itself: a rename changes the change time."""
    return source_mark.rpartition(":")[0]


@dataclass(frozen=True, slots=True)
class Ready:
    """Take the file. `broken` means that it ends too early and that waiting did not help."""

    broken: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again when something changes, or at this time (monotonic seconds)."""

    until: float


@dataclass(frozen=True, slots=True)
class Half:
    """A file that ends too early, since when, and until when the exchange waits for the rest (monotonic seconds)."""

    name: str
    size: int
    since: float
    until: float


@dataclass(slots=True)
class _Watched:
    content: tuple[int, int, int, int]
    since: float
    seen: float
    closed: bool
    progress: Progress
    is_old: bool = False  # the progress is of an earlier content: all it can prove is that this one is short
    complete: bool | None = None
    misses: int = 0
    not_before: float = 0.0


class Readiness:
    """Remembers the files that must wait, at most `most` for each LEA (the others wait for a free place)."""

    def __init__(self, settle_seconds: float, broken_seconds: float, most: int = 2048) -> None:
        self._settle = settle_seconds
        self._broken = max(broken_seconds, settle_seconds)
        self._most = most
        self._watched: dict[LeaId, dict[str, _Watched]] = {}
        self._by_inode: dict[LeaId, dict[tuple[int, int], _Watched]] = {}

    def observe(self, lea: LeaId, found: Found, now: float, closed_hint: bool, judge: Judge) -> Ready | Wait:
        """Judge one file as it is now. `closed_hint`: it was closed after writing, or moved into place, just before
        this look.

        `judge` says whether the content ends too early (`broker.core.files.extent`), and how far it has read; it is
        called once for each content and again after each hint. What it raises passes through, and then nothing is
        decided. An empty file always ends too early: many clients create a file before they send its content.
        """
        watched = self._update(lea, found, now, closed_hint)
        settled = 0.0 if watched.closed else watched.since + self._settle
        if now < max(settled, watched.not_before):
            return Wait(max(settled, watched.not_before))
        if watched.complete is None and not self._judge(watched, found, judge):
            return Wait(now)
        if watched.complete:
            return Ready()
        if now - watched.since >= self._broken:
            return Ready(broken=True)
        return Wait(watched.since + self._broken)

    def _judge(self, watched: _Watched, found: Found, judge: Judge) -> bool:
        """Whether the question is decided."""
        extent = Extent.SHORT
        if found.size:
            extent, watched.progress = judge(watched.progress)
        if extent is Extent.UNDECIDED:
            return False
        if extent is not Extent.SHORT and watched.is_old:
            watched.progress, watched.is_old = Progress(), False
            return False
        watched.complete = extent is not Extent.SHORT
        return True

    def missed(self, lea: LeaId, found: Found, now: float) -> None:
        """The file was ready but could not be taken: its next tries come after growing pauses."""
        watched = self._watched.get(lea, {}).get(found.name)
        if watched is not None:
            watched.not_before = now + min(self._settle * 2**watched.misses, self._broken)
            watched.misses = min(watched.misses + 1, 30)

    def drop(self, lea: LeaId, name: str) -> None:
        """Forget a file that was taken or is gone."""
        mine, inodes = self._watched.get(lea, {}), self._by_inode.get(lea, {})
        watched = mine.pop(name, None)
        if watched is not None and inodes.get(watched.content[:2]) is watched:
            del inodes[watched.content[:2]]
        if not mine:
            self._watched.pop(lea, None)
            self._by_inode.pop(lea, None)

    def drop_unseen(self, lea: LeaId, since: float) -> None:
        """After a whole scan that began at `since`: forget the files that it did not observe."""
        for name in [name for name, watched in self._watched.get(lea, {}).items() if watched.seen < since]:
            self.drop(lea, name)

    def halves(self, lea: LeaId) -> list[Half]:
        """The files of an LEA that end too early, as last seen."""
        mine = self._watched.get(lea, {}).items()
        return [
            Half(name, one.content[2], one.since, one.since + self._broken)
            for name, one in mine
            if one.complete is False
        ]

    def waiting(self, lea: LeaId) -> int:
        """How many files of an LEA are remembered."""
        return len(self._watched.get(lea, {}))

    def _update(self, lea: LeaId, found: Found, now: float, closed_hint: bool) -> _Watched:
        content = (found.dev, found.ino, found.size, found.mtime_ns)
        mine = self._watched.setdefault(lea, {})
        watched = mine.get(found.name)
        if watched is None or watched.content != content:
            watched = self._begin(lea, content, now)
            if found.name in mine or len(mine) < self._most:
                mine[found.name] = watched
                self._by_inode.setdefault(lea, {})[content[:2]] = watched
        watched.seen = now
        if closed_hint:
            watched.closed, watched.complete = True, None
        return watched

    def _begin(self, lea: LeaId, content: tuple[int, int, int, int], now: float) -> _Watched:
        """The state of a content that is new under its name: it may be known under another name, or have grown from an
        earlier content."""
        known = self._by_inode.get(lea, {}).get(content[:2])
        if known is None:
            return _Watched(content, now, now, False, Progress())
        if known.content == content:
            return replace(known, seen=now, closed=False)
        progress = replace(known.progress)
        is_old = bool(progress.at)
        return _Watched(content, now, now, False, progress, is_old, None, known.misses, known.not_before)
