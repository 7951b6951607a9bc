"""The watcher process: complete files of all outboxes are taken in, LEA by LEA in turn.

Promises: file-system events are a hint to look, the scan at start and on a timer is the truth; one LEA with
100,000 files gets one batch a turn, like every other; a file that is not complete is waited for and never taken early;
a sick ledger is told of once, and waited for.
"""

import argparse
import itertools
import queue
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from broker import wiring
from broker.core.errors import Deferred
from broker.core.frames import Extent, extent
from broker.core.model import LeaId
from broker.edge.folders import OUTBOX
from broker.edge.ledger import removals
from broker.edge.ledger.blame import NOT_KEPT, cause_of
from broker.edge.ledger.engine import reading
from broker.edge.outbox import Odd
from broker.edge.readiness import Found, Readiness, Ready, Wait
from broker.edge.watch import Watch
from broker.part import Part, run
from broker.stages import intake
from broker.stages.services import Services

_GATHER_SECONDS = 0.004  # events of one burst are looked at together
_LEDGER_SECONDS = 1.0  # that a sick ledger is left alone
_IDLE_SECONDS = 0.25
_ENTRIES_PER_FILE = 32  # entries looked at for each file that one turn may take in


def _ends_well(file: BinaryIO) -> bool:
    return extent(file) is not Extent.SHORT


@dataclass(slots=True)
class _Pass:
    """One walk through an outbox, in turns; with 100,000 files it takes many."""

    lea: LeaId
    items: Generator[Found | Odd, None, None]
    began: float
    closed: set[str]
    soonest: float | None = None
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

    def begin_again(self) -> None:
        """Forget what was begun: the next turn looks at every outbox anew."""
        for lea in list(self._passes):
            self._drop_pass(lea)
        self._next_scan = 0.0

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
            intake.run(self._services, lea, ready)
        except Deferred as later:
            self._services.log.warning("outbox cannot be read", lea=lea, why=later.why)
            self._drop_pass(lea)
            return time.monotonic() + self._services.settings.intake.scan_seconds
        for found in ready:
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
        looked = 0
        for item in itertools.islice(one.items, most):
            looked += 1
            if isinstance(item, Odd):
                odd.append(item)
            else:
                verdict = self._observe(one.lea, item, item.name in one.closed)
                if isinstance(verdict, Ready):
                    ready.append(item)
                else:
                    one.soonest = min(one.soonest or verdict.until, verdict.until)
            if len(ready) + len(odd) >= batch:
                return ready, odd
        one.is_over = looked < most
        return ready, odd

    def _observe(self, lea: LeaId, found: Found, closed: bool) -> Ready | Wait:
        now = time.monotonic()
        try:
            return self._readiness.observe(
                lea, found, now, closed, lambda: self._services.outboxes.is_complete(lea, found, _ends_well)
            )
        except Deferred:
            return Wait(now + self._services.settings.intake.settle_seconds)


def watch_turn(services: Services, watcher: Watcher, part: Part) -> None:
    """One turn; a sick ledger is told of once, and waited for."""
    try:
        watcher.turn()
        services.troubles.over(services.log, "intake")
    except Exception as error:  # noqa: BLE001  nothing is lost: the files are still where they were
        services.troubles.meet(services.log, "intake", error)
        if cause_of(error) in NOT_KEPT:
            watcher.begin_again()
            part.stop.wait(_LEDGER_SECONDS)
        else:
            part.fail()


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
            watch_turn(services, watcher, part)
            if turn == 0:
                part.ready()
            if part.stop.is_set():
                break
        watcher.stop()


if __name__ == "__main__":
    run(main)
