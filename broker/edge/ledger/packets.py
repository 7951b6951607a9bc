"""Packets in the ledger: born, claimed, moved, found again.

Owns every statement that changes `packets`, `events` and `receipts`. Promises: a move is one transaction that compares
the state and the claim, writes the new state, the event and the receipt, or writes nothing; a claim counts the attempt
before the work begins, so that a worker's death is counted too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, update

from broker.core.model import State
from broker.edge.ledger.rows import COLUMNS, MUTABLE, Move, PacketRow, SignedReceipt
from broker.edge.ledger.tables import events, packet_ids, packets, publications, receipts

_ROW = [packets.c[name] for name in COLUMNS]


def _row(values: Any) -> PacketRow:
    return replace(PacketRow(*values), state=State(values.state))


def _flat(row: PacketRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in COLUMNS}


def get(connection: Connection, tracking: str) -> PacketRow | None:
    """One packet, or None."""
    found = connection.execute(select(*_ROW).where(packets.c.tracking == tracking)).first()
    return _row(found) if found else None


def by_source(connection: Connection, origin: str, names: Sequence[str]) -> dict[tuple[str, str], PacketRow]:
    """Packets taken from these file names of an outbox, by (name, mark)."""
    rows = connection.execute(select(*_ROW).where(packets.c.origin == origin, packets.c.source_name.in_(names)))
    return {(row.source_name, row.source_mark): _row(row) for row in rows}


def firsts(connection: Connection, origin: str, hashes: Sequence[str]) -> dict[str, PacketRow]:
    """The packet, not refused and no duplicate itself, that brought each content first; by SHA-256."""
    rows = connection.execute(
        select(*_ROW)
        .where(packets.c.origin == origin, packets.c.sha256.in_(hashes))
        .where(packets.c.state.not_in([State.REFUSED, State.DUPLICATE]))
        .order_by(packets.c.tracking.desc())
    )
    return {row.sha256: _row(row) for row in rows}


def in_flight(connection: Connection, origin: str) -> int:
    """How many packets of this LEA are still to be worked."""
    states = [State.RECEIVED, State.ADMITTED, State.ROUTED]
    found = select(packets.c.tracking).where(packets.c.state.in_(states), packets.c.origin == origin).limit(1000)
    return connection.execute(select(func.count()).select_from(found.subquery())).scalar_one()


def _write_receipts(connection: Connection, batch: Sequence[SignedReceipt]) -> None:
    if batch:
        connection.execute(insert(receipts), [asdict(receipt) for receipt in batch])
        connection.execute(insert(publications), [{"tracking": r.tracking, "n": r.n} for r in batch])


def _write_events(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(events), rows)


def born(connection: Connection, rows: Sequence[PacketRow], batch: Sequence[SignedReceipt]) -> None:
    """Insert new packets with their first event and receipts."""
    if not rows:
        return
    connection.execute(insert(packets), [_flat(row) for row in rows])
    _write_events(
        connection,
        [
            {"tracking": row.tracking, "at": row.received_at, "before": "", "after": row.state, "why": row.code}
            for row in rows
        ],
    )
    _write_receipts(connection, batch)


@dataclass(frozen=True, slots=True)
class Claimed:
    """`rows` are this worker's now; `alone` were not claimed because each must be worked by itself."""

    rows: tuple[PacketRow, ...]
    alone: tuple[str, ...]


def claim(connection: Connection, state: State, ids: Sequence[str], token: str, now: float, until: float) -> Claimed:
    """Take packets that stand in `state`, are due, and are nobody's; counts the attempt.

    A packet on which a worker died before is claimed only when it is the only one asked for, so that it can take no
    other packet with it.
    """
    free = or_(packets.c.claim == "", packets.c.claim_until < now)
    found = connection.execute(
        select(*_ROW)
        .where(packets.c.tracking.in_(ids), packets.c.state == state, free, packets.c.due_at <= now)
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
        tuple(replace(row, claim=token, claim_until=until, attempts=row.attempts + 1) for row in mine), alone
    )


def release(connection: Connection, rows: Iterable[PacketRow]) -> None:
    """Give claimed packets back unchanged in state, with the `attempts`, `deferrals` and `due_at` of these rows."""
    values = [
        {
            "b_tracking": row.tracking,
            "b_claim": row.claim,
            "b_attempts": row.attempts,
            "b_deferrals": row.deferrals,
            "b_due": row.due_at,
        }
        for row in rows
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
            ),
            values,
        )


