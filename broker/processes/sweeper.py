"""The sweeper process: its own loop, which restarts work that has stopped (see `broker.stages.sweep`).

Promises: receipts are signed, and their files written, within a fraction of a second; every other duty runs within
`sweep_seconds`; a duty that fails is logged once until it works again, and the next round tries it again.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from broker import wiring
from broker.core.errors import Deferred
from broker.core.model import LeaId
from broker.edge.home.apart import Silent
from broker.edge.ledger.again import again
from broker.edge.ledger.blame import NOT_KEPT, cause_of
from broker.edge.ledger.engine import reading
from broker.edge.ledger.parties import directory_changes, removals
from broker.flags import missing
from broker.oversight import alerts, claims, harvest, overdue
from broker.packets.services import Services
from broker.parties.pages import write_pages
from broker.processes.part import Part, run
from broker.stages.sweep import leftovers
from broker.stages.sweep.collected import notice_collected
from broker.stages.sweep.day_change import DayChange
from broker.stages.sweep.deliveries import finish_deliveries
from broker.stages.sweep.follow_ups import follow_up_some
from broker.stages.sweep.receipts import publish_receipts
from broker.stages.sweep.resumed import resume_for_keys, resume_unflagged
from broker.stages.sweep.standing import enqueue_standing
from broker.stages.sweep.unsealed import purge_unsealed
from broker.students import expired

_RECEIPT_SECONDS = 0.05
_LEDGER_SECONDS = 1.0  # pause when the ledger fails
_SELDOM = 15  # rounds
_TICK_NS = 2_000_000_000


class InboxDuty:
    """Which inboxes changed since the last look, by the folder's own modification time."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._seen: dict[str, int] = {}
        self._lost: set[str] = set()

    def look(self) -> None:
        """Publish what a crash left staged, and notice what was collected."""
        with reading(self._services.engine) as connection:
            leas = [party.id for party in removals.present(connection)]
        for lea in leas:
            try:
                self._look_at(lea)
            except Silent:  # logged once, and shown by `satchel status`
                self._seen.pop(lea, None)
            except Deferred as later:
                self._is_lost(lea, later)
            else:
                self._lost.discard(lea)

    def _is_lost(self, lea: LeaId, later: Deferred) -> None:
        """Logged once for as long as it lasts; meanwhile nothing in this inbox counts as collected."""
        if lea not in self._lost:
            self._services.log.warning("inbox cannot be read", lea=lea, why=later.why)
        self._lost.add(lea)
        self._seen.pop(lea, None)

    def _look_at(self, lea: LeaId) -> None:
        changed = self._services.inboxes.changed(lea)
        if self._seen.get(lea) == changed:
            return
        unfinished = finish_deliveries(self._services, lea)
        notice_collected(self._services, lea)
        # a change within the file system's clock tick would look the same, so a recent time is checked again
        if not unfinished and time.time_ns() - changed > _TICK_NS:
            self._seen[lea] = changed


class DirectoryDuty:
    """Publishes the parties and their keys after a change, by a packet or by a command that was interrupted before it
    had published; and once at the start."""

    def __init__(self, services: Services, publish: Callable[[], list[LeaId]]) -> None:
        self._services = services
        self._publish = publish
        self._done = -1

    def look(self) -> None:
        """Publish if anything changed since the last look."""
        with reading(self._services.engine) as connection:
            last = directory_changes.last(connection)
        if last != self._done:
            missing = self._publish()
            if missing:
                self._services.log.warning("directory not published to all", leas=list(missing))
            self._done = last


def _guarded(services: Services, part: Part, duty: str, work: Callable[[], object]) -> bool:
    """Run a duty; returns whether it reports to have done something. A failure is logged once, and the duty is tried
    again."""
    try:
        done = bool(again(services.engine, work))
    except Exception as error:  # noqa: BLE001  others rely on the sweeper, so it continues
        services.troubles.meet(services.log, duty, error)
        if isinstance(error, OSError):  # a failed flush of the disk; only a new process can continue
            part.fail()
        elif cause_of(error) in NOT_KEPT:
            part.stop.wait(_LEDGER_SECONDS)
        return False
    services.troubles.over(services.log, duty)
    return done


def main() -> None:
    """Entry point of the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    services = wiring.build(parser.parse_args().home, "sweeper")
    inboxes = InboxDuty(services)
    published = DirectoryDuty(services, lambda: write_pages(services))
    duties: dict[str, Callable[[], object]] = {
        "enqueue": lambda: enqueue_standing(services),
        "inboxes": inboxes.look,
        "keys": lambda: resume_for_keys(services),
        "day change": DayChange(services).look,
        "alerts": lambda: alerts.tell_owed(services),
        "flags": lambda: resume_unflagged(services),
        "held back": lambda: missing.hold_what_came_late(services),
        "claims": claims.Nightly(services).look,
        "overdue": overdue.Nightly(services).look,
        "harvest": harvest.Nightly(services).look,
        "expired": expired.Nightly(services).look,
    }
    seldom: dict[str, Callable[[], object]] = {
        "directory": published.look,
        "leftovers": lambda: leftovers.purge(services),
        "quarantine": leftovers.SetAside(services).clear,
    }
    with Part(services.home.run, "sweeper").living() as part:
        part.ready()
        _guarded(services, part, "unsealed", lambda: purge_unsealed(services))
        due, is_more, rounds = 0.0, False, 0
        away: set[str] = set()  # LEAs whose folder was missing in this round, so that nothing is signed in vain
        while not part.stop.wait(_RECEIPT_SECONDS):
            _guarded(services, part, "receipts", lambda: publish_receipts(services, away))
            is_due = time.monotonic() >= due
            if is_due or is_more:  # slice by slice: others can write, and receipts be published, in between
                is_more = _guarded(services, part, "follow-ups", lambda: follow_up_some(services))
            if is_due:
                for duty, work in (duties | (seldom if rounds % _SELDOM == 0 else {})).items():
                    _guarded(services, part, duty, work)
                rounds += 1
                away.clear()
                due = time.monotonic() + services.settings.workers.sweep_seconds
        services.apart.close()


if __name__ == "__main__":
    run(main)
