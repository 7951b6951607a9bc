"""sweep: whatever stands still is set going again, and what follows from the ledger is made true.

Contract: every round may be repeated or missed without harm. It tells the queues of packets that no queue knows,
publishes receipts and deliveries whose commit outlived the process that made it, notices what LEAs took out of their
inbox, lets go what was held for a key that is there now, or for a flag that is not, and follows up students who moved
with many others.
"""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from broker.core.codes import NOT_KEPT
from broker.core.errors import Deferred
from broker.core.flow import NEXT_STAGE
from broker.core.lanes import BULK, EXPRESS
from broker.core.model import HeldFor, LeaId, PacketType, State, TrackingId
from broker.core.receipt import file_name
from broker.edge.home.apart_folders import write_all_receipts
from broker.edge.home.folders import Missing
from broker.edge.home.inbox import InboxState, withdrawn
from broker.edge.ledger import epoch
from broker.edge.ledger.again import committed
from broker.edge.ledger.blame import Cause, cause_of
from broker.edge.ledger.cases import follow_ups
from broker.edge.ledger.cases.follow_ups import FollowUp
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import corrections, history, moves, packets, views
from broker.edge.ledger.packets.rows import Move, PacketRow, Step
from broker.edge.ledger.parties import directory, suspensions
from broker.edge.ledger.people import flags
from broker.edge.pgp import keyring
from broker.edge.queue.queues import LANES
from broker.packets.batch import tell
from broker.packets.destination import is_forwarded
from broker.packets.purge_unsealed import forget
from broker.packets.receipts import signed
from broker.packets.services import Services
from broker.stages import collect
from broker.transfers import follow_up

_AT_ONCE = 2_000
_RECEIPTS_AT_ONCE = 500
_MOVES_AT_ONCE = 200


def publish_receipts(services: Services, away: set[str] | None = None) -> int:
    """Sign receipts that have no file yet, and write it; returns how many. Who has no folder keeps nobody waiting, and
    is added to `away`: whose receipts are passed over."""
    missing: set[str] = set() if away is None else away
    while True:
        with reading(services.engine) as connection:
            pending = history.pending(connection, _RECEIPTS_AT_ONCE, missing)
        texts = [(one, signed(services, one)) for one in pending]
        papers = [(LeaId(one.party), file_name(one.tracking, one.n, one.state), said) for one, said in texts if said]
        absent = write_all_receipts(services.home, services.apart, papers) if papers else []
        written = [paper for paper in pending if paper.party not in absent]
        missing |= set(absent)
        if written or not absent:
            break
    if written:
        with writing(services.engine) as connection:
            history.published(connection, written)
    return len(written)


def enqueue_standing(services: Services) -> int:
    """Tell the queues of packets that no queue knows or that stood still too long; returns how many."""
    if services.queues.lost_everything():
        committed(services.engine, packets.forget_queues)
    waiting = services.queues.waiting()
    if waiting is None:
        return 0
    now = services.clock().timestamp()
    # while the queues have work, a packet that waits is only behind others: told again later, and not every round
    is_busy = any(waiting.get(LANES[lane]) for lane in (EXPRESS, BULK))
    patience = services.settings.workers.stale_seconds * (10 if is_busy else 1)
    standing: list[tuple[TrackingId, State, int]] = []
    with reading(services.engine) as connection:
        for state in NEXT_STAGE:
            found = packets.due(connection, state, now, now - patience, _AT_ONCE)
            standing += [(TrackingId(tracking), state, lane) for tracking, lane in found]
    if standing:
        named = [tracking for tracking, _, _ in standing]
        committed(services.engine, lambda connection: packets.enqueued(connection, named, now))
        tell(services, standing)
    return len(standing) + enqueue_costly(services)


def enqueue_costly(services: Services) -> int:
    """Tell the costly lane of one packet of each LEA that has none in hand there; returns how many."""
    now = services.clock().timestamp()
    limits, workers = services.settings.limits, services.settings.workers
    patience = max(workers.stale_seconds, limits.read_wall_seconds)  # a packet of another LEA may be read meanwhile
    with reading(services.engine) as connection:
        found = packets.due_costly(connection, now, now - patience)
    told = [tracking for tracking, state, lane in found if services.queues.enqueue(NEXT_STAGE[state], [tracking], lane)]
    if told:
        with writing(services.engine) as connection:
            packets.enqueued(connection, told, now)
    return len(told)


def follow_up_some(services: Services) -> int:
    """Follow up a slice of the students who wait for it (`broker.transfers.follow_up`); returns how many it was.

    A bug with one student stops that student only: the slice is worked again one by one, and who fails alone waits
    behind all others."""
    limit = services.settings.limits.cases_per_transaction
    with reading(services.engine) as connection:
        some = follow_ups.first(connection, limit)
    if not some:
        return 0
    try:
        return committed(services.engine, lambda connection: follow_up.work_slice(services, connection, limit))
    except Exception as bug:
        if cause_of(bug) is not Cause.BUG:  # the disk or the database, not a student
            raise
        services.log.error("bug", duty="follow-ups", kind=type(bug).__name__, students=len(some))
    return sum(_follow_up_alone(services, one) for one in some)


