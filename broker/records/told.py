"""told: the list of who asked for a student's records and who got them, as an LEA, and through it the parent, reads it.

Contract: called within the write transaction that answers the request for the list. The flag of a missing child
concerns only the state (Utah 53A-11-502), even after it is lifted: every refusal reads the same, whatever its reason,
and a request that came while a flag stood is listed once, like any request.
"""

from dataclasses import replace

from broker.core.access import Action, Why
from broker.core.disclosure import Disclosure
from broker.core.model import PacketType, Student
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import opt_outs, registry
from broker.notices import disclosures as disclosures_notice
from broker.packets.notify import leave
from broker.packets.services import Services

# these actions disclose no record and concern only the state
_OF_THE_STATE = frozenset({Action.SET_FLAG, Action.LIFT_FLAG, Action.RECEIVE_ALERT, Action.RECEIVE_WARNING})


def leave_list(
    services: Services, connection: Writing, row: PacketRow, ssid: str, student: Student, *, is_all: bool
) -> None:
    """Answer the request `row` with a `disclosures` notice. The list is about `student`, with the data that the LEA may
    know; unless `is_all`, it has only lines about the LEA's own records."""
    lea = row.origin
    lines = [one for one in _as_told(connection, ssid) if is_all or one.source == lea]
    opted = [one for one in opt_outs.standing(connection, ssid) if is_all or one.lea == lea]
    about = {"packet": row.type, "id": row.packet_id, "file": row.source_name}
    named = {name for one in lines for name in (one.party, one.source) if name} | {one.lea for one in opted}
    found = (directory.party(connection, one) for one in sorted(named))
    names = {str(one.id): one.name for one in found if one}
    numbers = registry.numbers(connection, ssid)
    body = disclosures_notice.notice(about, student, numbers, lines, names, services.time, is_all=is_all, opted=opted)
    leave(services, connection, lea, PacketType.DISCLOSURES, body, is_to_be_read=True)


def _as_told(connection: Reading, ssid: str) -> list[Disclosure]:
    """The lines that an LEA and the parent may read. For a request about a flagged child, the log has the line for the
    state and the line of the request itself, perhaps without a child: only the second is listed."""
    lines = [one for one in disclosures.about(connection, ssid) if one.action not in _OF_THE_STATE]
    flagged = {one.tracking for one in lines if one.ground == Why.FLAGGED}
    twice = disclosures.requests_among(connection, flagged)
    return [_plain(one) for one in lines if not (one.ground == Why.FLAGGED and one.tracking in twice)]


def _plain(line: Disclosure) -> Disclosure:
    """A refusal without its reason; where it does not say what was refused, it reads as a school record."""
    if line.outcome == "allowed":
        return line
    return replace(line, ground="", what=line.what or PacketType.STUDENT_RECORD)
