"""Packets in the ledger: they are created, claimed and found here.

Owns the look-ups of `packets` and who works on what. Promises: a claim counts the attempt before the work begins, so a
worker's death is counted too. `moves` owns how packets move.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, insert, or_, select, update

from broker.core.lanes import COSTLY
from broker.core.model import PacketType, State
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets import history
from broker.edge.ledger.packets.rows import COLUMNS, PacketRow, Receipt, claim_of
from broker.edge.ledger.tables import is_claimed, is_costly, is_first, is_kept, is_waiting, packets

_CLOCK_SECONDS = 60.0
_ROW = [packets.c[name] for name in COLUMNS]


def _row(values: Any) -> PacketRow:
    return PacketRow._make(values)._replace(state=State(values.state))


def _flat(row: PacketRow) -> dict[str, Any]:
    return row._asdict()


def get(connection: Reading, tracking: str) -> PacketRow | None:
    """One packet, or None."""
    found = connection.execute(select(*_ROW).where(packets.c.tracking == tracking)).first()
    return _row(found) if found else None


def by_source(connection: Reading, origin: str, drops: Collection[tuple[str, str]]) -> dict[tuple[str, str], PacketRow]:
    """Packets taken from these drops of an outbox, by (name, mark)."""
    names, marks = sorted({name for name, _ in drops}), sorted({mark for _, mark in drops})
    mine = (packets.c.origin == origin) & packets.c.source_name.in_(names) & packets.c.source_mark.in_(marks)
    rows = (_row(values) for values in connection.execute(select(*_ROW).where(mine)))
    return {(row.source_name, row.source_mark): row for row in rows}


def marks_with(connection: Reading, origin: str, hashes: Sequence[str]) -> set[tuple[str, str]]:
    """The drops of an LEA that had these contents, by (SHA-256, mark); of what was refused or came twice, only those
    whose bytes are kept still."""
    mine = select(packets.c.sha256, packets.c.source_mark).where(
        packets.c.origin == origin, packets.c.sha256.in_(hashes)
    )
    return {(row[0], row[1]) for which in (is_first, is_kept) for row in connection.execute(mine.where(which))}


def firsts(connection: Reading, origin: str, hashes: Sequence[str]) -> dict[str, PacketRow]:
    """The first packet with each content, by SHA-256; refused packets and duplicates do not count."""
    rows = connection.execute(
        select(*_ROW)
        .where(packets.c.origin == origin, packets.c.sha256.in_(hashes), is_first)
        .order_by(packets.c.tracking.desc())
    )
    return {row.sha256: _row(row) for row in rows}


def waiting_with(connection: Reading, hashes: Sequence[str]) -> set[str]:
    """Which of these contents belong to a packet that is still to be opened."""
    found = select(packets.c.sha256).where(packets.c.state == State.RECEIVED, packets.c.sha256.in_(hashes))
    return {row[0] for row in connection.execute(found)}


class UnderWay(NamedTuple):
    """A packet that is on its way or waits to go on: of which number, by whom, and to whom by name, '' for nobody."""

    ssid: str
    origin: str
    addressed_to: str


def under_way(connection: Reading, ssids: Sequence[str], kinds: Collection[PacketType]) -> list[UnderWay]:
    """The packets of these types about these very numbers that are on their way, those that say the same once; at most
    some hundreds of numbers at once."""
    states = [State.ADMITTED, State.ROUTED, State.HELD]
    query = select(*(packets.c[name] for name in UnderWay._fields)).distinct()
    mine = query.where(packets.c.ssid.in_(list(ssids)), packets.c.state.in_(states))
    return [UnderWay(*row) for row in connection.execute(mine.where(packets.c.type.in_(sorted(kinds))))]


def is_any_unopened(connection: Reading, origin: str, but: str) -> bool:
    """Whether another packet of this LEA is still to be opened."""
    waiting = (packets.c.state == State.RECEIVED) & (packets.c.origin == origin) & (packets.c.tracking != but)
    return connection.execute(select(packets.c.tracking).where(waiting, is_waiting).limit(1)).first() is not None


def in_flight(connection: Reading, origin: str) -> int:
    """How many packets of this LEA are still to be worked."""
    found = select(packets.c.tracking).where(is_waiting, packets.c.origin == origin).limit(1000)
    return connection.execute(select(func.count()).select_from(found.subquery())).scalar_one()


def born(connection: Writing, rows: Sequence[PacketRow], batch: Sequence[Receipt]) -> None:
    """Insert new packets with their first event and receipts."""
    if not rows:
        return
    connection.execute(insert(packets), [_flat(row) for row in rows])
    history.append_events(
        connection,
        [
            {"tracking": row.tracking, "at": row.received_at, "before": "", "after": row.state, "why": row.code}
            for row in rows
        ],
    )
    history.append(connection, batch)


@dataclass(frozen=True, slots=True)
class Claimed:
    """`rows` belong to this worker now; `alone` were not claimed because each must be worked by itself."""

    rows: tuple[PacketRow, ...]
    alone: tuple[str, ...]


def claim(connection: Writing, state: State, ids: Sequence[str], token: str, now: float, until: float) -> Claimed:
    """Claim packets that are in `state`, due and free; counts the attempt.

    A packet on which a worker died before is claimed only when it is the only one asked for, so that it cannot take
    other packets with it.
    """
    free = or_(packets.c.claim == "", packets.c.claim_until < now)
    found = connection.execute(
        select(*_ROW)
        .where(packets.c.tracking.in_(ids), packets.c.state == state, free, packets.c.due_at <= now)
        .order_by(packets.c.tracking)
        .with_for_update()
    )
    rows = [_row(values) for values in found]
    alone = tuple(row.tracking for row in rows if row.attempts and len(ids) > 1)
    mine = [row for row in rows if row.tracking not in alone]
    if mine:
        connection.execute(
            update(packets)
            .where(packets.c.tracking.in_([row.tracking for row in mine]))
            .values(claim=token, claim_until=until, attempts=packets.c.attempts + 1)
        )
    return Claimed(
        tuple(row._replace(claim=token, claim_until=until, attempts=row.attempts + 1) for row in mine), alone
    )


def prolong(connection: Writing, row: PacketRow, until: float) -> bool:
    """Extend the claim on a packet, and on all packets claimed with it, until then; False where it no longer has this
    state and claim. The work so far does not count as a failed attempt. Locks the packet's row."""
    held = (packets.c.tracking == row.tracking) & (packets.c.state == row.state) & (packets.c.claim == row.claim)
    done = connection.execute(update(packets).where(held).values(claim_until=until, attempts=1))
    if done.rowcount:
        others = (packets.c.claim == row.claim) & is_claimed & (packets.c.tracking != row.tracking)
        connection.execute(update(packets).where(others).values(claim_until=until))
    return bool(done.rowcount)


