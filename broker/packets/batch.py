"""How every working stage handles a batch: claim, work each, commit once, tell the next stage.

Owns the loop around admit, route and deliver. Promises: a packet's attempt is counted before work begins; a `Refused`
ends that packet, a `Deferred` delays it, a bug stops only that packet, and after the third unfinished attempt it is
refused as `poison`; a failure of the world (`blame`) delays and is never counted; state, event and receipt are one
transaction; only then the next stage is told. A packet with nothing in its way goes through the following stages in the
same round: every move is still made, checked and told, but the packet is claimed, read and committed once. Where
another writer was in the way, the packets are worked again from fresh reads. Moves that carry out many lines are
committed in several transactions; a packet with more lines than one transaction may have (`Move.slices`) comes last,
and has one turn.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from broker.core.errors import Refused
from broker.core.flow import DEATHS, WORKED_BY, Stage
from broker.core.lanes import COSTLY
from broker.core.model import State
from broker.edge.ledger import epoch
from broker.edge.ledger.again import again, committed
from broker.edge.ledger.blame import NOT_KEPT, cause_of
from broker.edge.ledger.engine import Reading, Writing, give_way, reading, writing
from broker.edge.ledger.packets import moves, packets
from broker.edge.ledger.packets.rows import Move, PacketRow, claim_of
from broker.edge.ledger.people import registry
from broker.edge.settings.values import Limits
from broker.packets import leases
from broker.packets.next_stage import tell
from broker.packets.order import in_turn
from broker.packets.outcome import failed, repeated, unblamed
from broker.packets.round import RoundFacts
from broker.packets.services import Services
from handlers.registry import KEPT, MOVES_STUDENTS

Work = Callable[[Services, RoundFacts, PacketRow], Move]
Hook = Callable[[Services, Sequence[Move]], None]
Settle = Callable[[Services, Writing, RoundFacts, Sequence[Move]], list[Move]]
Note = Callable[[Services, Writing, RoundFacts, Sequence[Move]], None]
Reaches = Callable[[Reading, RoundFacts, Sequence[Move]], bool]


def _nothing(_services: Services, _moves: Sequence[Move]) -> None:
    return None


def _as_planned(_services: Services, _connection: Reading, _facts: RoundFacts, planned: Sequence[Move]) -> list[Move]:
    return list(planned)


@dataclass(frozen=True, slots=True)
class Plan:
    """One stage: `work` decides a packet's move. In the transaction, `settle` may leave moves out or change them before
    they are written, and `note` writes the consequences of the written ones, which may change students where `reaches`
    says so. `before` runs before the commit, `after` after it; `lost` gets the moves that were planned and not made.
    The hooks see the moves of a whole round, and go by the new state."""

    stage: Stage
    work: Work
    settle: Settle = _as_planned
    note: Note = lambda *_: None
    reaches: Reaches = lambda *_: False
    before: Hook = _nothing
    after: Hook = _nothing
    lost: Hook = _nothing


def run(services: Services, plans: Sequence[Plan], ids: Sequence[str]) -> None:
    """Work the first stage on these packets, and the following stages on those that can go on at once; packets that
    have moved meanwhile are skipped."""
    alone = _round(services, plans, ids)
    for tracking in alone:
        _round(services, plans, [tracking])


def _round(services: Services, plans: Sequence[Plan], ids: Sequence[str]) -> tuple[str, ...]:
    now = services.clock().timestamp()
    token = claim_of(services.worker, uuid.uuid4().hex)
    until = now + services.settings.workers.lease_seconds
    state = WORKED_BY[plans[0].stage]
    with leases.working(services, token):
        claimed = committed(services.engine, lambda own: packets.claim(own, state, ids, token, now, until))
        worked, returned, facts = _work_all(services, plans, claimed.rows)
        planned, returned = in_turn(worked, returned)
        for some in _transactions([one for one in planned if one.slices is None], services.settings.limits):
            _write(services, plans, facts, some, returned)
            returned = []
        _write(services, plans, facts, [], returned)
        _in_slices(services, plans, facts, [one for one in planned if one.slices])
    return claimed.alone


def _transactions(planned: Sequence[Move], limits: Limits) -> Iterator[list[Move]]:
    """The moves for each transaction, leading ones first. A transaction takes as many moves as keep its lines within
    the limit, and at least one."""
    some: list[Move] = []
    for one in [*_of(planned, leading=True), *_of(planned, leading=False)]:
        if some and one.lines and sum(other.lines for other in some) + one.lines > limits.lines_per_transaction:
            yield some
            give_way()
            some = []
        some.append(one)
    if some:
        yield some


def _in_slices(services: Services, plans: Sequence[Plan], facts: RoundFacts, planned: Sequence[Move]) -> None:
    """Give the first of these packets its turn, after the packets that are done at once. The others wait for their own
    turn, behind packets of other LEAs, and so does the first while it is not finished."""
    waiting = [one.row._replace(attempts=0, due_at=0.0) for one in planned]
    if planned and _has_ended(services, plans, facts, planned[0]):
        waiting = waiting[1:]
    _write(services, plans, facts, [], waiting)


def _has_ended(services: Services, plans: Sequence[Plan], facts: RoundFacts, one: Move) -> bool:
    """Give the packet its turn. Returns whether it needs no further turn: it has moved, or has failed."""
    planned, returned = [one], list[PacketRow]()
    try:
        if one.slices and not again(services.engine, one.slices):
            return False
    except Exception as error:
        if cause_of(error) in NOT_KEPT:
            raise
        planned = []
        failed(services, plans[0].stage, one.row, error, planned, returned)
    _write(services, plans, facts, planned, returned)
    return True


def _write(
    services: Services, plans: Sequence[Plan], facts: RoundFacts, planned: Sequence[Move], returned: Sequence[PacketRow]
) -> None:
    """Commit these moves, and then tell the next stages. Where another writer was in the way, the packets are worked
    again from fresh reads, except a packet that has had its turn: its prepared work stays valid."""
    is_first = True

    def once() -> Written:
        nonlocal is_first
        rows = [] if is_first else [one.row for one in planned if one.slices is None]
        is_first = False
        if not rows:
            return _commit(services, plans, facts, list(planned), list(returned))
        anew, late, fresh = _work_all(services, plans, rows)
        return _commit(services, plans, fresh, anew, [*returned, *late])

    written = again(services.engine, once)
    for plan in plans:
        plan.after(services, written.moved)
        plan.lost(services, written.lost)
    going = (*(one.new for one in written.moved), *written.aside)
    tell(services, [(row.tracking, row.state, row.lane) for row in going])


def give_back(services: Services, worker: str) -> int:
    """Release all packets that this worker has claimed, to be tried later, without counting the attempt: the packets
    did not cause the failure. Returns their number."""

    def once(connection: Writing) -> int:
        held = packets.claimed_by(connection, worker)
        packets.release(connection, [unblamed(services, row) for row in held])
        return len(held)

    return committed(services.engine, once)


def _work_all(
    services: Services, plans: Sequence[Plan], rows: Sequence[PacketRow]
) -> tuple[list[Move], list[PacketRow], RoundFacts]:
    moves: list[Move] = []
    returned: list[PacketRow] = []
    with reading(services.engine) as connection:
        facts = RoundFacts(connection, services.clock(), services.today())
        facts.rows = rows
        for row in rows:
            try:
                if row.attempts > DEATHS:
                    raise Refused("poison")
                facts.check_going_on(row.origin)
                moves.append(_onward(services, plans[1:], facts, plans[0].work(services, facts, row)))
            except Exception as error:
                if cause_of(error) in NOT_KEPT:
                    raise
                failed(services, plans[0].stage, row, error, moves, returned)
            facts.letter = None
    return moves, returned, facts


def _onward(services: Services, plans: Sequence[Plan], facts: RoundFacts, done: Move) -> Move:
    """This move and those of the following stages, as far as the packet gets.

    An effect must be carried out before another stage can build on it. A stage that fails is left to its own turn,
    where the failure is told, counted and delayed.
    """
    for plan in plans:
        if done.effect or done.new.state is not WORKED_BY[plan.stage]:
            break
        row = done.new._replace(claim=done.row.claim, receipts=done.row.receipts + len(done.receipts))
        try:
            more = plan.work(services, facts, row)
        except Exception as error:
            if cause_of(error) in NOT_KEPT:
                raise
            services.log.info(
                "left to its own turn", tracking=row.tracking, stage=plan.stage, kind=type(error).__name__
            )
            break
        done = _joined(done, more)
    return done


def _joined(first: Move, then: Move) -> Move:
    """Two moves of one packet, joined into one."""
    effect = then.effect
    return replace(
        then,
        row=first.row,
        steps=first.steps + then.steps,
        receipts=first.receipts + then.receipts,
        document=first.document,
        effect=None if effect is None else lambda connection: _joined(first, effect(connection)),
    )


@dataclass(frozen=True, slots=True)
class Written:
    """The result of a commit: the moves made, the moves planned but not made, and the packets that wait for another
    turn."""

    moved: Sequence[Move] = ()
    lost: Sequence[Move] = ()
    aside: Sequence[PacketRow] = ()


def _commit(
    services: Services, plans: Sequence[Plan], facts: RoundFacts, planned: list[Move], returned: list[PacketRow]
) -> Written:
    if not planned and not returned:
        return Written()
    for plan in plans:
        plan.before(services, planned)
    write = partial(_written, services, plans, facts, planned, returned)
    try:
        return write(is_alone=any(map(_reaches_students, planned)))
    except _Alone:  # nothing was written yet
        return write(is_alone=True)


class _Alone(Exception):
    """The transaction may change students, and has not taken them first."""


def _written(
    services: Services,
    plans: Sequence[Plan],
    facts: RoundFacts,
    planned: list[Move],
    returned: list[PacketRow],
    *,
    is_alone: bool,
) -> Written:
    now, aside = services.clock().timestamp(), [row for row in returned if not row.due_at and row.lane != COSTLY]
    with writing(services.engine) as connection:
        (registry.lock if is_alone else epoch.settle)(connection)  # first, in the one order of all writers
        if not is_alone and any(plan.reaches(connection, facts, planned) for plan in plans):
            raise _Alone
        moves.reserve(connection, planned, returned)
        led = moves.advance(connection, _of(planned, leading=True), now, enqueued_at=now)
        settled = _of(planned, leading=False)
        for plan in plans:
            settled = plan.settle(services, connection, facts, settled)
        kept = {one.row.tracking for one in settled}
        left = [one for one in _of(planned, leading=False) if one.row.tracking not in kept]
        moves.give_up(connection, left)
        advanced = led + moves.advance(connection, settled, now, enqueued_at=now)
        others = [repeated(services, *one) for one in advanced.repeated]
        for row, error in advanced.failed:
            failed(services, plans[0].stage, row, error, others, returned)
        ended = moves.advance(connection, others, now)
        returned += [one.row._replace(attempts=0) for one in left]
        packets.release(connection, returned)
        packets.enqueued(connection, [row.tracking for row in aside], now)
        for plan in plans:
            plan.note(services, connection, facts, (*advanced.moved, *ended.moved))
    won = {one.row.tracking for one in advanced.moved}
    return Written(advanced.moved, [one for one in planned if one.row.tracking not in won], aside)


def _reaches_students(one: Move) -> bool:
    """Whether writing this move may touch students or their stored data: by an effect, or in the record store."""
    return one.effect is not None or (one.new.type in KEPT and one.new.state is State.APPLIED)


def _of(planned: Sequence[Move], *, leading: bool) -> list[Move]:
    """The moves that change enrollments (`leading`), or the others. Leading moves are committed first: enrollments
    decide where the round's other packets go."""
    return [one for one in planned if (one.new.type in MOVES_STUDENTS) is leading]