def release_worker(connection: Connection, worker: str) -> int:
    """Free what a dead worker had claimed (tokens begin with its name); the attempts stay counted."""
    done = connection.execute(
        update(packets)
        .where(packets.c.claim.startswith(f"{worker}:", autoescape=True), packets.c.claim_until > 0)
        .values(claim="", claim_until=0.0, enqueued_at=0.0)
    )
    return done.rowcount


def forget_queues(connection: Connection) -> None:
    """Nobody was told of anything: what the queue held is gone, or was in the hands of a worker that died."""
    waiting = [State.RECEIVED, State.ADMITTED, State.ROUTED]
    connection.execute(
        update(packets).where(packets.c.state.in_(waiting), packets.c.claim == "").values(enqueued_at=0.0)
    )


def _apply_effect(connection: Connection, move: Move) -> Move | Exception:
    """The move that the effect makes of it; what it raised, with everything of this packet undone, otherwise."""
    if move.effect is None:
        return move
    try:
        with connection.begin_nested():
            return move.effect(connection)
    except Exception as error:  # noqa: BLE001  handed to the caller, which refuses the packet or reports the bug
        return error


@dataclass(frozen=True, slots=True)
class Advanced:
    """`moved` were written. `failed` raised in their effect, `repeated` carry a document id that another packet
    brought first (with that packet's tracking id and digest); nothing of these was written."""

    moved: tuple[Move, ...]
    failed: tuple[tuple[PacketRow, Exception], ...]
    repeated: tuple[tuple[Move, str, str], ...]


_UPDATE = (
    update(packets)
    .where(packets.c.tracking == bindparam("b_tracking"))
    .values({name: bindparam(f"n_{name}") for name in MUTABLE})
)


def advance(connection: Connection, moves: Sequence[Move], now: float, enqueued_at: float = 0.0) -> Advanced:
    """Write these moves. A packet that is no longer in the state, or under the claim, it was taken with is left out.

    `enqueued_at` is when the caller tells the queues of them; 0 leaves that to the sweeper.
    """
    held, repeated = _remember_ids(connection, _still_held(connection, moves))
    moved: list[Move] = []
    failed: list[tuple[PacketRow, Exception]] = []
    unused: list[tuple[PacketRow, str]] = []
    for move in held:
        result = _apply_effect(connection, move)
        if isinstance(result, Exception):
            failed.append((move.row, result))
            unused.append((move.row, move.document[0] if move.document else ""))
        else:
            moved.append(result)
    unused += [(one.row, one.row.packet_id) for one in moved if one.new.state is State.REFUSED]
    _forget_ids(connection, [(row, packet_id) for row, packet_id in unused if packet_id])
    if moved:
        _pass_through(connection, moved)
        connection.execute(_UPDATE, [_new_values(move, now, enqueued_at) for move in moved])
        _write_events(connection, [event for move in moved for event in _events(move, now)])
        _write_receipts(connection, [receipt for move in moved for receipt in move.receipts])
    return Advanced(tuple(moved), tuple(failed), tuple(repeated))


def _still_held(connection: Connection, moves: Sequence[Move]) -> list[Move]:
    wanted = {move.row.tracking: move for move in moves}
    if not wanted:
        return []
    found = connection.execute(
        select(packets.c.tracking, packets.c.state, packets.c.claim)
        .where(packets.c.tracking.in_(list(wanted)))
        .with_for_update()
    )
    return [
        wanted[values.tracking]
        for values in found
        if (values.state, values.claim) == (wanted[values.tracking].row.state, wanted[values.tracking].row.claim)
    ]


def _remember_ids(connection: Connection, moves: Sequence[Move]) -> tuple[list[Move], list[tuple[Move, str, str]]]:
    """Each document id belongs to the packet that brought it first, of all packets of its LEA."""
    ids = [move.document[0] for move in moves if move.document]
    if not ids:
        return list(moves), []
    rows = connection.execute(select(packet_ids).where(packet_ids.c.packet_id.in_(ids)))
    owners = {(row.origin, row.packet_id): (row.tracking, row.digest) for row in rows}
    kept: list[Move] = []
    repeated: list[tuple[Move, str, str]] = []
    fresh: list[dict[str, str]] = []
    for move in moves:
        if not move.document:
            kept.append(move)
            continue
        packet_id, digest = move.document
        owner = owners.setdefault((move.row.origin, packet_id), (move.row.tracking, digest))
        if owner[0] != move.row.tracking:
            repeated.append((move, *owner))
            continue
        kept.append(move)
        fresh.append(
            {"origin": move.row.origin, "packet_id": packet_id, "tracking": move.row.tracking, "digest": digest}
        )
    if fresh:
        connection.execute(insert(packet_ids), fresh)
    return kept, repeated


