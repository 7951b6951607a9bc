"""How much an LEA has waiting, and which bytes are kept though no work will need them again.

Owns `purged_at`: from then on the ledger knows a packet's history and receipts, but the vault may not have its bytes.
Promises: only a refused packet or a duplicate is ever marked as purged.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import func, select, update

from broker.core.model import Sha256, State
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets import history
from broker.edge.ledger.tables import is_first, is_kept, is_waiting, packets, parties

PURGED = "purged"


class Kept(NamedTuple):
    """The refused packets and duplicates of one LEA whose bytes are kept: how many, their bytes, and when the oldest
    was refused or found a duplicate (seconds since 1970)."""

    origin: str
    files: int
    bytes: int
    oldest: float


class Leftover(NamedTuple):
    """One refused packet or duplicate whose bytes are kept."""

    tracking: str
    sha256: Sha256
    size: int
    state: State
    updated_at: float


def waiting(connection: Reading) -> dict[str, tuple[int, int]]:
    """Packets in the vault that have not ended, including held ones: files and bytes by LEA."""
    found: dict[str, tuple[int, int]] = {}
    columns = packets.c.origin, func.count(), func.coalesce(func.sum(packets.c.size), 0)
    for condition in (is_waiting, packets.c.state == State.HELD):
        for origin, files, size in connection.execute(select(*columns).where(condition).group_by(packets.c.origin)):
            before = found.get(origin, (0, 0))
            found[origin] = before[0] + files, before[1] + int(size)
    return found


def kept(connection: Reading) -> list[Kept]:
    """What is kept for each LEA."""
    columns = packets.c.origin, func.count(), func.sum(packets.c.size), func.min(packets.c.updated_at)
    rows = connection.execute(select(*columns).where(is_kept).group_by(packets.c.origin))
    return [Kept(origin, files, int(size), oldest) for origin, files, size, oldest in rows]


def oldest(connection: Reading, origin: str, limit: int) -> list[Leftover]:
    """What is kept for one LEA, oldest first."""
    columns = [packets.c[name] for name in Leftover._fields]
    query = select(*columns).where(is_kept, packets.c.origin == origin).order_by(packets.c.updated_at).limit(limit)
    return [Leftover._make(row)._replace(state=State(row.state)) for row in connection.execute(query)]


def needed(connection: Reading, contents: Sequence[Sha256]) -> set[Sha256]:
    """Which of these contents belong to a packet, of any LEA, that was not refused."""
    origins = ["", *(row[0] for row in connection.execute(select(parties.c.id)))]
    query = select(packets.c.sha256).where(is_first, packets.c.origin.in_(origins), packets.c.sha256.in_(contents))
    return {Sha256(row[0]) for row in connection.execute(query)}


def purge(connection: Writing, some: Collection[Leftover], at: float) -> None:
    """Record that the bytes of these packets are gone; `at` is seconds since 1970."""
    trackings = [one.tracking for one in some]
    connection.execute(update(packets).where(packets.c.tracking.in_(trackings), is_kept).values(purged_at=at))
    for one in some:
        history.stay(connection, one.tracking, one.state, PURGED, at)
