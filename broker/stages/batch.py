"""How every working stage handles a batch: claim, work each, commit once, tell the next stage.

Owns the loop around admit, route and deliver. Promises: a packet's attempt is counted before work begins; a `Refused`
ends that packet, a `Deferred` delays it, any other exception is a bug that stops only that packet, and after the third
unfinished attempt it is refused as `poison`; state, event and receipt are one transaction; only then the next stage is
told. A packet with nothing in its way goes through the following stages in the same round: every move is still made,
checked and told, but it is claimed, read and committed once.
"""

import traceback
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from broker.core.errors import Deferred, PutAside, Refused
from broker.core.flow import DEATHS, NEXT_STAGE, WORKED_BY, Stage
from broker.core.lanes import COSTLY
from broker.core.model import PacketType, State, TrackingId
from broker.edge.ledger import moves, packets
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.rows import Move, PacketRow, Step
from broker.stages import leases
from broker.stages.look import Look
from broker.stages.papers import sign, sign_refusal
from broker.stages.services import Services

Work = Callable[[Services, Look, PacketRow], Move]
Hook = Callable[[Services, Sequence[Move]], None]


Settle = Callable[[Services, Connection, Look, Sequence[Move]], list[Move]]
Note = Callable[[Services, Connection, Look, Sequence[Move]], None]


# What these change in the transaction of the round leads other packets elsewhere, so they come first.
_MOVES_STUDENTS = frozenset({PacketType.ENROLLMENT, PacketType.SSID_REQUEST, PacketType.REVIEW_ANSWER})


def _nothing(_services: Services, _moves: Sequence[Move]) -> None:
    return None


def _as_planned(_services: Services, _connection: Connection, _look: Look, planned: Sequence[Move]) -> list[Move]:
    return list(planned)


def _unnoted(_services: Services, _connection: Connection, _look: Look, _moves: Sequence[Move]) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Plan:
    """One stage: `work` decides a packet's move. In the transaction, `settle` may leave moves out or change them before
    they are written, and `note` writes what follows from those that were. `before` runs ahead of the commit, `after`
    behind it; `lost` gets the moves that were planned and not made. The hooks see the moves of a whole round, and go by
    the new state."""

    stage: Stage
    work: Work
    settle: Settle = _as_planned
    note: Note = _unnoted
    before: Hook = _nothing
    after: Hook = _nothing
    lost: Hook = _nothing


def run(services: Services, plans: Sequence[Plan], ids: Sequence[str]) -> None:
    """Work the first stage on these packets, and the following ones on those that can go on at once; packets that are
    elsewhere by now are passed over."""
    alone = _round(services, plans, ids)
    for tracking in alone:
        _round(services, plans, [tracking])


def _round(services: Services, plans: Sequence[Plan], ids: Sequence[str]) -> tuple[str, ...]:
    now = services.clock().timestamp()
    token = f"{services.worker}:{uuid.uuid4().hex}"
    until = now + services.settings.workers.lease_seconds
    with leases.working(services, token):
        with writing(services.engine) as connection:
            claimed = packets.claim(connection, WORKED_BY[plans[0].stage], ids, token, now, until)
        moves, returned, look = _work_all(services, plans, claimed.rows)
        _commit(services, plans, look, moves, returned)
    return claimed.alone


def _work_all(
    services: Services, plans: Sequence[Plan], rows: Sequence[PacketRow]
) -> tuple[list[Move], list[PacketRow], Look]:
    moves: list[Move] = []
    returned: list[PacketRow] = []
    with reading(services.engine) as connection:
        look = Look(connection, services.clock(), services.today())
        look.rows = rows
        for row in rows:
            try:
                if row.attempts > DEATHS:
                    raise Refused("poison")
                moves.append(_onward(services, plans[1:], look, plans[0].work(services, look, row)))
            except Exception as error:  # noqa: BLE001  a bug stops the packet, never the exchange
                _settle(services, plans[0].stage, row, error, moves, returned)
            look.letter = None
    return moves, returned, look


def _onward(services: Services, plans: Sequence[Plan], look: Look, done: Move) -> Move:
    """This move and those of the following stages, as far as the packet gets.

    An effect must be carried out before anything rests on it. A stage that fails is left to its own turn, where the
    failure is told, counted and delayed.
    """
    for plan in plans:
        if done.effect or done.new.state is not WORKED_BY[plan.stage]:
            break
        row = done.new._replace(claim=done.row.claim, receipts=done.row.receipts + len(done.receipts))
        try:
            more = plan.work(services, look, row)
        except Exception as error:  # noqa: BLE001  raised again at the stage's own turn
            services.log.info(
                "left to its own turn", tracking=row.tracking, stage=plan.stage, kind=type(error).__name__
            )
            break
        done = _joined(done, more)
    return done


def _joined(first: Move, then: Move) -> Move:
    """Two moves of one packet as one."""
    effect = then.effect
    return replace(
        then,
        row=first.row,
        steps=first.steps + then.steps,
        receipts=first.receipts + then.receipts,
        document=first.document,
        effect=None if effect is None else lambda connection: _joined(first, effect(connection)),
    )


