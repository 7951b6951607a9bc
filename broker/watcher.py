"""The watcher process: complete files of all outboxes are taken in, LEA by LEA in turn.

Promises: file-system events are a hint to look, the scan at start and on a timer is the truth; one LEA with
100,000 files gets one batch a turn, like every other; a file that is not complete is waited for and never taken early.
"""

import argparse
import itertools
import queue
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path

from broker import wiring
from broker.core.errors import Deferred
from broker.core.extent import Extent, Progress
from broker.core.model import LeaId
from broker.edge.folders import OUTBOX
from broker.edge.ledger import removals
from broker.edge.ledger.engine import reading
from broker.edge.outbox import Odd
from broker.edge.readiness import Found, Readiness, Ready, Wait
from broker.edge.watch import Watch
from broker.part import Part, run
from broker.stages import intake
from broker.stages.services import Services

_GATHER_SECONDS = 0.004  # events of one burst are looked at together
_IDLE_SECONDS = 0.25
_ENTRIES_PER_FILE = 32  # entries looked at for each file that one turn may take in
_HEADERS_A_TURN = 4096  # of an LEA's files whose end is looked for: some 15 ms; 32 MiB in gpg's parts of 8 KiB


@dataclass(slots=True)
class _Pass:
    """One walk through an outbox, in turns; with 100,000 files it takes many."""

    lea: LeaId
    items: Generator[Found | Odd, None, None]
    began: float
    closed: set[str]
    soonest: float | None = None
    headers: int = 0  # that this turn may still read
    is_over: bool = False


