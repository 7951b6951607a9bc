"""collect: a DELIVERED packet becomes COLLECTED, with a receipt that says how that is known.

Contract: called when the SFTP server has sent a file to its last byte and the file was closed, when an inbox file is
gone, or with a signed acknowledgement; the first of these counts, and the others change nothing. That a file is about
to be sent to its last byte is noted before: such a packet is not collected yet, because the line may break and the
law's clocks must not stop for that, but it can no longer be taken back. No secret key is needed, because the part that
faces the net calls this, too: receipts are statements until the sweeper signs them, and a notice for the state is owed.
"""

from collections.abc import Sequence
from functools import partial

from broker.core.errors import Deferred
from broker.core.model import HeldFor, LeaId, PacketType, State
from broker.edge.home.inbox import InboxState
from broker.edge.ledger import epoch
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets import corrections, history, moves, packets, views
from broker.edge.ledger.packets.rows import Move, PacketRow, Step
from broker.notices.alert import Kind
from broker.oversight import alerts
from broker.packets.receipts import statements
from broker.packets.services import Services
from broker.stages import withdraw
from broker.transfers import cases

_AT_ONCE = 200  # packets in one transaction, because others want to write, too
READ, REMOVED, ACKNOWLEDGED = "sftp-read", "removed", "acknowledged"
_WITHDRAWN = ("recalled", "replaced")


def move_of(services: Services, row: PacketRow, how: str, **said: str) -> Move:
    """The move to COLLECTED, with receipts for sender and receiver; `said` are further facts of the receipts."""
    new = row._replace(state=State.COLLECTED)
    told = [(row.origin, State.COLLECTED), (row.receiver, State.COLLECTED)]
    return Move(row, new, (Step(State.COLLECTED, how),), statements(services, new, told, how=how, **said))


def collect_in(connection: Writing, services: Services, receiver: str, tracking: str, how: str, **said: str) -> bool:
    """Collect this packet, within a transaction. Returns whether it was delivered to this receiver. `said` is as in
    `move_of`."""
    row = corrections.locked(connection, tracking)
    if row is None or row.receiver != receiver:
        return False
    if how == READ:
        _tell_late(services, connection, row)
    if row.state not in (State.DELIVERED, State.COLLECTED):
        return False
    if row.state is State.DELIVERED:
        token = row.token
        place = services.inboxes.inbox_state(LeaId(row.receiver), row.tracking, token, PacketType(row.type))
        if place is InboxState.STAGED:  # committed, but not in view yet: it must not count as taken
            raise Deferred("the packet is about to appear in the inbox")
        moves.advance(connection, [move_of(services, row, how, **said)], services.clock().timestamp())
        cases.collected(services, connection, [row])
    return True


def _tell_late(services: Services, connection: Writing, row: PacketRow) -> None:
    """A withdrawn packet was read all the same, through a file handle that was already open: tell, once, the LEA or the
    state that withdrew it."""
    is_withdrawn = row.state is State.REFUSED and row.code in _WITHDRAWN
    if is_withdrawn and not history.has_stayed(connection, row.tracking, State.REFUSED, READ):
        withdraw.read_after(services, connection, row, READ)
    if row.state is State.HELD and row.held_for == HeldFor.BLOCKED:
        alerts.owe(services, connection, Kind.TAKEN, row.ssid, row.receiver, row.tracking)


def read_whole(services: Services, receiver: str, tracking: str) -> None:
    """Note that the last byte of this packet is about to be sent to its receiver."""
    committed(services.engine, partial(_note_read, services, receiver, tracking))


def _note_read(services: Services, receiver: str, tracking: str, connection: Writing) -> None:
    epoch.settle(connection)  # first, as in every transaction that moves packets
    row = corrections.locked(connection, tracking)
    if row is None or row.receiver != receiver:
        return
    if row.state is State.DELIVERED and not history.was_read(connection, tracking):
        at = services.clock().timestamp()
        history.stay(connection, tracking, State.DELIVERED, history.READ_WHOLE, at)
    _tell_late(services, connection, row)


def run(services: Services, receiver: str, trackings: Sequence[str], how: str) -> None:
    """Collect these packets, which their receiver took."""
    for start in range(0, len(trackings), _AT_ONCE):
        committed(services.engine, partial(_collect, services, receiver, trackings[start : start + _AT_ONCE], how))


def _collect(services: Services, receiver: str, trackings: Sequence[str], how: str, connection: Writing) -> None:
    """Collect in the order of the students, as deliver does: both change the student's transfer case."""
    epoch.settle(connection)
    packets.hold(connection, trackings)
    for tracking in views.by_student(connection, trackings):
        collect_in(connection, services, receiver, tracking, how)
