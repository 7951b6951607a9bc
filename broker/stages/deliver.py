"""deliver: a ROUTED packet is re-locked for its receiver and becomes DELIVERED.

Contract: the new file is written under a hidden name that carries this worker's claim, and flushed before the commit;
only after the commit it is renamed into view. So a crash between the two leaves a file that the sweeper publishes, and
no crash can deliver twice; the rename need not be flushed, because after a power cut the sweeper does it again. The
sealed body is copied, never encrypted again (DESIGN section 5). It is opened only in the one case that `route` names,
to find its student again; that plaintext does not travel.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from broker.core.errors import Deferred, Refused
from broker.core.flow import Stage
from broker.core.model import HeldFor, LeaId, PacketType, State
from broker.core.routing import Hold
from broker.edge.home.folders import Missing
from broker.edge.ledger import epoch
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets.rows import Move, PacketRow, Step
from broker.edge.pgp import openpgp
from broker.oversight import alerts
from broker.packets.batch import Plan
from broker.packets.batch import run as run_batch
from broker.packets.destination import is_forwarded, receiver_or_hold
from broker.packets.opening import session_of
from broker.packets.outcome import move, refuse
from broker.packets.receipts import statements
from broker.packets.round import PacketInHand, RoundFacts
from broker.packets.services import Services
from broker.records import disclose
from broker.stages import replace as replacing
from broker.students.rematch import receiver_after_rematch
from broker.transfers import cases


def run(services: Services, ids: Sequence[str]) -> None:
    """Deliver these packets."""
    run_batch(services, [PLAN], ids)


def _work(services: Services, facts: RoundFacts, row: PacketRow) -> Move:
    # a revocation of the sender's or the receiver's key also counts for packets that already wait
    if row.origin:
        facts.check_signer(row.origin, row.signer)
    row, goal = receiver_after_rematch(services, facts, row)
    if goal != row.receiver:
        return _elsewhere(services, row, goal)
    certificate = facts.valid_certificate(row.receiver)
    if certificate is None:
        held = row._replace(state=State.HELD, held_for=HeldFor.RECEIVER_KEY)
        return move(services, row, held, [Step(State.HELD, HeldFor.RECEIVER_KEY)], [(row.origin, State.HELD)])
    letter = facts.letter_of(row.tracking) or PacketInHand(row.tracking, services.vault.read(row.sha256))
    session = letter.session or session_of(services, facts, row, letter.sealed)
    lock, body = openpgp.relock(letter.sealed, services.key, certificate, session=session)
    services.inboxes.stage_delivery(LeaId(row.receiver), row.tracking, row.token, [lock, body])
    new = row._replace(state=State.DELIVERED)
    told = [(row.origin, State.DELIVERED), (row.receiver, State.DELIVERED)]
    return move(services, row, new, [Step(State.DELIVERED)], told)


def _elsewhere(services: Services, row: PacketRow, goal: LeaId | Hold) -> Move:
    """The move of a packet whose student has moved on, or was flagged, since it was routed: it waits, or is routed
    again."""
    why = goal.why if isinstance(goal, Hold) else HeldFor.ENROLLMENT
    held = row._replace(state=State.HELD, held_for=why, receiver=row.receiver if is_forwarded(row) else "")
    if isinstance(goal, Hold) and why is HeldFor.BLOCKED:
        planned = move(services, row, held, [Step(State.HELD, why)], [(row.origin, State.HELD)])
        return replace(planned, effect=lambda connection: _held(services, connection, planned))
    again = held._replace(state=State.ADMITTED, held_for="")  # route decides again, under the lock
    return Move(row, again, (Step(State.HELD, why), Step(State.ADMITTED, why)))


def _held(services: Services, connection: Writing, planned: Move) -> Move:
    alerts.held(services, connection, planned.new)
    return planned


def _settle(services: Services, connection: Writing, facts: RoundFacts, planned: Sequence[Move]) -> list[Move]:
    """The deliveries that are right by the current facts, which nobody can change before this transaction ends.

    Where facts have changed since the round read them, a packet that should now go elsewhere is left to its next turn.
    """
    bound = [one for one in planned if one.new.state is State.DELIVERED]
    if not bound:
        return list(planned)
    left: set[str] = set()
    if epoch.settle(connection) != facts.epoch:
        fresh = RoundFacts(connection, services.clock(), services.today())
        left = {one.row.tracking for one in bound if one.new.origin and not _is_right(fresh, one.new)}
    followed = replacing.followed(connection, [one.new for one in bound])
    return [
        _replacing(services, one) if one.new.tracking in followed and one.new.state is State.DELIVERED else one
        for one in planned
        if one.row.tracking not in left
    ]


def _is_right(facts: RoundFacts, row: PacketRow) -> bool:
    try:
        if row.origin:
            facts.check_signer(row.origin, row.signer)
        return receiver_or_hold(facts, row) == row.receiver and facts.valid_certificate(row.receiver) is not None
    except (Deferred, Refused):  # handled at the packet's next turn
        return False


def _replacing(services: Services, planned: Move) -> Move:
    """The move, with an effect: a later record replaces an earlier one, and an earlier one that is late is refused."""

    def effect(connection: Writing) -> Move:
        try:
            new = replacing.settle(services, connection, planned.new)
        except Refused as refused:
            before = planned.row
            known = planned.new._replace(state=before.state, receipts=before.receipts, held_for="")
            return refuse(services, known, refused)
        told = [(new.origin, State.DELIVERED), (new.receiver, State.DELIVERED)]
        return replace(planned, new=new, receipts=(*planned.receipts[: -len(told)], *statements(services, new, told)))

    return replace(planned, effect=effect)


def _note(services: Services, connection: Writing, _facts: RoundFacts, moved: Sequence[Move]) -> None:
    """Write a line of the disclosure log for each delivery and refusal; a delivery also answers its transfer case."""
    disclose.refused(services, connection, moved, State.ROUTED)
    cases.delivered(services, connection, [one.new for one in moved if one.new.state is State.DELIVERED])
    cases.lost(services, connection, [one.new for one in moved])


def _flush(services: Services, _moves: Sequence[Move]) -> None:
    services.inboxes.flush()


def _drop(services: Services, moves: Sequence[Move]) -> None:
    for one in moves:
        if one.new.state is State.DELIVERED:
            with suppress(Missing):  # the sweeper drops it when the folder is there again
                services.inboxes.drop_stage(LeaId(one.new.receiver), one.row.tracking, one.row.token)


def _publish(services: Services, moved: Sequence[Move]) -> None:
    for one in moved:
        if one.new.state is State.DELIVERED:
            lea, kind = LeaId(one.new.receiver), PacketType(one.new.type)
            with suppress(Missing):  # the sweeper publishes it when the folder is there again
                services.inboxes.publish(lea, one.row.tracking, one.row.token, kind)


PLAN = Plan(Stage.DELIVER, _work, _settle, _note, before=_flush, after=_publish, lost=_drop)
