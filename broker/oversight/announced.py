"""announced: the state is told of an entry far ahead of its day, for a student whom another LEA has.

Contract: called within the transaction in which the student's stays have changed. The entry counts only from its day,
so no data of the student goes out before. But an LEA that announces another LEA's child for next year contradicts that
LEA, and the state should know, whichever of the two reported first. Told once for each packet and student.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from broker.edge.ledger.engine import Writing
from broker.edge.ledger.people import registry, stays
from broker.oversight import alerts
from broker.packets.services import Services


def tell(services: Services, connection: Writing, ssids: Sequence[str]) -> None:
    """Tell the state of these students' entries far ahead."""
    today, most = services.today(), timedelta(days=services.settings.harvest.announced_days)
    for ssid in stays.announced(connection, ssids, today.day):
        rows = registry.locations(connection, ssid)
        account = stays.account_of(rows, today)
        for row in rows:
            far = (date.fromisoformat(row.reported_on or today.day) + most).isoformat()
            if row.entry_date > far and row.lea in account.announced and account.holders:
                alerts.announced(services, connection, ssid, row.lea, row.entry_date, row.tracking)
