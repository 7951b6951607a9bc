"""told: what an LEA, and through it the parent, reads of who asked for a student's records and who got them.

Contract: called within the write transaction that answers the request for the list. What concerns the flag of a missing
child is the state's alone (Utah 53A-11-502): the list is that of a child who was never flagged, so that neither a line
nor the lack of one marks the child. What was asked for while the flag stood has a line of its own, as any request.
"""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from broker.core.access import Action, Why
from broker.core.model import PacketType, Student
from broker.edge.ledger import directory, disclosures, opt_outs, registry
from broker.edge.ledger.disclosures import Disclosure
from broker.edge.ledger.rows import PacketRow
from broker.stages.notices import leave
from broker.stages.services import Services
from handlers import disclosures_notice

# no disclosure of a record, and nobody's but the state's
_OF_THE_STATE = frozenset({Action.SET_FLAG, Action.LIFT_FLAG, Action.RECEIVE_ALERT, Action.RECEIVE_WARNING})


def leave_list(
    services: Services, connection: Connection, row: PacketRow, ssid: str, student: Student, *, is_all: bool
) -> None:
    """Answer the request `row` with a `disclosures` notice. `student` is whose list it is, as the LEA may know of;
    unless `is_all`, only what is about the LEA's own records is told."""
    lea = row.origin
    lines = [one for one in as_told(disclosures.about(connection, ssid)) if is_all or one.source == lea]
    every = (one for one in opt_outs.about(connection, ssid) if one.ended_at is None)
    opted = [one for one in every if is_all or one.lea == lea]
    about = {"packet": row.type, "id": row.packet_id, "file": row.source_name}
    named = {name for one in lines for name in (one.party, one.source) if name} | {one.lea for one in opted}
    found = (directory.party(connection, one) for one in sorted(named))
    names = {str(one.id): one.name for one in found if one}
    numbers = registry.numbers(connection, ssid)
    body = disclosures_notice.notice(about, student, numbers, lines, names, is_all=is_all, opted=opted)
    leave(services, connection, lea, PacketType.DISCLOSURES, body, is_to_be_read=True)


def as_told(lines: Iterable[Disclosure]) -> list[Disclosure]:
    """The lines that an LEA and the parent may read. A refusal says that it was one, and no reason: each reads like any
    other, whatever it was for."""
    return [_plain(one) for one in lines if one.action not in _OF_THE_STATE and one.ground != Why.FLAGGED]


def _plain(line: Disclosure) -> Disclosure:
    return line if line.outcome == "allowed" else replace(line, ground="")
