"""The watcher process: takes complete files in from all outboxes, LEA by LEA in turn.

Promises: file-system events are a hint to look, the scan at start and on a timer is the truth; an LEA with 100,000
files gets one batch a turn, like every other; an incomplete file waits and is never taken early; a ledger that fails is
logged once, and the watcher waits for it. LEAs with mounts of their own are handled in parallel, and nothing waits for
one that hangs.
"""

import argparse
import itertools
import queue
import time
from pathlib import Path

from broker import wiring
from broker.core.errors import Deferred
from broker.core.model import LeaId
from broker.edge.home.apart import Silent
from broker.edge.home.folders import OUTBOX
from broker.edge.home.readiness import Found, Readiness
from broker.edge.home.watch import Watch
from broker.edge.ledger.blame import NOT_KEPT, cause_of
from broker.edge.ledger.engine import reading
from broker.edge.ledger.parties import removals, suspensions
from broker.outboxes.allowance import Allowance
from broker.outboxes.notice import OutboxNotice
from broker.outboxes.picker import Picker
from broker.outboxes.walk import Walk
from broker.packets.services import Services
from broker.processes.beside import Beside
from broker.processes.part import Part, run
from broker.stages import intake

_GATHER_SECONDS = 0.004  # events of one burst are handled together
_LEDGER_SECONDS = 1.0  # pause when the ledger fails
_IDLE_SECONDS = 0.25
_FULL_SECONDS = 1.0  # between two checks for room


