"""announced: an entry far ahead of its day, of a student whom another LEA has, is told to the state.

Contract: called within the transaction in which the entry was taken in. The entry counts from its day only, so that
nothing of the student is given away before; but who announces a stranger's child for next year contradicts the LEA
that has it, and the state should know. Told once for a packet and student.
"""

from datetime import date, timedelta

from sqlalchemy import Connection

from broker.edge.ledger import stays
from broker.edge.ledger.rows import EnrollmentRow
from broker.stages import flags
from broker.stages.services import Services


def tell(services: Services, connection: Connection, ssid: str, told: EnrollmentRow) -> None:
    """Tell of this entry, if it is one of these; `told.reported_on` is today."""
    ahead = timedelta(days=services.settings.harvest.announced_days)
    if told.entry_date <= (date.fromisoformat(told.reported_on) + ahead).isoformat():
        return
    account = stays.account(connection, ssid, services.today())
    if told.lea in account.announced and account.holders:
        flags.announced(services, connection, ssid, told.lea, told.entry_date, told.tracking)
