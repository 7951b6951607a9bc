"""destination: the receiver of a packet by the current facts, or what the packet waits for.

Owns the gathering of facts for `broker.core.routing`. Promises: reads only; route and deliver ask the same question, so
a packet that was on its way when a student moved, or was flagged, does not arrive by old facts.
"""

from broker.core.errors import Deferred, Refused
from broker.core.model import HeldFor, LeaId
from broker.core.routing import Facts, Hold, check_had_student, destination
from broker.edge.ledger.engine import Reading
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import PacketRow
from broker.packets.round import RoundFacts
from handlers.registry import KEPT, handler_of

_PATIENCE = 6  # turns; each pause is twice as long as the one before


def may_come(connection: Reading, row: PacketRow) -> bool:
    """Whether another packet of this LEA, not opened yet, may bring what this one lacks: a system that exports at night
    drops enrollments and records together, in any order."""
    return row.deferrals < _PATIENCE and packets.is_any_unopened(connection, row.origin, row.tracking)


def check_had(facts: RoundFacts, row: PacketRow) -> None:
    """Raises Refused("not-your-student") where the sender never had the student; Deferred where its enrollment may
    still come."""
    try:
        check_had_student(facts.account(row.ssid), row.origin)
    except Refused:
        if may_come(facts.connection, row):
            raise Deferred("an enrollment of the same hour may still be on its way") from None
        raise


def is_forwarded(row: PacketRow) -> bool:
    """Whether this is a forwarded part of the record store; the LEA's own packet with the same bytes stays in the
    store."""
    return row.type in KEPT and bool(row.origin) and not row.packet_id


def receiver_or_hold(facts: RoundFacts, row: PacketRow) -> LeaId | Hold:
    """The receiver, or the hold. Raises Refused: "not-your-student" where the sender never had the student, "moved-on"
    for a part of the record store whose receiver no longer has the student."""
    if not row.origin:
        return LeaId(row.receiver)  # the exchange's own notices already have their receiver
    if is_forwarded(row):
        return _forwarded(facts, row)
    handler = handler_of(row.type)
    is_about = handler.needs_student and row.identity == "match"
    if is_about:
        check_had(facts, row)
    return destination(
        Facts(
            sender=row.origin,
            addressed_to=LeaId(row.addressed_to) if row.addressed_to else None,
            identity=row.identity,
            account=facts.account(row.ssid) if is_about else None,
            awaited_by=facts.awaited_by(row.ssid, row.origin) if is_about else (),
            is_blocked=is_about and facts.is_flagged(row.ssid),
            follows_student=handler.follows_student,
        )
    )


def _forwarded(facts: RoundFacts, row: PacketRow) -> LeaId | Hold:
    """The receiver of a forwarded part, or the hold. A part that follows a transfer goes only while the receiver has
    the student; a part that the LEA asked for (`addressed_to`) goes if the LEA has or had the student."""
    if facts.is_flagged(row.ssid):
        return Hold(HeldFor.BLOCKED)
    account = facts.account(row.ssid)
    check_had_student(account, row.origin)  # a merge may have been undone since the part came
    has = account.had if row.addressed_to else account.holders
    if row.receiver not in has:
        raise Refused("moved-on")
    return LeaId(row.receiver)
