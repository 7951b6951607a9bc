"""Receipts and events in the ledger, and which receipts still have no file.

Owns `events`, `receipts` and `publications`. Promises: history is only appended to; a receipt is pending until it is
signed and its file is durable. An event with the same state before and after records something that did not move the
packet.
"""

from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, tuple_

from broker.core.model import State, TrackingId
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets.rows import Receipt
from broker.edge.ledger.tables import events, publications, receipts

READ_WHOLE = "read-whole"  # read to its last byte; it stays DELIVERED until it is closed, removed or acknowledged
_PAPER = tuple(one.name for one in fields(Receipt))


def append(connection: Writing, batch: Sequence[Receipt]) -> None:
    """Write receipts; their files are pending."""
    if batch:
        connection.execute(insert(receipts), [{name: getattr(receipt, name) for name in _PAPER} for receipt in batch])
        connection.execute(insert(publications), [{"tracking": r.tracking, "n": r.n} for r in batch])


def append_events(connection: Writing, rows: list[dict[str, Any]]) -> None:
    """Write events, each a row of the table without its number."""
    if rows:
        connection.execute(insert(events), rows)


def stay(connection: Writing, tracking: str, state: State, why: str, at: float) -> None:
    """Record something that happened to a packet without moving it from this state; `at` is seconds since the epoch."""
    append_events(connection, [{"tracking": tracking, "at": at, "before": state, "after": state, "why": why}])


def has_stayed(connection: Reading, tracking: str, state: State, why: str) -> bool:
    """Whether this event was recorded for a packet that stayed in this state."""
    mine = (events.c.tracking == tracking) & (events.c.before == state) & (events.c.after == state)
    return connection.execute(select(events.c.seq).where(mine, events.c.why == why).limit(1)).first() is not None


def was_read(connection: Reading, tracking: str) -> bool:
    """Whether the receiver read this packet to its last byte while it lay in the inbox."""
    return has_stayed(connection, tracking, State.DELIVERED, READ_WHOLE)


def delivered_last(connection: Reading, tracking: str) -> float:
    """When this packet was last delivered into an inbox; seconds since the epoch, 0 where it never was."""
    came = (events.c.before == State.ROUTED) & (events.c.after == State.DELIVERED)
    query = select(func.max(events.c.at)).where(events.c.tracking == tracking, came)
    return connection.execute(query).scalar() or 0.0


def pending(connection: Reading, limit: int, but: Collection[str] = ()) -> list[Receipt]:
    """Receipts whose file may not be written yet, oldest first, without those of the parties in `but`."""
    found: list[Receipt] = []
    behind = (TrackingId(""), 0)
    while len(found) < limit and (names := _pending_behind(connection, behind, limit)):
        behind = names[-1]
        found += [one for one in _receipts(connection, names) if one.party not in but]
    return found[:limit]


def _pending_behind(connection: Reading, behind: tuple[TrackingId, int], limit: int) -> list[tuple[TrackingId, int]]:
    """The next pending receipts by (tracking, number)."""
    name = (publications.c.tracking, publications.c.n)
    query = select(*name).where(tuple_(*name) > behind).order_by(*name).limit(limit)
    return [(TrackingId(row.tracking), row.n) for row in connection.execute(query)]


def _receipts(connection: Reading, names: Sequence[tuple[TrackingId, int]]) -> list[Receipt]:
    """These receipts, in this order. The query names them: with a join PostgreSQL would read every receipt ever
    written."""
    query = select(*[receipts.c[name] for name in _PAPER])
    rows = connection.execute(query.where(receipts.c.tracking.in_({tracking for tracking, _ in names})))
    by_name = {(one.tracking, one.n): one for one in (Receipt(*row) for row in rows)}
    return [by_name[name] for name in names]


def published(connection: Writing, done: Sequence[Receipt]) -> None:
    """Remove these receipts from the pending ones: their files are durable."""
    if done:
        connection.execute(
            delete(publications).where(
                publications.c.tracking == bindparam("b_tracking"), publications.c.n == bindparam("b_n")
            ),
            [{"b_tracking": receipt.tracking, "b_n": receipt.n} for receipt in done],
        )
