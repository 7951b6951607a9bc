"""rematch: the student of an admitted packet is matched once more, where numbers were merged or parted since.

Contract: reads only, and opens the packet (`broker.packets.reopen`). Two numbers may become one student's, or two
students' again, while a packet is on its way; its number is then another student's, whom its sender may never have had.
That is no fault of the sender.
"""

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.core.routing import Hold
from broker.edge.ledger.packets.rows import PacketRow
from broker.formats.documents import to_student
from broker.identity.answer import Answer
from broker.packets.destination import check_had, receiver_or_hold
from broker.packets.reopen import reread
from broker.packets.round import RoundFacts
from broker.packets.services import Services
from broker.students import own


def receiver_after_rematch(services: Services, facts: RoundFacts, row: PacketRow) -> tuple[PacketRow, LeaId | Hold]:
    """The packet, about the student of now, and where it goes. Raises what `receiver_or_hold` does."""
    try:
        return row, receiver_or_hold(facts, row)
    except Refused as refused:
        row = _about_now(services, facts, row, refused)
    return row, receiver_or_hold(facts, row)


def check_had_after_rematch(services: Services, facts: RoundFacts, row: PacketRow) -> PacketRow:
    """The packet, about the student of now. Raises what `check_had` does."""
    try:
        check_had(facts, row)
    except Refused as refused:
        row = _about_now(services, facts, row, refused)
        check_had(facts, row)
    return row


def _about_now(services: Services, facts: RoundFacts, row: PacketRow, refused: Refused) -> PacketRow:
    """Raises `refused` where the packet is about nobody else."""
    if refused.code != "not-your-student" or row.identity != "match" or not row.packet_id:
        raise refused
    student = to_student(reread(services, facts, row).body["student"])
    _, finding = own.find(services, facts, row, student)
    if finding.answer is not Answer.MATCH or finding.ssid is None or finding.ssid == row.ssid:
        raise refused
    return row._replace(ssid=finding.ssid)
