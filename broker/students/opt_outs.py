"""opt_outs: what a line tells of a parent's opt-outs is kept (Utah SB 152, 2026).

Contract: called within the write transaction in which the lines were carried out. Only a line that was carried out for
a student of its LEA tells anything; the list that it sends takes the place of what that LEA told before, an empty one
ends it, and a line without a list changes nothing.
"""

from collections.abc import Iterable

from broker.core.review import By
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import opt_outs
from broker.notices.answers import Answer, Outcome
from broker.packets.services import Services
from broker.students.line_request import LineRequest

_CARRIED_OUT = frozenset({Outcome.ASSIGNED, Outcome.MATCHED, Outcome.UPDATED})


def record(services: Services, connection: Writing, row: PacketRow, done: Iterable[tuple[LineRequest, Answer]]) -> None:
    """Keep what these lines of the packet tell, in their order."""
    at = services.clock().timestamp()
    for request, answer in done:
        if request.opt_outs is not None and answer.ssid and answer.answer in _CARRIED_OUT:
            opt_outs.put(connection, answer.ssid, row.origin, request.opt_outs, row.tracking, at)


def undo(services: Services, connection: Writing, tracking: str, ssid: str, by: By) -> None:
    """The decision by which a line of this packet was carried out for this student is taken back."""
    opt_outs.undo(connection, ssid, tracking, by.who, services.clock().timestamp())
