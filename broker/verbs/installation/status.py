"""status: the state of the exchange in numbers, and what needs a person.

Contract: reads only; no student data. Raises the errors of a database that does not answer (`offline.said_of`).
"""

from dataclasses import dataclass

from broker.core.access import Action
from broker.core.actor import Actor
from broker.edge.home.apart import silent
from broker.edge.home.disk_room import free
from broker.edge.home.running import is_alive, is_held, read_beats
from broker.edge.ledger.cases import follow_ups
from broker.edge.ledger.engine import Reading, reading
from broker.edge.ledger.packets import keeping, views
from broker.edge.ledger.people import reviews
from broker.edge.queue.redis_versions import Server
from broker.offline import Offline
from broker.oversight import needs
from broker.oversight.needs import Disk, Need, Numbers, Seen, Waiting
from broker.parties import marks
from broker.verbs.acting import verb

__all__ = ["Disk", "Need", "Numbers", "Seen", "Server", "Status", "Waiting", "show"]


@dataclass(frozen=True, slots=True)
class Status:
    """The numbers, the queues' server (None where it does not answer), and what needs a person."""

    numbers: Numbers
    server: Server | None
    needs: tuple[Need, ...]


@verb(Action.READ_STATUS)
def show(room: Offline, *, actor: Actor) -> Status:
    """The state of the exchange now."""
    from broker.edge.queue.queues import Queues  # imported here, because the other verbs need no queue

    queues = Queues(room.settings)
    with reading(room.engine) as connection:
        numbers = _numbers(room, connection, queues.waiting())
    server = queues.server()
    with reading(room.engine) as connection:
        return Status(numbers, server, tuple(needs.of(room, connection, numbers)))


def _numbers(room: Offline, connection: Reading, queued: dict[str, int] | None) -> Numbers:
    now, oldest = room.clock().timestamp(), views.oldest_waiting(connection)
    questions, asked = reviews.count_open(connection)
    parts = _parts(room, now)
    return Numbers(
        states=views.counts(connection),
        queues=queued,
        oldest_waiting_seconds=round(now - oldest, 3) if oldest else None,
        receipts_to_publish=views.unpublished(connection),
        reviews_open=questions,
        reviews_since=asked,
        transfers_to_open=follow_ups.count(connection),
        inboxes_lost=tuple(marks.lost(connection, room.home, room.apart)),
        disk=_disk(room),
        full=_full(room, connection),
        silent={lea: round(now - since, 3) for lea, since in silent(room.home).items()},
        parts=parts,
        running=is_held(room.home.run) or any(one.alive for one in parts),
    )


def _parts(room: Offline, now: float) -> tuple[Seen, ...]:
    beats = read_beats(room.home.run)
    return tuple(Seen(beat["part"], beat["pid"], is_alive(beat, now), beat["ready"]) for beat in beats)


def _disk(room: Offline) -> Disk:
    spare, reserve = free(room.home.vault), room.settings.intake.reserve_bytes
    return Disk(spare, reserve, spare <= reserve)


def _full(room: Offline, connection: Reading) -> dict[str, Waiting]:
    of = room.settings.intake
    return {
        lea: Waiting(files, size)
        for lea, (files, size) in sorted(keeping.waiting(connection).items())
        if lea and (files >= of.waiting_files or size >= of.waiting_bytes)
    }
