"""Transcripts sent to universities, and what is told of them."""

import json
import uuid
from typing import Any

from sqlalchemy import select

from broker.edge.ledger.engine import reading
from broker.edge.ledger.tables import receipts
from broker.formats.transcript.record import Facts, from_record
from tests.support import desk, documents
from tests.support.office import Office

A, B, U1, U2 = "01", "6G", "uofu", "weber"
ANA = desk.child("Ana", "Reyes-Ortiz", "2012-03-04", gender="F")
LINE = {
    "school_year": 2026,
    "term": "S1",
    "title": "Biology",
    "course_code": "3010",
    "credits_earned": 0.5,
    "mark": "A",
}
EARLIER = "2026-11-20"


def transcript(ssid: str, to: str = U1, **changes: Any) -> dict[str, Any]:
    """Ana's `transcript.v1`, made from her record."""
    record = documents.record() | {"from": A, "student": ANA | {"ssid": ssid}, "record": {"course_history": [LINE]}}
    header = {"id": str(uuid.uuid4()), "to": to, "created": documents.CREATED}
    asked = {"request": {"by": "student", "on": EARLIER}}
    return from_record(record, header | asked, Facts(terms={"S1": 1})).document | changes


def told(office: Office, tracking: str, party: str) -> list[dict[str, Any]]:
    """What the receipts about a packet say to a party, in their order."""
    query = select(receipts.c.text).where(receipts.c.tracking == tracking, receipts.c.party == party)
    with reading(office.services.engine) as connection:
        return [statement_of(row[0]) for row in connection.execute(query.order_by(receipts.c.n))]


def statement_of(receipt: str) -> dict[str, Any]:
    """What a receipt's statement says."""
    whole: dict[str, Any] = json.loads(receipt)
    return whole
