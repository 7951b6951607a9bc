"""Moves of packets: state, event and receipt change together in one transaction.

Owns how a `Move` is written. Promises: it compares the state and the claim first and writes everything for a packet or
nothing; a document's id belongs to the packet that brought it first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from broker.core.files import table_ids
from broker.core.model import State
from broker.edge.ledger.blame import NOT_KEPT, cause_of
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets import history
from broker.edge.ledger.packets import packets as packet_rows
from broker.edge.ledger.packets.rows import MUTABLE, Move, PacketRow
from broker.edge.ledger.tables import packet_ids, packets


def _apply_effect(connection: Writing, move: Move) -> Move | Exception:
    """The move as its effect returns it; or the exception that the effect raised, with everything for this packet
    rolled back."""
    if move.effect is None:
        return move
    try:
        with connection.begin_nested():
            return move.effect(connection)
    except Exception as error:
        if cause_of(error) in NOT_KEPT:
            raise  # a full disk, say: SQLite may have rolled back the whole transaction; none of it may be committed
        return error  # the caller refuses the packet or reports the bug


def _known(move: Move) -> PacketRow:
    """The packet in its old state, with what was found out about it: type, document, signer, student."""
    found = {name: getattr(move.new, name) for name in _FOUND}
    return move.row._replace(**found)


@dataclass(frozen=True, slots=True)
class Advanced:
    """`moved` were written. The effects of `failed` raised; `repeated` carry a document id that another packet brought
    first (with that packet's tracking id and digest). Nothing was written for either of these."""

    moved: tuple[Move, ...]
    failed: tuple[tuple[PacketRow, Exception], ...]
    repeated: tuple[tuple[Move, str, str], ...]

    def __add__(self, other: "Advanced") -> "Advanced":
        """Both results together."""
        return Advanced(self.moved + other.moved, self.failed + other.failed, self.repeated + other.repeated)


_FOUND = ("type", "packet_id", "addressed_to", "signer", "ssid", "identity")
_ID = (packet_ids.c.origin, packet_ids.c.packet_id)
_UPDATE = (
    update(packets)
    .where(packets.c.tracking == bindparam("b_tracking"))
    .values({name: bindparam(f"n_{name}") for name in MUTABLE})
)


def advance(connection: Writing, moves: Sequence[Move], now: float, enqueued_at: float = 0.0) -> Advanced:
    """Write these moves. A packet that no longer has the state and the claim with which it was taken is left out.

    `enqueued_at` is when the caller tells the queues about them; 0 leaves that to the sweeper.
    """
    held, repeated = _remember_ids(connection, _still_held(connection, moves))
    moved: list[Move] = []
    failed: list[tuple[PacketRow, Exception]] = []
    unused: list[tuple[PacketRow, str]] = []
    for move in held:
        result = _apply_effect(connection, move)
        if isinstance(result, Exception):
            failed.append((_known(move), result))
            unused.append((move.row, move.document[0] if move.document else ""))
        else:
            moved.append(result)
    unused += [(one.row, one.row.packet_id) for one in moved if one.new.state is State.REFUSED]
    _free_ids(connection, [(row, packet_id) for row, packet_id in unused if packet_id])
    _forget_earlier_tables(connection, moved)
    if moved:
        _pass_through(connection, moved)
        connection.execute(_UPDATE, [_new_values(move, now, enqueued_at) for move in moved])
        history.append_events(connection, [event for move in moved for event in _events(move, now)])
        history.append(connection, [receipt for move in moved for receipt in move.receipts])
    return Advanced(tuple(moved), tuple(failed), tuple(repeated))


def reserve(connection: Writing, moves: Sequence[Move], others: Sequence[PacketRow]) -> None:
    """Lock the packets, and then the document ids, of all these moves and of the `others` at once: transactions that
    write moves in several steps would otherwise take them in different orders (SQLite: there is one writer)."""
    if connection.dialect.name == "postgresql":
        packet_rows.hold(connection, [one.row.tracking for one in moves] + [row.tracking for row in others])
        _remember_ids(connection, _still_held(connection, moves))


def give_up(connection: Writing, moves: Sequence[Move]) -> None:
    """Free the document ids of these moves, which are not written now."""
    if connection.dialect.name == "postgresql":
        _free_ids(connection, [(one.row, one.document[0]) for one in moves if one.document])


def keep_id(connection: Writing, move: Move) -> bool:
    """Reserve the document's id for this packet before its move; False where another packet has it."""
    return not _remember_ids(connection, [move])[1]


def give_up_id(connection: Writing, row: PacketRow, document: str) -> None:
    """Free the document id of a packet that failed."""
    _free_ids(connection, [(row, document)])


def _still_held(connection: Writing, moves: Sequence[Move]) -> list[Move]:
    wanted = {move.row.tracking: move for move in moves}
    if not wanted:
        return []
    found = connection.execute(
        select(packets.c.tracking, packets.c.state, packets.c.claim)
        .where(packets.c.tracking.in_(list(wanted)))
        .order_by(packets.c.tracking)
        .with_for_update()
    )
    return [
        wanted[values.tracking]
        for values in found
        if (values.state, values.claim) == (wanted[values.tracking].row.state, wanted[values.tracking].row.claim)
    ]


def _remember_ids(connection: Writing, moves: Sequence[Move]) -> tuple[list[Move], list[tuple[Move, str, str]]]:
    """Each document id belongs to the packet that brought it first, among all packets of its LEA."""
    firsts: dict[tuple[str, str], tuple[str, str]] = {}  # the first among these packets
    for move in moves:
        if move.document:
            firsts.setdefault((move.row.origin, move.document[0]), (move.row.tracking, move.document[1]))
    owners = _owners(connection, firsts)
    kept: list[Move] = []
    repeated: list[tuple[Move, str, str]] = []
    for move in moves:
        owner = owners[move.row.origin, move.document[0]] if move.document else (move.row.tracking, "")
        if owner[0] == move.row.tracking:
            kept.append(move)
        else:
            repeated.append((move, *owner))
    return kept, repeated


def _owners(
    connection: Writing, firsts: Mapping[tuple[str, str], tuple[str, str]]
) -> dict[tuple[str, str], tuple[str, str]]:
    """The owner of each (origin, document id), as (tracking, digest): one of these packets where no earlier one has it.

    It is one statement, because another worker could enter the same id between a look-up and an insert. On PostgreSQL
    it waits for a worker that holds an id; all take ids in one order, so two workers never deadlock.
    """
    if not firsts:
        return {}
    rows = [
        {"origin": origin, "packet_id": packet_id, "tracking": tracking, "digest": digest}
        for (origin, packet_id), (tracking, digest) in sorted(firsts.items())
    ]
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    # an update that changes nothing returns the existing row; "do nothing" would not
    same = {"tracking": packet_ids.c.tracking}
    new = insert(packet_ids).on_conflict_do_update(index_elements=_ID, set_=same).returning(packet_ids)
    found = connection.execute(new, rows)
    return {(row.origin, row.packet_id): (row.tracking, row.digest) for row in found}


def _free_ids(connection: Writing, unused: Sequence[tuple[PacketRow, str]]) -> None:
    """Free the ids of documents that failed, or were refused after they were admitted: the sender may correct the
    document, or seal it with another key, and send it again."""
    if unused:
        mine = (packet_ids.c.origin == bindparam("b_origin")) & (packet_ids.c.packet_id == bindparam("b_id"))
        connection.execute(
            delete(packet_ids).where(mine, packet_ids.c.tracking == bindparam("b_tracking")),
            [{"b_origin": row.origin, "b_id": one, "b_tracking": row.tracking} for row, one in unused],
        )


def _forget_earlier_tables(connection: Writing, moved: Sequence[Move]) -> None:
    """Of an LEA's tables of one type, only the newest is known by its id: the rows of an earlier one are news again.
    A table that another worker has at this moment is left alone, for that worker may wait for this one."""
    brought = [
        (one.row.origin, one.document[0]) for one in moved if one.document and one.new.state is not State.REFUSED
    ]
    newest = {(origin, table_ids.beginning(document)): document for origin, document in brought}
    for (origin, beginning), document in newest.items():
        if beginning:
            mine = (packet_ids.c.origin == origin) & packet_ids.c.packet_id.startswith(beginning)
            earlier = select(packet_ids.c.packet_id).where(mine, packet_ids.c.packet_id != document)
            found = connection.execute(earlier.with_for_update(skip_locked=True)).scalars().all()
            connection.execute(delete(packet_ids).where(mine, packet_ids.c.packet_id.in_(found)))


def _pass_through(connection: Writing, moves: Sequence[Move]) -> None:
    """States that a packet only passes through are written too, because the database checks every single move."""
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
        # a delivered packet keeps its claim: the claim names the staged file that counts
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
