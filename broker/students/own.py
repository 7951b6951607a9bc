"""own: a record, backpack or transcript is about a student of its sender's, or it is refused.

Contract: `find` reads only; `refuse_stranger` is called within the transaction that admits the packet. Nobody is looked
for but those whom the LEA has or had, so that nothing that comes of the packet depends on who else there is; the state
hears of a flagged child nevertheless, and what was sent in vain is counted.
"""

from broker.core.errors import Refused
from broker.core.knowledge import ROWS, TOO_MANY, Asked
from broker.core.model import Ssid, Student
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.edge.ledger.people import registry
from broker.identity import match
from broker.oversight.guesses import Guesses
from broker.packets.outcome import refuse
from broker.packets.round import RoundFacts
from broker.packets.services import Services
from broker.records import disclose


def find(
    services: Services, facts: RoundFacts, row: PacketRow, student: Student
) -> tuple[match.Finding, match.Finding]:
    """Who is it among all students, and who among the sender's own? By the facts of this round."""

    def is_own(ssid: Ssid) -> bool:
        account = facts.account(ssid)
        return row.origin in account.had | account.announced

    return match.find_own(facts.connection, services.model, student, row.origin, is_own)


def find_now(
    services: Services, connection: Reading, row: PacketRow, student: Student
) -> tuple[match.Finding, match.Finding]:
    """The same by what has come meanwhile, in a transaction of its own."""
    return find(services, RoundFacts(connection, services.clock(), services.today()), row, student)


def refuse_stranger(
    services: Services, connection: Writing, row: PacketRow, student: Student, whole: match.Finding
) -> Move:
    """The move of a packet that is about nobody of the sender's. `whole` is who it is among all students; of one whose
    record it would be the disclosure log has a line."""
    registry.lock(connection)
    guesses, asked = Guesses(services, connection, row), Asked(row.type)
    is_within = guesses.count(asked, student.ssid, [one.ssid for one in whole.candidates])
    guesses.write()
    if whole.ssid:
        disclose.not_theirs(services, connection, row._replace(ssid=whole.ssid))
    code = ROWS[asked].word(is_numbered=bool(student.ssid)) if is_within else TOO_MANY
    return refuse(services, row, Refused(code, "/student"))
