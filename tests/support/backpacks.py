"""Backpacks of one student, and requests for them."""

import copy
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from broker.core.disclosure import Disclosure
from broker.edge.ledger.engine import reading
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets.rows import PacketRow
from broker.stages.sweep.receipts import publish_receipts
from tests.support import documents
from tests.support.desk import children
from tests.support.exchange import said_by
from tests.support.office import Office

CLASS = iter(children(100, first=4_000))


def enrolled(office: Office, *leas: str) -> dict[str, Any]:
    """A student whom these LEAs enrolled one after the other, and the number."""
    student = copy.deepcopy(next(CLASS))
    for year, lea in enumerate(leas, 2027 - len(leas)):
        line = office.enroll(lea, student, date=f"{year}-08-17")[0]
    return student | {"ssid": line["ssid"]}


def backpack(office: Office, lea: str, student: Mapping[str, Any], hours_ago: float = 1, **more: Any) -> dict[str, Any]:
    created = office.services.clock() - timedelta(hours=hours_ago)
    given = {"from": lea, "student": dict(student), "created": created.isoformat(timespec="seconds")}
    return documents.backpack(**(given | more))


def request(lea: str, student: Mapping[str, Any], want: str, **more: Any) -> dict[str, Any]:
    return documents.record_request(**({"from": lea, "student": dict(student), "want": want} | more))


def log(office: Office, student: Mapping[str, Any]) -> list[Disclosure]:
    with reading(office.services.engine) as connection:
        return disclosures.about(connection, student["ssid"])


def told(office: Office, lea: str, row: PacketRow) -> list[str]:
    """The states that an LEA has receipts of, of this packet."""
    publish_receipts(office.services)
    folder = office.exchange.folder(lea, "receipts")
    return [said_by(path)["state"] for path in sorted(folder.glob(f"{row.tracking}.*"))]


def received(office: Office, lea: str) -> list[dict[str, Any]]:
    """The backpacks in an inbox, opened."""
    return [json.loads(office.opened(tracking)) for tracking in office.inbox(lea, "backpack")]