def prolong_all(connection: Writing, token: str, until: float) -> int:
    """Let the claims under this token end at `until`; returns how many. It waits for no locked row: only the packet's
    own worker locks one, and that worker commits."""
    mine = select(packets.c.tracking).where(packets.c.claim == token, is_claimed).order_by(packets.c.tracking)
    done = connection.execute(
        update(packets)
        .where(packets.c.tracking.in_(mine.with_for_update(skip_locked=True)), packets.c.claim == token)
        .values(claim_until=until)
    )
    return done.rowcount


def release(connection: Writing, rows: Iterable[PacketRow]) -> None:
    """Give up the claims on these packets; their state is unchanged, and they get the `attempts`, `deferrals`, `due_at`
    and `lane` of these rows."""
    values = [
        {
            "b_tracking": row.tracking,
            "b_claim": row.claim,
            "b_attempts": row.attempts,
            "b_deferrals": row.deferrals,
            "b_due": row.due_at,
            "b_lane": row.lane,
        }
        for row in sorted(rows, key=lambda row: row.tracking)
    ]
    if values:
        connection.execute(
            update(packets)
            .where(packets.c.tracking == bindparam("b_tracking"), packets.c.claim == bindparam("b_claim"))
            .values(
                claim="",
                claim_until=0.0,
                enqueued_at=0.0,
                attempts=bindparam("b_attempts"),
                deferrals=bindparam("b_deferrals"),
                due_at=bindparam("b_due"),
                lane=bindparam("b_lane"),
            ),
            values,
        )


