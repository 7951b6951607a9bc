"""Which packets of one sender belong together: what a recall names, and the versions of one student's record.

Owns these look-ups, and how a stored backpack is withdrawn. Promises: a `locked` packet stays unchanged to the end of
the transaction, and no caller has to wait for a packet that another worker holds, so two workers cannot deadlock.
SQLite has one writer, and needs no lock of a row.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import case, func, select, update

from broker.core.errors import Deferred
from broker.core.files import table_ids
from broker.core.model import PacketType, State
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets import packets as ledger
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import registry
from broker.edge.ledger.tables import backpacks, is_first, is_waiting, packet_ids, packets, students

_OUT = [State.REFUSED, State.DUPLICATE]
_KEPT = func.coalesce(func.nullif(students.c.merged_into, ""), students.c.ssid)


@dataclass(frozen=True, slots=True)
class Version:
    """One packet among those of its sender about one student; `receiver` is where it goes or is addressed to, `student`
    the number that stands for the student now; `document` is the id of what it brought."""

    tracking: str
    origin: str
    type: str
    student: str
    receiver: str
    state: State
    document: str = ""


_TO = func.coalesce(func.nullif(packets.c.receiver, ""), packets.c.addressed_to)
_VERSION = (
    packets.c.tracking,
    packets.c.origin,
    packets.c.type,
    _KEPT,
    _TO,
    packets.c.state,
    packets.c.packet_id,
)
_PART = case((packets.c.packet_id.startswith(table_ids.OF_PARTS), func.substr(packets.c.packet_id, 1, 15)), else_="")


def locked(connection: Writing, tracking: str, *, waits: bool = True) -> PacketRow | None:
    """A packet that no other transaction moves before this one ends, or None where there is none.

    With `waits=False`, raises Deferred for a packet that another worker holds: a caller that already holds other locks
    must not wait for it.
    """
    mine = select(packets.c.tracking).where(packets.c.tracking == tracking).with_for_update(skip_locked=not waits)
    is_mine = connection.execute(mine).first() is not None
    row = ledger.get(connection, tracking)
    if row is not None and not is_mine:
        raise Deferred("another worker has the packet in hand")
    return row


def by_document(connection: Reading, origin: str, document: str) -> str | None:
    """The packet that brought a sender's document with this id."""
    mine = (packet_ids.c.origin == origin) & (packet_ids.c.packet_id == document)
    return connection.execute(select(packet_ids.c.tracking).where(mine)).scalar()


def is_unopened_before(connection: Reading, origin: str, tracking: str) -> bool:
    """Whether a packet that this sender dropped before the packet `tracking` is still to be opened."""
    waiting = (packets.c.state == State.RECEIVED) & (packets.c.origin == origin) & (packets.c.tracking < tracking)
    return connection.execute(select(packets.c.tracking).where(waiting, is_waiting).limit(1)).first() is not None


def with_content(connection: Reading, row: PacketRow) -> list[str]:
    """Every packet of the same sender, type and bytes, with this one: a backpack and the parts forwarded from it."""
    same = (packets.c.origin == row.origin) & (packets.c.sha256 == row.sha256) & (packets.c.type == row.type)
    query = select(packets.c.tracking).where(same, is_first).order_by(packets.c.tracking)
    return [found[0] for found in connection.execute(query)]


def kept_numbers(connection: Reading, numbers: Collection[str]) -> dict[str, str]:
    """For each of these numbers, the number that stands for the student."""
    rows = connection.execute(select(students.c.ssid, _KEPT).where(students.c.ssid.in_(list(numbers))))
    return {row[0]: row[1] for row in rows}


def take_in_hand(connection: Writing, numbers: Collection[str]) -> set[str]:
    """Those of these students whom no other worker holds; this transaction holds them now. Never waits."""
    mine = select(students.c.ssid).where(students.c.ssid.in_(list(numbers))).order_by(students.c.ssid)
    return {row[0] for row in connection.execute(mine.with_for_update(key_share=True, skip_locked=True))}


def versions(connection: Reading, kept: Collection[str], types: Sequence[PacketType]) -> list[Version]:
    """The packets of these types about these students, under all of their numbers, that were not refused; oldest first.
    Of collected packets, only the newest of each sender, type, number and receiver, and of each part of a record that
    came as a table by itself: a child's records grow over the years, but this look-up must not get slower."""
    chosen = packets.c.type.in_(list(types)), packets.c.ssid.in_(registry.numbers_among(kept))
    newest = select(func.max(packets.c.tracking)).where(*chosen, packets.c.state == State.COLLECTED)
    newest = newest.group_by(packets.c.origin, packets.c.type, packets.c.ssid, _TO, _PART)
    is_live = packets.c.state.not_in([*_OUT, State.COLLECTED])
    query = select(*_VERSION).join(students, students.c.ssid == packets.c.ssid)
    query = query.where(*chosen, is_live | packets.c.tracking.in_(newest))
    found = (Version(*row) for row in connection.execute(query.order_by(packets.c.tracking)))
    return [replace(one, state=State(one.state)) for one in found]


def announce(connection: Writing, row: PacketRow) -> None:
    """Write what is known about a packet before its move is written, so that a later look-up in this transaction finds
    it."""
    known = {"type": row.type, "ssid": row.ssid, "receiver": row.receiver}
    connection.execute(update(packets).where(packets.c.tracking == row.tracking).values(known))


def is_stored(connection: Reading, tracking: str) -> bool:
    """Whether the record store has what this packet brought, and no recall has withdrawn it."""
    ended = connection.execute(select(backpacks.c.ended_by).where(backpacks.c.tracking == tracking)).scalar()
    if not ended:
        return ended == ""
    by, own = ledger.get(connection, ended), ledger.get(connection, tracking)
    return by is None or (own is not None and by.type == own.type)  # a later part took its place, and no recall


def unstore(connection: Writing, tracking: str, by: str, at: float) -> None:
    """Withdraw a version from the record store as if it had never come: what it had replaced becomes current again, or
    is replaced by what replaced this version. `by` is the packet that says so, `at` seconds since the epoch."""
    mine = backpacks.c.tracking == tracking
    ended = connection.execute(select(backpacks.c.ended_at, backpacks.c.ended_by).where(mine)).one()
    heirs = {"ended_at": ended.ended_at, "ended_by": ended.ended_by}
    connection.execute(update(backpacks).where(backpacks.c.ended_by == tracking).values(heirs))
    connection.execute(update(backpacks).where(mine).values(ended_at=at, ended_by=by))
