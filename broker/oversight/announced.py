"""announced: an entry far ahead of its day, of a student whom another LEA has, is told to the state.

Contract: called within the transaction in which the student's stays have changed. The entry counts from its day only,
so that nothing of the student is given away before; but who announces a stranger's child for next year contradicts the
LEA that has it, and the state should know, whichever of the two was told first. Told once for a packet and student.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from broker.edge.ledger.engine import Writing
from broker.edge.ledger.people import registry, stays
from broker.oversight import alerts
from broker.packets.services import Services


def tell(services: Services, connection: Writing, ssids: Sequence[str]) -> None:
    """Tell of such entries of these students."""
    today, most = services.today(), timedelta(days=services.settings.harvest.announced_days)
    for ssid in stays.announced(connection, ssids, today.day):
        rows = registry.locations(connection, ssid)
        account = stays.account_of(rows, today)
        for row in rows:
            far = (date.fromisoformat(row.reported_on or today.day) + most).isoformat()
            if row.entry_date > far and row.lea in account.announced and account.holders:
                alerts.announced(services, connection, ssid, row.lea, row.entry_date, row.tracking)
