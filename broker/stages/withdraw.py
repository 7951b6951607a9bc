"""withdraw: takes a packet away, wherever it is, before its receiver has it; it becomes REFUSED, or HELD.

Contract: called within the write transaction of its cause: the sender's recall, a later record in its place, or a flag
of the state. In the inbox the file is hidden first, and flushed to disk, then the ledger commits, then the sweeper
removes it; a crash, or a transaction that fails, leaves a hidden file that the sweeper shows again. A packet that the
receiver took before stays collected, and a packet that it has read to the last byte stays where it is. A worker that is
working the packet finds it gone when it commits, and drops its work.
"""

from dataclasses import replace

from broker.core.access import Action
from broker.core.disclosure import Disclosure
from broker.core.errors import Deferred, Refused
from broker.core.grounds import Ground
from broker.core.model import HeldFor, LeaId, PacketType, State
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets import history, moves, views
from broker.edge.ledger.packets.rows import Move, PacketRow, Step
from broker.edge.ledger.people import reviews
from broker.packets.receipts import statements
from broker.packets.services import Services
from broker.transfers import cases

ON_THE_WAY = frozenset({State.RECEIVED, State.ADMITTED, State.HELD, State.ROUTED, State.DELIVERED})
_ACTION = {"recalled": Action.RECALL, "replaced": Action.CORRECT_RECORD}
_READ = (
    "The receiver's program was reading the packet while it was taken back, and has read it to the end. Call the"
    " receiver and ask for it to be deleted."
)

# gives no reason: those whom it concerns must not learn it from a receipt (Utah 53A-11-502, -504)
_HELD_BACK = (
    "The packet was taken out of the receiver's inbox, and is held by the state. There is nothing to do; it goes on by"
    " itself when the state says so."
)


def refuse(
    services: Services, connection: Writing, row: PacketRow, refused: Refused, by: PacketRow, why: str = ""
) -> bool:
    """Withdraw this packet; False where its receiver has had it, or has read it to its last byte. `row` is locked and
    `ON_THE_WAY`; `refused` is the reason for its sender, and for the receiver if it was in the inbox; `by` is the
    packet that withdraws it, `why` a phrase for the log.

    Raises Deferred where the same round works this packet and `by`, or where it is about to appear in the inbox.
    """
    if row.claim and row.claim == by.claim:
        raise Deferred("the packet is worked in the same round")
    was_shown = row.state is State.DELIVERED
    if was_shown and history.was_read(connection, row.tracking):
        return False
    if was_shown:
        token = row.token
        if not services.inboxes.withdraw(LeaId(row.receiver), row.tracking, token, PacketType(row.type)):
            return False
        services.inboxes.flush()
    now = services.clock().timestamp()
    new = row._replace(state=State.REFUSED, code=refused.code, held_for="")
    has_seen = was_shown or (row.held_for == HeldFor.BLOCKED and views.was_delivered(connection, row.tracking))
    told = [(row.origin, State.REFUSED), (row.receiver if has_seen else "", State.REFUSED)]
    receipts = statements(services, new, told, sentence=refused.sentence)
    step = Step(State.REFUSED, refused.code)
    if not moves.advance(connection, [Move(row, new, (step,), receipts)], now).moved:
        raise Deferred("a worker has just moved the packet")
    if row.ssid:
        disclosures.add(connection, [line_of(row, Action(_ACTION[refused.code]), why, now)])
    _close_questions(connection, row, now)
    if row.ssid:  # a later record to the same receiver answers the case instead
        is_answered = refused.code == "replaced" and by.receiver == row.receiver
        cases.record_withdrawn(services, connection, row, by.tracking if is_answered else "")
    return True


def hold(services: Services, connection: Writing, row: PacketRow) -> bool:
    """Withdraw a delivered packet and hold it, because the state has flagged its student; False where its receiver has
    had it, or has read it to its last byte. `row` is locked and DELIVERED. It goes on by itself when it is resumed."""
    if history.was_read(connection, row.tracking):
        return False
    token, kind = row.token, PacketType(row.type)
    if not services.inboxes.withdraw(LeaId(row.receiver), row.tracking, token, kind, is_urgent=True):
        return False
    services.inboxes.flush()
    new = row._replace(state=State.HELD, held_for=HeldFor.BLOCKED)
    told = [(row.origin, State.HELD), (row.receiver, State.HELD)]
    receipts = statements(services, new, told, sentence=_HELD_BACK)
    step = Step(State.HELD, HeldFor.BLOCKED)
    if not moves.advance(connection, [Move(row, new, (step,), receipts)], services.clock().timestamp()).moved:
        raise Deferred("a worker has just moved the packet")
    return True


def _close_questions(connection: Writing, row: PacketRow, now: float) -> None:
    """Close the questions about the packet's student: no decision is needed any more."""
    if row.held_for == HeldFor.REVIEW:
        for one in reviews.lines(connection, row.tracking):
            if one.closed_at is None:
                reviews.change(connection, replace(one, closed_at=now))


def line_of(row: PacketRow, action: Action, why: str, at: float) -> Disclosure:
    """The line of the disclosure log for a packet that its sender withdraws; `at` is seconds since the epoch."""
    return Disclosure(
        at=at,
        ssid=row.ssid,
        action=action,
        outcome="allowed",
        party=row.origin,
        source=row.origin,
        what=row.type,
        ground=Ground.OWN_RECORD,
        purpose=why,
        tracking=row.tracking,
    )


def read_after(services: Services, connection: Writing, row: PacketRow, how: str) -> None:
    """Tell the sender that the receiver read the packet to its last byte, because it had opened the file before it was
    hidden. `row` is the withdrawn packet, `how` is as in the receipt of COLLECTED."""
    receipts = statements(services, row, [(row.origin, State.REFUSED)], how=how, sentence=_READ)
    step = Step(State.REFUSED, how)
    moves.advance(connection, [Move(row, row, (step,), receipts)], services.clock().timestamp())
    services.log.warning("read while it was taken back", tracking=row.tracking, receiver=row.receiver)