def _follow_up_alone(services: Services, one: FollowUp) -> bool:
    try:
        return committed(services.engine, lambda own: follow_up.catch_up(services, own, [one.ssid])) > 0
    except Exception as bug:
        if cause_of(bug) is not Cause.BUG:
            raise
        services.log.error("bug", duty="follow-ups", kind=type(bug).__name__, tracking=one.cause)
    with writing(services.engine) as connection:
        follow_ups.put(connection, follow_ups.take_of(connection, [one.ssid]))
    return False


def finish_deliveries(services: Services, lea: LeaId) -> int:
    """Publish hidden files whose packet the ledger calls DELIVERED, and drop those of claims that came to nothing and
    of packets that were taken back.

    Returns how many are left because a worker may still be at them.
    """
    left = 0
    for tracking, token in services.inboxes.staged(lea):
        try:
            left += _finish(services, lea, tracking, token)
        except Missing:
            raise
        except Deferred as later:  # something else has its name; the others have theirs all the same
            services.troubles.meet(services.log, "a packet cannot be shown", later, lea=lea, tracking=tracking)
            left += 1
    return left


def _finish(services: Services, lea: LeaId, tracking: str, token: str) -> int:
    """One hidden file; 1 where a worker may still be at it."""
    with reading(services.engine) as connection:
        row = packets.get(connection, tracking)
    own = row.token if row else ""
    if row is not None and row.state is State.DELIVERED and token == withdrawn(own):
        _show_again(services, lea, tracking, token)
    elif row is None or token != own or row.state in (State.COLLECTED, State.REFUSED):
        services.inboxes.drop_stage(lea, TrackingId(tracking), token)
    elif row.state is State.DELIVERED:
        services.inboxes.publish(lea, row.tracking, token, PacketType(row.type))
    else:
        return 1
    return 0


def _show_again(services: Services, lea: LeaId, tracking: str, token: str) -> None:
    """A packet that was being taken back, and then was not, returns into view; and not while it may be yet."""
    with writing(services.engine) as connection:
        row = corrections.locked(connection, tracking)
        if row is not None and row.state is State.DELIVERED:
            services.inboxes.publish(lea, row.tracking, token, PacketType(row.type))
        else:
            services.inboxes.drop_stage(lea, TrackingId(tracking), token)


def notice_collected(services: Services, lea: LeaId) -> Sequence[str]:
    """Packets that lay in this LEA's inbox and are gone; they become COLLECTED."""
    with reading(services.engine) as connection:
        expected = views.uncollected(connection, lea)
    if not expected:
        return []
    present = services.inboxes.present(lea)
    gone = [
        tracking
        for tracking, token, kind in expected
        if tracking not in present
        and services.inboxes.inbox_state(lea, tracking, token, PacketType(kind)) is InboxState.GONE
    ]
    if gone:
        collect.run(services, lea, gone, collect.REMOVED)
    return gone


def resume(services: Services, trackings: Sequence[str], why: str) -> None:
    """Held packets go on at route."""
    for start in range(0, len(trackings), _MOVES_AT_ONCE):
        some = trackings[start : start + _MOVES_AT_ONCE]
        committed(services.engine, partial(_resume, services, some, why))


def _resume(services: Services, trackings: Sequence[str], why: str, connection: Connection) -> None:
    resume_in(services, connection, trackings, why)


def resume_in(services: Services, connection: Connection, trackings: Sequence[str], why: str) -> None:
    """Held packets go on at route, within a transaction."""
    epoch.settle(connection)  # first, as everybody does who moves packets
    rows = [packets.get(connection, tracking) for tracking in trackings]
    released = [
        Move(row, row._replace(state=State.ADMITTED, held_for="", receiver=_still(row)), (Step(State.ADMITTED, why),))
        for row in rows
        if row is not None and row.state is State.HELD and row.held_for == why
    ]
    moves.advance(connection, released, services.clock().timestamp())


def _still(row: PacketRow) -> LeaId:
    """The receiver, where it stays the same whatever comes; a record is routed anew to where the student is now."""
    return LeaId("") if row.held_for == HeldFor.BLOCKED and not is_forwarded(row) else LeaId(row.receiver)


def resume_unflagged(services: Services) -> None:
    """Let go what was held because of a flag that stands no more: one was lifted, or numbers were merged or parted,
    while a worker had the packet in hand."""
    with reading(services.engine) as connection:
        known = views.students_held(connection, HeldFor.BLOCKED)
        unflagged = [ssid for ssid in known if not flags.is_flagged(connection, ssid)]
        free = [one for ssid in unflagged for one in views.held_under(connection, HeldFor.BLOCKED, ssid)]
    if free:
        resume(services, free, HeldFor.BLOCKED)


def forget_unsealed(services: Services) -> None:
    """What came in the clear leaves the vault, where a crash kept the worker from removing it."""
    with reading(services.engine) as connection:
        refused = views.refused_as(connection, NOT_KEPT)
    forget(services, refused)


def resume_for_keys(services: Services) -> None:
    """Let go what was held for a receiver's key where the receiver has a valid one now."""
    now = services.clock()
    with reading(services.engine) as connection:
        away = suspensions.standing(connection)
        ready = [
            lea
            for lea in views.receivers_waited_for(connection)
            if lea not in away
            and any(keyring.inspect(one, now).fault is None for one in directory.certificates_of(connection, lea))
        ]
        trackings = [one for lea in ready for one in views.held(connection, HeldFor.RECEIVER_KEY, receiver=lea)]
    if trackings:
        resume(services, trackings, "receiver-key")
