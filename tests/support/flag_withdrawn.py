"""A child whose record lies in an inbox when the flag is set."""

import json
from typing import Any

from sqlalchemy import select

from broker.core.model import LeaId
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.tables import packets, receipts
from broker.stages.sweep.deliveries import finish_deliveries
from tests.support import desk
from tests.support.flagged import LEAS, STATE, A, B, Child
from tests.support.office import Office

CLASS = iter(desk.children(100, 7100))


def moved_on(building: Office) -> Child:
    """Was at A, which has stored a backpack, and is at B; the inboxes are empty."""
    made = Child(building, next(CLASS), is_flagged=True)
    made.at(A)
    made.stores(A)
    for lea in LEAS:
        empty(building, lea)
    made.enrolls(B)
    made.mark()
    return made


def empty(office: Office, lea: str) -> None:
    finish_deliveries(office.services, LeaId(lea))
    office.collect(lea)


def part(child: Child) -> PacketRow:
    """The part of the record store that lies at B, or is held on its way there."""
    (found,) = [one for one in rows(child) if one.type == "backpack" and one.receiver == B]
    return found


def rows(child: Child) -> list[PacketRow]:
    with reading(child.office.services.engine) as connection:
        query = select(packets.c.tracking).where(packets.c.ssid == child.ssid).order_by(packets.c.tracking)
        found = [row[0] for row in connection.execute(query)]
    return [child.office.row(one) for one in found]


def case_of(child: Child) -> TransferRow:
    with reading(child.office.services.engine) as connection:
        return transfers.about(connection, child.ssid)[-1]


def hidden(office: Office, lea: str = B) -> list[str]:
    return office.hidden(lea)


def told(child: Child, tracking: str) -> list[tuple[str, dict[str, Any]]]:
    with reading(child.office.services.engine) as connection:
        query = select(receipts.c.party, receipts.c.text).where(receipts.c.tracking == tracking)
        found = connection.execute(query.order_by(receipts.c.n)).all()
    return [(row.party, json.loads(row.text)) for row in found]


def newest_alert(child: Child) -> dict[str, Any]:
    return child.office.newest_notice(STATE, "alert")
