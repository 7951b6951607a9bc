"""recall: a sender takes back a packet that nobody has collected yet, and with a backpack what is stored of it.

Contract: called within the transaction that applies the recall. Only the LEA whose packet it is; for anybody else there
is no such packet. What was collected stays so, what was read to its last byte counts like it, and the sender is told to
call. A backpack is taken out of the record store as if it had never come: what it had replaced counts again, for that
was right until the wrong one came, and an LEA that enrolls the student tomorrow is better served by it than by nothing;
if it is wrong too, its sender recalls it as well. Parts of it that were forwarded and not collected come back with it.
"""

from broker.core.access import Action
from broker.core.errors import Deferred, Refused
from broker.core.model import Document, PacketType, State
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets import corrections, history, slices
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.edge.ledger.people import registry
from broker.notices.alert import Kind
from broker.oversight import alerts
from broker.oversight.watch import Watch
from broker.packets.services import Services
from broker.stages import withdraw
from broker.stages.applied.planning import as_a_whole
from handlers import recall
from handlers.recall import Wish

_RECALLED = "recalled"
_READ_WHOLE = "It was downloaded to its end, though the receiver's program has not said so yet."


def planned(services: Services, row: PacketRow, document: Document, done: Move) -> Move:
    """The move of a checked `recall.v1`."""
    return as_a_whole(services, row, document, done, _apply)


def _apply(services: Services, connection: Writing, row: PacketRow, document: Document) -> Move | None:
    """Carry out a `recall` packet; the refusal's move where it is about a student and refused ("unknown-tracking",
    "collected-already", "carried-out"). Raises Refused("unknown-tracking") where nothing of the kind is the sender's;
    Deferred while the packet is in hands that cannot be waited for."""
    wish = recall.wish_of(document.body)
    registry.lock(connection)
    found = _named(connection, row, wish)
    watch = Watch(services, connection, row)
    watch.saw([found.ssid], Kind.RECALL)
    watch.tell()
    return alerts.standing(services, connection, row, lambda: _carry_out(services, connection, row, found, wish))


def _carry_out(services: Services, connection: Writing, row: PacketRow, found: PacketRow, wish: Wish) -> None:
    if found.state is State.REFUSED:
        raise Refused("unknown-tracking", wish.pointer)
    if found.state is State.COLLECTED:
        raise Refused("collected-already", wish.pointer)
    if slices.is_begun(connection, found.tracking):
        raise Deferred("the packet is being carried out")
    if found.type == PacketType.BACKPACK:
        _take_backpack(services, connection, row, found, wish)
    elif found.state is State.APPLIED:
        raise Refused("carried-out", wish.pointer)
    elif not _take(services, connection, row, found, wish):
        raise _had(connection, found, wish)


def _named(connection: Writing, row: PacketRow, wish: Wish) -> PacketRow:
    """The sender's own packet, locked; that which a duplicate repeats."""
    tracking: str | None = wish.tracking
    if wish.document:
        tracking = corrections.by_document(connection, row.origin, wish.document)
        if tracking is None and corrections.is_unopened_before(connection, row.origin, row.tracking):
            raise Deferred("the packet that is meant may still have to be opened")
        if tracking is None or wish.tracking not in ("", tracking):
            raise Refused("unknown-tracking", "/document")
    found = _own(connection, row, tracking or "", wish)
    return _own(connection, row, found.duplicate_of, wish) if found.state is State.DUPLICATE else found


def _own(connection: Writing, row: PacketRow, tracking: str, wish: Wish) -> PacketRow:
    found = corrections.locked(connection, tracking, waits=False)
    if found is None or found.origin != row.origin or found.tracking == row.tracking:
        raise Refused("unknown-tracking", wish.pointer)
    return found


def _take(services: Services, connection: Writing, row: PacketRow, found: PacketRow, wish: Wish) -> bool:
    refused = Refused(_RECALLED, hint=f"The sender's reason: {wish.why}.")
    return withdraw.take(services, connection, found, refused, row, wish.why)


def _had(connection: Reading, found: PacketRow, wish: Wish) -> Refused:
    is_read = found.state is State.DELIVERED and history.was_read(connection, found.tracking)
    return Refused("collected-already", wish.pointer, _READ_WHOLE if is_read else "")


def _take_backpack(services: Services, connection: Writing, row: PacketRow, found: PacketRow, wish: Wish) -> None:
    """The stored version, and every part of it that is on its way, whichever of them is named. Who has collected a part
    keeps it; the sender has its receipt."""
    now = services.clock().timestamp()
    same = [corrections.locked(connection, one, waits=False) for one in corrections.with_content(connection, found)]
    on_the_way = [one for one in same if one and one.state in withdraw.ON_THE_WAY]
    taken = {one.tracking for one in on_the_way if _take(services, connection, row, one, wish)}
    stored = [one for one in same if one and one.state is State.APPLIED]
    stored = [one for one in stored if corrections.is_stored(connection, one.tracking)]
    if not stored and found.tracking not in taken:
        raise (
            Refused("unknown-tracking", wish.pointer) if found.state is State.APPLIED else _had(connection, found, wish)
        )
    for one in stored:
        corrections.unstore(connection, one.tracking, row.tracking, now)
    disclosures.add(connection, [withdraw.line_of(one, Action.RECALL, wish.why, now) for one in stored])
