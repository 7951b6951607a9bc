"""An office with a student who was at one LEA and is at another, and packets that are taken back."""

import json
from typing import Any

from sqlalchemy import select

from broker.core.model import LeaId
from broker.core.transfer import TransferState
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.engine import reading
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.tables import receipts
from broker.packets import batch
from broker.stages import admit, deliver, route
from broker.stages.sweep.deliveries import finish_deliveries
from tests.support import desk, documents
from tests.support.office import Office

A, B, C = "01", "6G", "7K"
PLANS = [admit.PLAN, route.PLAN, deliver.PLAN]
STUDENTS = iter(desk.children(100))


class Desk(Office):
    """An office with a student who was at A and is at B."""

    student: dict[str, Any]

    def record(self, **changes: Any) -> dict[str, Any]:
        return desk.record(A, self.student, **changes)

    def round(self, *trackings: str) -> None:
        """What a worker does with these, as far as they get."""
        batch.run(self.services, PLANS, trackings)


def with_another_student(building: Desk) -> Desk:
    """Another student each time; the inboxes are empty."""
    building.student = next(STUDENTS)
    building.enroll(A, building.student, date="2026-08-17")
    building.enroll(B, building.student, date="2026-11-20")
    for lea in (A, B, C):
        finish_deliveries(building.services, LeaId(lea))
        building.collect(lea)
    return building


def recall(office: Desk, lea: str = A, **changes: Any) -> PacketRow:
    return office.send(lea, documents.recall(**({"from": lea} | changes)))


def told(office: Desk, tracking: str) -> list[tuple[str, dict[str, Any]]]:
    """Every receipt of a packet: to whom, and what it says."""
    with reading(office.services.engine) as connection:
        query = select(receipts.c.party, receipts.c.text).where(receipts.c.tracking == tracking)
        rows = connection.execute(query.order_by(receipts.c.n)).all()
    return [(row.party, json.loads(row.text)) for row in rows]


def hidden(office: Desk, lea: str = B) -> list[str]:
    return office.hidden(lea)


def records_in(office: Desk, lea: str = B) -> list[str]:
    return office.inbox(lea, "student-record")


def case_of(office: Desk, row: PacketRow) -> TransferState:
    with reading(office.services.engine) as connection:
        return transfers.about(connection, row.ssid)[-1].state