class Watcher:
    """Which LEAs to look at, and when next. Times are monotonic seconds."""

    def __init__(self, services: Services) -> None:
        chosen = services.settings.intake
        self._services = services
        self._hints: queue.SimpleQueue[tuple[LeaId, str, bool]] = queue.SimpleQueue()
        self._watch = Watch(chosen.watch, chosen.poll_seconds, services.apart.is_apart)
        self._readiness = Readiness(chosen.settle_seconds, chosen.broken_seconds)
        self._picker = Picker(services, self._readiness)
        self._known: set[LeaId] = set()
        self._closed: dict[LeaId, set[str]] = {}  # names whose writer was seen to finish since the last look
        self._due: dict[LeaId, float] = {}
        self._passes: dict[LeaId, Walk] = {}
        self._next_scan = 0.0
        self._notice = OutboxNotice(services)
        self._allowance = Allowance(services, self._notice)
        self._beside = Beside(self._look)
        self._tidied: set[LeaId] = set()
        self._events: set[LeaId] = set()  # LEAs with mounts of their own whose events arrive here

    def _on_hint(self, lea: LeaId, name: str, closed: bool) -> None:
        self._hints.put((lea, name, closed))

    def start(self) -> None:
        """Begin to watch; the first full scan is due at once."""
        self._new_leas()
        self._watch.start(self._together(), self._on_hint)

    def _together(self) -> dict[LeaId, Path]:
        """The outboxes that hang only when the exchange does."""
        here = (lea for lea in sorted(self._known) if not self._services.apart.is_apart(lea))
        return {lea: self._services.home.folder(lea, OUTBOX) for lea in here}

    def begin_again(self) -> None:
        """Drop all scans in progress: the next turn looks at every outbox again."""
        for lea in list(self._passes):
            self._drop_pass(lea)
        self._next_scan = 0.0

    def stop(self) -> None:
        """End the watching threads; looks that hang are left."""
        self._watch.stop()
        self._beside.join(self._services.settings.intake.answer_seconds + 1)
        self._services.apart.close()

    def _new_leas(self) -> dict[LeaId, Path]:
        with reading(self._services.engine) as connection:
            away = suspensions.standing(connection)
            leas = {party.id for party in removals.present(connection) if party.id not in away}
        self._known &= leas  # nothing is taken from parties that have left or are suspended
        fresh = {lea: self._services.home.folder(lea, OUTBOX) for lea in sorted(leas - self._known)}
        self._known |= set(fresh)
        return fresh

    def _gather(self, wait: float) -> None:
        """Take the present hints, after waiting for a first one."""
        try:
            hint = self._hints.get(timeout=max(wait, 0.001))
        except queue.Empty:
            return
        time.sleep(_GATHER_SECONDS)
        for _ in range(self._hints.qsize() + 1):
            lea, name, closed = hint
            self._due[lea] = 0.0
            if not name:  # events were lost, perhaps with the watch: the watch of an own mount is started again
                self._events.discard(lea)
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
        self._collect()
        for lea in [lea for lea, when in self._due.items() if when <= now and lea not in self._beside]:
            if self._services.apart.is_apart(lea):
                self._due.pop(lea, None)  # a hint that comes meanwhile makes the LEA due again
                self._beside.begin(lea)
            else:
                self._again(lea, self._look(lea))

    def _again(self, lea: LeaId, when: float | None) -> None:
        if when is None:
            self._due.pop(lea, None)
        else:
            self._due[lea] = when

    def _collect(self) -> None:
        """Collect the results of the parallel looks. Raises what one of them has raised."""
        for lea, again in self._beside.ended():
            if self._services.apart.is_apart(lea) and lea not in self._events:
                poll = time.monotonic() + self._services.settings.intake.poll_seconds
                again = poll if again is None else min(again, poll)
            if again is not None:
                self._due[lea] = min(again, self._due.get(lea, again))

    def _full_scan(self, now: float) -> None:
        for lea, path in self._new_leas().items():
            if not self._services.apart.is_apart(lea):
                self._watch.add(lea, path)
        if not self._watch.alive():
            self._services.log.warning("file events stopped; watching starts again")
            self._watch.stop()
            self._events.clear()
            self._watch.start(self._together(), self._on_hint)
        self._due |= dict.fromkeys(self._known, 0.0)
        self._next_scan = now + self._services.settings.intake.scan_seconds

    def _look(self, lea: LeaId) -> float | None:
        """Continue the scan of one LEA's outbox; returns when to look again, or None for the next hint or scan."""
        if lea not in self._known:  # the party has left
            self._drop_pass(lea)
            return None
        try:
            self._meet(lea)
            if not self._allowance.is_open(lea):
                return time.monotonic() + _FULL_SECONDS
            one = self._passes.get(lea) or self._begin(lea)
            self._passes[lea] = one
            ready, odd = self._picker.some(one)
            if (ready or odd) and self._is_suspended(lea):
                self._drop_pass(lea)
                return time.monotonic() + self._services.settings.intake.scan_seconds
            intake.run_odd(self._services, lea, odd)
            left: list[Found] = []
            chosen = self._allowance.choose(lea, ready)
            is_full, ready = len(chosen) < len(ready), chosen
            intake.run(self._services, lea, ready, left)
        except Deferred as later:
            if not isinstance(later, Silent):  # Silent is logged once, and shown by `satchel status`
                self._services.log.warning("outbox cannot be read", lea=lea, why=later.why)
            self._drop_pass(lea)
            return time.monotonic() + self._services.settings.intake.scan_seconds
        for found in ready:
            if found in left:
                self._readiness.missed(lea, found, time.monotonic())
            else:
                self._readiness.drop(lea, found.name)
        if is_full:
            self._drop_pass(lea)
            return time.monotonic() + _FULL_SECONDS
        if not one.is_over:
            return 0.0
        self._drop_pass(lea)
        self._readiness.drop_unseen(lea, one.began)
        self._tell(one)
        return 0.0 if self._closed.get(lea) else one.soonest

    def _is_suspended(self, lea: LeaId) -> bool:
        """Checked before anything is taken: the state may have suspended the LEA since the last full scan."""
        with reading(self._services.engine) as connection:
            return lea in suspensions.standing(connection)

    def _tell(self, one: Walk) -> None:
        """After a whole scan: tell the LEA which files are not complete."""
        try:
            halves = self._readiness.halves(one.lea)
            self._notice.say_files(one.lea, halves, one.unfinished, one.unreadable, time.monotonic())
        except Deferred:
            return  # it is told when its folder is there again

    def _meet(self, lea: LeaId) -> None:
        """Do what is needed once for each LEA, as soon as its folder answers."""
        apart = self._services.apart
        if lea not in self._tidied:
            self._services.outboxes.tidy(lea)
            self._tidied.add(lea)
        hears = apart.is_apart(lea) and lea not in self._events and apart.has_events(lea)
        if hears and self._watch.add_apart(lea, self._services.home.folder(lea, OUTBOX)):
            self._events.add(lea)

    def _begin(self, lea: LeaId) -> Walk:
        return Walk(lea, self._services.outboxes.scan_all(lea), time.monotonic(), self._closed.pop(lea, set()))

    def _drop_pass(self, lea: LeaId) -> None:
        over = self._passes.pop(lea, None)
        if over is not None:
            over.items.close()


def watch_turn(services: Services, watcher: Watcher, part: Part) -> None:
    """One turn; a ledger that fails is logged once, and the watcher waits for it."""
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
