"""When is a file in an outbox complete?

Owns that decision, without disk or clock. Promises: nothing half-uploaded is taken while its writer is still at work
or may come back, and nothing waits for ever. A file is complete when its writer closed it or moved it into place, or
when it did not change for the settle time, AND its content does not end too early; one that does end too early is
given `broken_seconds` without a change, and is then taken, to be refused as truncated.
What is known of a content follows it through renames and goes on where it stood, so that half a file, renamed or
touched again and again, costs its headers once and not each time; a file that changes whenever it is copied is left
alone for longer and longer.
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
        """Names this very drop, whatever its name. The change time is in it because inodes are given out anew at once
        and senders preserve modification times: without it a second drop could look like the first."""
        return f"{self.dev}:{self.ino}:{self.mtime_ns}:{self.size}:{self.ctime_ns}"


@dataclass(frozen=True, slots=True)
class Ready:
    """Take it. `broken` says that it ends too early and was waited for in vain."""

    broken: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again when something changes, or at this time (monotonic seconds)."""

    until: float


@dataclass(frozen=True, slots=True)
class Half:
    """A file that ends too early: so it was since one moment, and is waited for until another (monotonic seconds)."""

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
    is_old: bool = False  # the progress was made over an earlier content: it proves nothing but that this one is short
    complete: bool | None = None
    misses: int = 0
    not_before: float = 0.0


class Readiness:
    """Remembers the files that are being waited for, at most `most` of one LEA (the others wait for a free place)."""

    def __init__(self, settle_seconds: float, broken_seconds: float, most: int = 2048) -> None:
        self._settle = settle_seconds
        self._broken = max(broken_seconds, settle_seconds)
        self._most = most
        self._watched: dict[LeaId, dict[str, _Watched]] = {}
        self._by_inode: dict[LeaId, dict[tuple[int, int], _Watched]] = {}

    def observe(self, lea: LeaId, found: Found, now: float, closed_hint: bool, judge: Judge) -> Ready | Wait:
        """One look at one file. `closed_hint`: it was closed after writing, or moved into place, just before this look.

        `judge` tells whether the content ends too early (`broker.core.files.extent`), and where its look stands now; it
        is asked once for a content and again after each hint, and what it raises passes through (nothing is decided
        then). An empty file always ends too early: many clients create a file, and only then begin to send.
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
        """Whether it is decided."""
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
        """The file was ready and could not be taken: its next try waits, and longer each time."""
        watched = self._watched.get(lea, {}).get(found.name)
        if watched is not None:
            watched.not_before = now + min(self._settle * 2**watched.misses, self._broken)
            watched.misses = min(watched.misses + 1, 30)

    def drop(self, lea: LeaId, name: str) -> None:
        """The file was taken, or is gone."""
        mine, inodes = self._watched.get(lea, {}), self._by_inode.get(lea, {})
        watched = mine.pop(name, None)
        if watched is not None and inodes.get(watched.content[:2]) is watched:
            del inodes[watched.content[:2]]
        if not mine:
            self._watched.pop(lea, None)
            self._by_inode.pop(lea, None)

    def drop_unseen(self, lea: LeaId, since: float) -> None:
        """After a whole scan that began at `since`: what was not observed in it is gone."""
        for name in [name for name, watched in self._watched.get(lea, {}).items() if watched.seen < since]:
            self.drop(lea, name)

    def halves(self, lea: LeaId) -> list[Half]:
        """The files of an LEA that end too early, as they were seen last."""
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
        """A content that is new under its name: known under another one perhaps, or grown from an earlier one."""
        known = self._by_inode.get(lea, {}).get(content[:2])
        if known is None:
            return _Watched(content, now, now, False, Progress())
        if known.content == content:
            return replace(known, seen=now, closed=False)
        progress = replace(known.progress)
        is_old = bool(progress.at)
        return _Watched(content, now, now, False, progress, is_old, None, known.misses, known.not_before)
