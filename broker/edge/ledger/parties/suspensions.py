"""Parties that the state has suspended for some time.

Owns `suspended_at` of `parties`. Promises: a suspension loses nothing and decides nothing; packets on their way stay
where they are, and continue when the party is resumed. Who did it, and why, is in `directory_changes`.
"""

from sqlalchemy import select, update

from broker.core.model import LeaId
from broker.edge.ledger import epoch
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.parties import directory_changes as changes
from broker.edge.ledger.tables import packets, parties


def suspend(connection: Writing, lea: LeaId, at: float, who: str, why: str) -> bool:
    """Suspend a party: it cannot log in, its packets stop, and packets for it wait; False when it was suspended
    already."""
    return _set(connection, lea, at, who, why, changes.SUSPEND)


def resume(connection: Writing, lea: LeaId, at: float, who: str, why: str) -> bool:
    """Resume a party: everything continues, deferred packets at once; False when it was not suspended."""
    if not _set(connection, lea, at, who, why, changes.RESUME):
        return False
    waiting = (packets.c.origin == lea) & packets.c.state.in_(("ADMITTED", "RECEIVED", "ROUTED"))
    connection.execute(update(packets).where(waiting, packets.c.claim_until == 0).values(due_at=0.0, enqueued_at=0.0))
    return True


def _set(connection: Writing, lea: LeaId, at: float, who: str, why: str, what: str) -> bool:
    epoch.advance(connection)  # so nothing is delivered by outdated facts
    is_to_be = what == changes.SUSPEND
    other = parties.c.suspended_at.is_(None) if is_to_be else parties.c.suspended_at.is_not(None)
    values = {"suspended_at": at if is_to_be else None}
    done = connection.execute(update(parties).where(parties.c.id == lea, other).values(values)).rowcount > 0
    if done:
        changes.note(connection, at, lea, what, "", who, why)
    return done


def standing(connection: Reading) -> dict[str, float]:
    """The suspended parties, by id, and since when (seconds since the epoch)."""
    rows = connection.execute(select(parties.c.id, parties.c.suspended_at).where(parties.c.suspended_at.is_not(None)))
    return {row.id: row.suspended_at for row in rows}