def _forget_ids(connection: Connection, unused: Sequence[tuple[PacketRow, str]]) -> None:
    """A document that failed, or was refused after it was admitted, has not used up its id: its sender may mend it, or
    seal it again with another key, and send it again."""
    if unused:
        mine = (packet_ids.c.origin == bindparam("b_origin")) & (packet_ids.c.packet_id == bindparam("b_id"))
        connection.execute(
            delete(packet_ids).where(mine, packet_ids.c.tracking == bindparam("b_tracking")),
            [{"b_origin": row.origin, "b_id": one, "b_tracking": row.tracking} for row, one in unused],
        )


def _pass_through(connection: Connection, moves: Sequence[Move]) -> None:
    """States that a packet only passes are written too, for the database checks every single move."""
    passed = [{"b_tracking": move.row.tracking, "b_state": step.after} for move in moves for step in move.steps[:-1]]
    if passed:
        connection.execute(
            update(packets).where(packets.c.tracking == bindparam("b_tracking")).values(state=bindparam("b_state")),
            passed,
        )


def _new_values(move: Move, now: float, enqueued_at: float) -> dict[str, Any]:
    values: dict[str, Any] = {f"n_{name}": getattr(move.new, name) for name in MUTABLE}
    return values | {
        "b_tracking": move.row.tracking,
        # a delivered packet keeps the claim, for it names the staged file that counts
        "n_claim": move.row.claim if move.new.state is State.DELIVERED else "",
        "n_claim_until": 0.0,
        "n_attempts": 0,
        "n_deferrals": 0,
        "n_due_at": 0.0,
        "n_receipts": move.row.receipts + len(move.receipts),
        "n_enqueued_at": enqueued_at,
        "n_updated_at": now,
    }


def _events(move: Move, now: float) -> list[dict[str, Any]]:
    rows = []
    before = move.row.state
    for step in move.steps:
        rows.append({"tracking": move.row.tracking, "at": now, "before": before, "after": step.after, "why": step.why})
        before = step.after
    return rows


def due(connection: Connection, state: State, now: float, stale_before: float, limit: int) -> list[tuple[str, int]]:
    """Packets in `state` that nobody works on and no queue was told of (since `stale_before`): (tracking, lane)."""
    rows = connection.execute(
        select(packets.c.tracking, packets.c.lane)
        .where(packets.c.state == state, packets.c.due_at <= now, packets.c.enqueued_at < stale_before)
        .where(or_(packets.c.claim == "", packets.c.claim_until < now))
        .order_by(packets.c.lane, packets.c.tracking)
        .limit(limit)
    )
    return [(row.tracking, row.lane) for row in rows]


def enqueued(connection: Connection, ids: Sequence[str], now: float) -> None:
    """Note that a queue was told of these."""
    connection.execute(update(packets).where(packets.c.tracking.in_(ids)).values(enqueued_at=now))


def pending_receipts(connection: Connection, limit: int) -> list[SignedReceipt]:
    """Receipts whose file is not known to be written."""
    joined = receipts.join(
        publications, and_(receipts.c.tracking == publications.c.tracking, receipts.c.n == publications.c.n)
    )
    columns = [receipts.c[name] for name in ("tracking", "n", "state", "party", "at", "text")]
    return [SignedReceipt(*row) for row in connection.execute(select(*columns).select_from(joined).limit(limit))]


def published(connection: Connection, done: Sequence[SignedReceipt]) -> None:
    """Forget these publications: their files are durable."""
    if done:
        connection.execute(
            delete(publications).where(
                publications.c.tracking == bindparam("b_tracking"), publications.c.n == bindparam("b_n")
            ),
            [{"b_tracking": receipt.tracking, "b_n": receipt.n} for receipt in done],
        )