def claimed_by(connection: Writing, worker: str) -> list[PacketRow]:
    """The packets that this worker has claimed (tokens begin with its name), locked for this transaction."""
    mine = packets.c.claim.startswith(claim_of(worker, ""), autoescape=True)
    in_order = (
        packets.c.tracking + ""
    )  # an expression: for the column itself SQLite would read all packets in its order
    query = select(*_ROW).where(mine, is_claimed).order_by(in_order).with_for_update()
    return [_row(values) for values in connection.execute(query)]


def release_worker(connection: Writing, worker: str) -> int:
    """Free what a dead worker had claimed; the attempts stay counted. Returns how many packets there were."""
    held = claimed_by(connection, worker)
    release(connection, held)
    return len(held)


def mark_unqueued(connection: Writing) -> None:
    """Mark all free packets as not enqueued: what the queue held is gone, or a dead worker had it."""
    free = select(packets.c.tracking).where(is_waiting, packets.c.claim == "")
    mine = packets.c.tracking.in_(_in_order(free).scalar_subquery())
    connection.execute(update(packets).where(mine, is_waiting, packets.c.claim == "").values(enqueued_at=0.0))


def due(connection: Reading, state: State, now: float, stale_before: float, limit: int) -> list[tuple[str, int]]:
    """Packets in `state`, without costly ones, that nobody works on and that no queue was told of since `stale_before`:
    (tracking, lane)."""
    # a time in the future was written before the clock was set back
    is_unknown = or_(packets.c.enqueued_at < stale_before, packets.c.enqueued_at > now + _CLOCK_SECONDS)
    rows = connection.execute(
        select(packets.c.tracking, packets.c.lane)
        .where(packets.c.state == state, packets.c.due_at <= now, is_unknown, packets.c.lane != COSTLY)
        .where(or_(packets.c.claim == "", packets.c.claim_until < now))
        .order_by(packets.c.lane, packets.c.tracking)
        .limit(limit)
    )
    return [(row.tracking, row.lane) for row in rows]


def with_costly(connection: Reading) -> set[str]:
    """LEAs with a waiting packet that is costly to read."""
    return {row[0] for row in connection.execute(select(packets.c.origin).where(is_costly).distinct())}


def due_costly(connection: Reading, now: float, stale_before: float) -> list[tuple[str, State, int]]:
    """For each LEA that has no costly packet claimed, or enqueued since `stale_before`, the first one that is due, as
    (tracking, state, lane)."""
    rows = connection.execute(
        select(
            packets.c.tracking,
            packets.c.origin,
            packets.c.state,
            packets.c.lane,
            packets.c.due_at,
            packets.c.claim_until,
            packets.c.enqueued_at,
        )
        .where(is_costly)
        .order_by(packets.c.origin, packets.c.tracking)
    ).all()
    busy = {
        row.origin for row in rows if row.claim_until >= now or stale_before < row.enqueued_at < now + _CLOCK_SECONDS
    }
    firsts: dict[str, tuple[str, State, int]] = {}
    for row in rows:
        if row.origin not in busy and row.due_at <= now:
            firsts.setdefault(row.origin, (row.tracking, State(row.state), row.lane))
    return list(firsts.values())


def enqueued(connection: Writing, ids: Sequence[str], now: float) -> None:
    """Record that a queue was told of these packets."""
    if ids:
        hold(connection, ids)
        connection.execute(update(packets).where(packets.c.tracking.in_(ids)).values(enqueued_at=now))


def hold(connection: Reading, ids: Iterable[str]) -> None:
    """Lock these packets to the end of this transaction. All are locked at once and in one order, so that two
    transactions that want some of the same packets never deadlock (SQLite: there is one writer)."""
    named = sorted(set(ids))
    if named and connection.dialect.name == "postgresql":
        connection.execute(_in_order(select(packets.c.tracking).where(packets.c.tracking.in_(named))))


def _in_order(query: Select[str]) -> Select[str]:
    return query.order_by(packets.c.tracking).with_for_update()
