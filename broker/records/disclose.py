"""disclose: each delivery, and each refusal because no rule permits it, is a line of the disclosure log (34 CFR 99.32).

Contract: called within the transaction in which the packets move.
"""

from collections.abc import Iterable, Sequence

from broker.core.access import Action, Ground, Role, Why
from broker.core.disclosure import Disclosure
from broker.core.model import PacketType, State
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.packets.services import Services
from broker.records import backpack
from handlers.registry import DISCLOSED, KEPT

_NOT_PERMITTED = {"not-your-student": Why.NOT_THERE, "moved-on": Why.NOT_THERE, "not-allowed": Why.NO_RULE}


def deliveries(services: Services, connection: Writing, rows: Sequence[PacketRow]) -> None:
    """Log that these packets about students lie in their receivers' inboxes."""
    at = services.clock().timestamp()
    disclosures.add(connection, [_line(services, connection, row, at) for row in rows])


def _line(services: Services, connection: Reading, row: PacketRow, at: float) -> Disclosure:
    action, ground = _ground(services, connection, row)
    return Disclosure(
        at=at,
        ssid=row.ssid,
        action=action,
        outcome="allowed",
        party=row.receiver,
        source=row.origin,
        what=row.type,
        ground=ground,
        tracking=row.tracking,
    )


def _ground(services: Services, connection: Reading, row: PacketRow) -> tuple[Action, Ground]:
    """The action and ground of a delivery; for a part of the record store they depend on its purpose and receiver."""
    if backpack.is_for_parent(row):
        return Action.EXPORT_FOR_PARENT, Ground.PARENT_INSPECTION
    is_asked = row.type in KEPT and row.addressed_to
    if is_asked and backpack.role(services, connection, row.ssid, row.receiver) is not Role.CURRENT_LEA:
        return Action.READ_OWN_TIME, Ground.TAUGHT
    found = DISCLOSED[PacketType(row.type)]
    return found.receives, found.ground


def refused(services: Services, connection: Writing, moved: Iterable[Move], before: State) -> None:
    """Log those of these moves, from `before`, that refuse a packet because no rule permits it to go to anybody."""
    at = services.clock().timestamp()
    rows = [one.new for one in moved if one.row.state is before and one.new.state is State.REFUSED]
    about = [row for row in rows if row.ssid and row.code in _NOT_PERMITTED and row.type in DISCLOSED]
    disclosures.add(connection, [_not_sent(row, _NOT_PERMITTED[row.code], at) for row in about])


def not_theirs(services: Services, connection: Writing, row: PacketRow) -> None:
    """Log that this packet is about a student whom its sender never had."""
    disclosures.add(connection, [_not_sent(row, Why.NOT_THERE, services.clock().timestamp())])


def _not_sent(row: PacketRow, why: Why, at: float) -> Disclosure:
    return Disclosure(
        at=at,
        ssid=row.ssid,
        action=DISCLOSED[PacketType(row.type)].sends,
        outcome="refused",
        party=row.origin,
        what=row.type,
        ground=why,
        tracking=row.tracking,
    )
