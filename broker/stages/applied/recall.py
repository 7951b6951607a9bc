"""recall: a sender takes back a packet that nobody has collected yet, and with a backpack what is stored of it.

Contract: called within the transaction that applies the recall. Only the LEA whose packet it is; for anybody else there
is no such packet. What was collected stays so, what was read to its last byte counts like it, and the sender is told to
call. A backpack is taken out of the record store as if it had never come: what it had replaced counts again, for that
was right until the wrong one came, and an LEA that enrolls the student tomorrow is better served by it than by nothing;
if it is wrong too, its sender recalls it as well. Parts of it that were forwarded and not collected come back with it.
"""

from broker.core.access import Action
from broker.core.errors import Deferred, Refused
from broker.core.model import Document, State
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
from handlers.recall import RecallRequest
from handlers.registry import KEPT

_RECALLED = "recalled"
_READ_WHOLE = "It was downloaded to its end, though the receiver's program has not said so yet."


def planned(services: Services, row: PacketRow, document: Document, done: Move) -> Move:
    """The move of a checked `recall.v1`."""
    return as_a_whole(services, row, document, done, _apply)


def _apply(services: Services, connection: Writing, row: PacketRow, document: Document) -> Move | None:
    """Carry out a `recall` packet; the refusal's move where it is about a student and refused ("unknown-tracking",
    "collected-already", "carried-out"). Raises Refused("unknown-tracking") where nothing of the kind is the sender's;
    Deferred while the packet is in hands that cannot be waited for."""
    request = recall.request_of(document.body)
    registry.lock(connection)
    found = _named(connection, row, request)
    watch = Watch(services, connection, row)
    watch.saw([found.ssid], Kind.RECALL)
    watch.tell()
    return alerts.standing(services, connection, row, lambda: _carry_out(services, connection, row, found, request))


def _carry_out(
    services: Services, connection: Writing, row: PacketRow, found: PacketRow, request: RecallRequest
) -> None:
    if found.state is State.REFUSED:
        raise Refused("unknown-tracking", request.pointer)
    if found.state is State.COLLECTED:
        raise Refused("collected-already", request.pointer)
    if slices.is_begun(connection, found.tracking):
        raise Deferred("the packet is being carried out")
    if found.type in KEPT:
        _recall_backpack(services, connection, row, found, request)
    elif found.state is State.APPLIED:
        raise Refused("carried-out", request.pointer)
    elif not _withdraw(services, connection, row, found, request):
        raise _had(connection, found, request)


def _named(connection: Writing, row: PacketRow, request: RecallRequest) -> PacketRow:
    """The sender's own packet, locked; that which a duplicate repeats."""
    tracking: str | None = request.tracking
    if request.document:
        tracking = corrections.by_document(connection, row.origin, request.document)
        if tracking is None and corrections.is_unopened_before(connection, row.origin, row.tracking):
            raise Deferred("the packet that is meant may still have to be opened")
        if tracking is None or request.tracking not in ("", tracking):
            raise Refused("unknown-tracking", "/document")
    found = _own(connection, row, tracking or "", request)
    return _own(connection, row, found.duplicate_of, request) if found.state is State.DUPLICATE else found


def _own(connection: Writing, row: PacketRow, tracking: str, request: RecallRequest) -> PacketRow:
    found = corrections.locked(connection, tracking, waits=False)
    if found is None or found.origin != row.origin or found.tracking == row.tracking:
        raise Refused("unknown-tracking", request.pointer)
    return found


def _withdraw(
    services: Services, connection: Writing, row: PacketRow, found: PacketRow, request: RecallRequest
) -> bool:
    refused = Refused(_RECALLED, hint=f"The sender's reason: {request.why}.")
    return withdraw.refuse(services, connection, found, refused, row, request.why)


def _had(connection: Reading, found: PacketRow, request: RecallRequest) -> Refused:
    is_read = found.state is State.DELIVERED and history.was_read(connection, found.tracking)
    return Refused("collected-already", request.pointer, _READ_WHOLE if is_read else "")


def _recall_backpack(
    services: Services, connection: Writing, row: PacketRow, found: PacketRow, request: RecallRequest
) -> None:
    """The stored version, and every part of it that is on its way, whichever of them is named. Who has collected a part
    keeps it; the sender has its receipt."""
    now = services.clock().timestamp()
    same = [corrections.locked(connection, one, waits=False) for one in corrections.with_content(connection, found)]
    on_the_way = [one for one in same if one and one.state in withdraw.ON_THE_WAY]
    taken = {one.tracking for one in on_the_way if _withdraw(services, connection, row, one, request)}
    stored = [one for one in same if one and one.state is State.APPLIED]
    stored = [one for one in stored if corrections.is_stored(connection, one.tracking)]
    if not stored and found.tracking not in taken:
        raise (
            Refused("unknown-tracking", request.pointer)
            if found.state is State.APPLIED
            else _had(connection, found, request)
        )
    for one in stored:
        corrections.unstore(connection, one.tracking, row.tracking, now)
    disclosures.add(connection, [withdraw.line_of(one, Action.RECALL, request.why, now) for one in stored])