class Watcher:
    """What is to be looked at, and when next. Times are monotonic seconds."""

    def __init__(self, services: Services) -> None:
        chosen = services.settings.intake
        self._services = services
        self._hints: queue.SimpleQueue[tuple[LeaId, str, bool]] = queue.SimpleQueue()
        self._watch = Watch(chosen.watch, chosen.poll_seconds)
        self._readiness = Readiness(chosen.settle_seconds, chosen.broken_seconds)
        self._known: set[LeaId] = set()
        self._closed: dict[LeaId, set[str]] = {}  # names whose writer was seen to finish, since the last look
        self._due: dict[LeaId, float] = {}
        self._passes: dict[LeaId, _Pass] = {}
        self._next_scan = 0.0

    def _on_hint(self, lea: LeaId, name: str, closed: bool) -> None:
        self._hints.put((lea, name, closed))

    def start(self) -> None:
        """Begin to watch; the first full scan is due at once."""
        outboxes = self._new_leas()
        for lea in outboxes:
            self._tidy(lea)
        self._watch.start(outboxes, self._on_hint)

    def _tidy(self, lea: LeaId) -> None:
        try:
            self._services.outboxes.tidy(lea)
        except Deferred as later:
            self._services.log.warning("outbox cannot be read", lea=lea, why=later.why)

    def stop(self) -> None:
        """End the watching threads."""
        self._watch.stop()

    def _new_leas(self) -> dict[LeaId, Path]:
        with reading(self._services.engine) as connection:
            leas = {party.id for party in removals.present(connection)}
        self._known &= leas  # nothing is taken from who has left
        fresh = {lea: self._services.home.folder(lea, OUTBOX) for lea in sorted(leas - self._known)}
        self._known |= set(fresh)
        return fresh

    def _gather(self, wait: float) -> None:
        """Take the hints that are there, waiting for a first one."""
        try:
            hint = self._hints.get(timeout=max(wait, 0.001))
        except queue.Empty:
            return
        time.sleep(_GATHER_SECONDS)
        for _ in range(self._hints.qsize() + 1):
            lea, name, closed = hint
            self._due[lea] = 0.0
            if closed and name:
                self._closed.setdefault(lea, set()).add(name)
            try:
                hint = self._hints.get_nowait()
            except queue.Empty:
                return
        self._hints.put(hint)

    def turn(self) -> None:
        """One look at everything that is due."""
        now = time.monotonic()
        self._gather(min([*self._due.values(), self._next_scan, now + _IDLE_SECONDS]) - now)
        now = time.monotonic()
        if now >= self._next_scan:
            self._full_scan(now)
        for lea in [lea for lea, when in self._due.items() if when <= now]:
            again = self._look(lea)
            if again is None:
                del self._due[lea]
            else:
                self._due[lea] = again

    def _full_scan(self, now: float) -> None:
        for lea, path in self._new_leas().items():
            self._watch.add(lea, path)
        if not self._watch.alive():
            self._services.log.warning("file events stopped; watching starts again")
            self._watch.stop()
            outboxes = {lea: self._services.home.folder(lea, OUTBOX) for lea in self._known}
            self._watch.start(outboxes, self._on_hint)
        self._due |= dict.fromkeys(self._known, 0.0)
        self._next_scan = now + self._services.settings.intake.scan_seconds

    def _look(self, lea: LeaId) -> float | None:
        """Go on looking through one LEA's outbox; returns when to look again, or None for the next hint or scan."""
        if lea not in self._known:  # it has left
            self._drop_pass(lea)
            return None
        try:
            one = self._passes.get(lea) or self._begin(lea)
            self._passes[lea] = one
            ready, odd = self._some(one)
            intake.run_odd(self._services, lea, odd)
            left: list[Found] = []
            intake.run(self._services, lea, ready, left)
        except Deferred as later:
            self._services.log.warning("outbox cannot be read", lea=lea, why=later.why)
            self._drop_pass(lea)
            return time.monotonic() + self._services.settings.intake.scan_seconds
        for found in ready:
            if found in left:
                self._readiness.missed(lea, found, time.monotonic())
            else:
                self._readiness.forget(lea, found.name)
        if not one.is_over:
            return 0.0
        self._drop_pass(lea)
        self._readiness.forget_unseen(lea, one.began)
        return 0.0 if self._closed.get(lea) else one.soonest

    def _begin(self, lea: LeaId) -> "_Pass":
        return _Pass(lea, self._services.outboxes.scan(lea), time.monotonic(), self._closed.pop(lea, set()))

    def _drop_pass(self, lea: LeaId) -> None:
        over = self._passes.pop(lea, None)
        if over is not None:
            over.items.close()

    def _some(self, one: "_Pass") -> tuple[list[Found], list[Odd]]:
        """At most a batch of what is ready, from at most so many entries: other LEAs wait for their turn."""
        ready: list[Found] = []
        odd: list[Odd] = []
        batch = self._services.settings.intake.batch
        most = batch * _ENTRIES_PER_FILE
        one.headers = _HEADERS_A_TURN
        looked = 0
        for item in itertools.islice(one.items, most):
            looked += 1
            if isinstance(item, Odd):
                odd.append(item)
            else:
                verdict = self._observe(one, item)
                if isinstance(verdict, Ready):
                    ready.append(item)
                else:
                    one.soonest = min(one.soonest or verdict.until, verdict.until)
            if len(ready) + len(odd) >= batch:
                return ready, odd
        one.is_over = looked < most
        return ready, odd

    def _observe(self, one: "_Pass", found: Found) -> Ready | Wait:
        def judge(progress: Progress) -> tuple[Extent, Progress]:
            if one.headers <= 0:
                return Extent.UNDECIDED, progress
            extent, after = self._services.outboxes.extent(one.lea, found, replace(progress), one.headers)
            one.headers -= max(after.headers - progress.headers, 1)
            return extent, after

        now = time.monotonic()
        try:
            return self._readiness.observe(one.lea, found, now, found.name in one.closed, judge)
        except Deferred:
            return Wait(now + self._services.settings.intake.settle_seconds)


def main() -> None:
    """Entry point of the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    services = wiring.build(parser.parse_args().home, "watcher")
    watcher = Watcher(services)
    services.vault.tidy()
    with Part(services.home.run, "watcher").living() as part:
        watcher.start()
        for turn in itertools.count():
            try:
                watcher.turn()
            except Exception as bug:  # noqa: BLE001  nothing is lost: the files are still where they were
                services.log.error("round failed", kind=type(bug).__name__)
                part.fail()
            if turn == 0:
                part.ready()
            if part.stop.is_set():
                break
        watcher.stop()


if __name__ == "__main__":
    run(main)
