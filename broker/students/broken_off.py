"""broken off: a packet that is refused when some of its lines were carried out already.

Contract: called within the transaction of the refusal. That happens where the exchange failed on a later line three
times, or the sender's key was taken out of use between two turns. What was carried out stays, for other LEAs may have
gone by it; what follows from it is done, and its sender gets the answer to those lines: by their numbers, for the
packet is not opened again. Questions are closed: who sends the document again is asked again.
"""

from dataclasses import replace

from broker.core.model import Name
from broker.edge.ledger.cases.follow_ups import FollowUp
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets import moves, slices
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import registry, reviews
from broker.notices.answers import Answer, SentLine
from broker.packets.services import Services
from broker.students import enroll, lines

_UNREAD = SentLine(Name("", ""), "")


def end(services: Services, connection: Writing, row: PacketRow) -> None:
    """End the work on this packet's lines, if any was begun."""
    parts = slices.of(connection, row.tracking)
    if not parts:
        return
    registry.lock(connection)
    row = row._replace(packet_id=parts[0].document)
    told = [(part.at, one) for part in parts for one in part.answers if "answer" in one]
    answers = sorted((Answer(**one) for _, one in told), key=lambda one: one.line)
    at = {one["ssid"]: at for at, one in reversed(told) if one["ssid"]}
    moved = [FollowUp(ssid, row.tracking, when) for ssid, when in at.items()]
    enroll.follow_some(services, connection, moved, at_once=0)
    lines.tell_state(services, connection, row, parts)
    if answers:
        enroll.tell(services, connection, row, parts[0].form, [(_UNREAD, one) for one in answers])
    now = services.clock().timestamp()
    for one in reviews.lines(connection, row.tracking):
        if one.closed_at is None:
            reviews.change(connection, replace(one, closed_at=now))
    slices.purge(connection, row.tracking)
    moves.give_up_id(connection, row, row.packet_id)