def _settle(
    services: Services, stage: Stage, row: PacketRow, error: Exception, moves: list[Move], returned: list[PacketRow]
) -> None:
    """What becomes of a packet whose work raised: refused for good, tried later, or a bug that counts an attempt."""
    if isinstance(error, Refused):
        moves.append(refuse(services, row, error))
    elif isinstance(error, PutAside):
        returned.append(row._replace(lane=error.lane, attempts=0, due_at=0.0))
        services.log.info("put aside", tracking=row.tracking, stage=stage, lane=error.lane, why=error.why)
    elif isinstance(error, Deferred):
        returned.append(_later(services, row, deferrals=row.deferrals + 1, attempts=0))
        services.log.info("deferred", tracking=row.tracking, stage=stage, why=error.why)
    else:
        _report(services, stage, row, error)
        returned.append(_later(services, row, deferrals=row.deferrals, attempts=row.attempts))


def _report(services: Services, stage: Stage, row: PacketRow, bug: Exception) -> None:
    """Log where it happened, never the exception's text: that may hold what was in the packet."""
    places = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(bug.__traceback__)]
    services.log.error(
        "bug", tracking=row.tracking, stage=stage, kind=type(bug).__name__, places=places, attempt=row.attempts
    )


def _later(services: Services, row: PacketRow, deferrals: int, attempts: int) -> PacketRow:
    workers = services.settings.workers
    pause = min(workers.retry_first_seconds * 2 ** min(deferrals + attempts, 30), workers.retry_most_seconds)
    due = services.clock().timestamp() + pause
    return row._replace(deferrals=deferrals, attempts=attempts, due_at=due)


def refuse(services: Services, row: PacketRow, refused: Refused) -> Move:
    """The move to REFUSED with the sender's receipt."""
    new = row._replace(state=State.REFUSED, code=refused.code, held_for="")
    return Move(row, new, (Step(State.REFUSED, refused.code),), sign_refusal(services, row, refused))


def move(
    services: Services, row: PacketRow, new: PacketRow, steps: Sequence[Step], told: Sequence[tuple[str, State]]
) -> Move:
    """A move to `new`, with a receipt for each (party, state) to be told."""
    return Move(row, new, tuple(steps), sign(services, new, told))


def _repeat(services: Services, planned: Move, first: str, digest: str) -> Move:
    """The document's id was used: DUPLICATE when the same document was sealed again, refused when it is another one."""
    row = planned.row
    if planned.document is None or planned.document[1] != digest:
        return refuse(services, row, Refused("replayed-id", "/id"))
    again = planned.new._replace(state=State.DUPLICATE, duplicate_of=first)
    return move(services, row, again, [Step(State.DUPLICATE)], [(row.origin, State.DUPLICATE)])


def _commit(
    services: Services, plans: Sequence[Plan], look: Look, planned: list[Move], returned: list[PacketRow]
) -> None:
    if not planned and not returned:
        return
    for plan in plans:
        plan.before(services, planned)
    now = services.clock().timestamp()
    with writing(services.engine) as connection:
        led = moves.advance(connection, _of(planned, leading=True), now, enqueued_at=now)
        settled = _of(planned, leading=False)
        for plan in plans:
            settled = plan.settle(services, connection, look, settled)
        advanced = led + moves.advance(connection, settled, now, enqueued_at=now)
        others = [_repeat(services, *one) for one in advanced.repeated]
        for row, error in advanced.failed:
            _settle(services, plans[0].stage, row, error, others, returned)
        ended = moves.advance(connection, others, now)
        kept = {one.row.tracking for one in settled}
        left = [one.row for one in _of(planned, leading=False) if one.row.tracking not in kept]
        returned += [row._replace(attempts=0) for row in left]
        packets.release(connection, returned)
        for plan in plans:
            plan.note(services, connection, look, (*advanced.moved, *ended.moved))
    won = {one.row.tracking for one in advanced.moved}
    lost = [one for one in planned if one.row.tracking not in won]
    for plan in plans:
        plan.after(services, advanced.moved)
        plan.lost(services, lost)
    tell(services, [(one.new.tracking, one.new.state, one.new.lane) for one in advanced.moved])


def _of(planned: Sequence[Move], *, leading: bool) -> list[Move]:
    return [one for one in planned if (one.new.type in _MOVES_STUDENTS) is leading]


def tell(services: Services, waiting: Iterable[tuple[TrackingId, State, int]]) -> None:
    """Enqueue the next stage of these (tracking, state, lane); what Redis does not take is left to the sweeper, and so
    is the costly lane, in which each LEA has its turn."""
    messages: dict[tuple[Stage, int], list[str]] = {}
    for tracking, state, lane in waiting:
        if state in NEXT_STAGE:
            messages.setdefault((NEXT_STAGE[state], lane), []).append(tracking)
    missed = [
        ids
        for (stage, lane), ids in messages.items()
        if lane == COSTLY or not services.queues.enqueue(stage, ids, lane)
    ]
    if missed:
        with writing(services.engine) as connection:
            packets.enqueued(connection, [tracking for ids in missed for tracking in ids], 0.0)
