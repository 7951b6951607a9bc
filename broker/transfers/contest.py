"""contest: the previous LEA says by signature that a student, whom another LEA has enrolled, has not left it.

Contract: called within the transaction that applies the acknowledgement. The case is refused as where the source cannot
send, and the state is told, once for each enrollment that is contested. Nothing is taken from the LEA that enrolled the
student: which of the two is right is for people to find out, and of two schools that both claim the student the nightly
claims report tells already.
"""

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge.ledger.cases import transfers as cases
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import registry
from broker.oversight import alerts
from broker.packets.services import Services
from broker.transfers import cases as transfers
from handlers.acknowledgement import STILL_ENROLLED
from handlers.registry import FOLLOWS_STUDENT

_ANSWER_THE_NEWEST = "You were asked again since: answer the newest request for this student."


def can_be(about: PacketRow, by: LeaId) -> bool:
    """Whether this party may contest that this packet was delivered to whom it was delivered to."""
    return about.origin == by and about.type in FOLLOWS_STUDENT and bool(about.ssid)


def of_request(services: Services, connection: Writing, about: PacketRow) -> None:
    """The source answers a request so. Raises Refused("unknown-tracking") for one that a newer one has replaced, for
    else its sender would believe that the transfer is contested."""
    case = cases.asked_by(connection, about.tracking)
    if case is None:
        raise Refused("unknown-tracking", "/tracking", _ANSWER_THE_NEWEST)
    _tell(services, connection, case, about)


def of_delivery(services: Services, connection: Writing, about: PacketRow) -> None:
    """Who wrote a part of the record store, or a record, says so of its delivery (`can_be`)."""
    ends = (about.origin, about.receiver)
    mine = [row for row in cases.about(connection, about.ssid) if (row.source, row.destination) == ends]
    if not mine:  # the enrollment was not the newest, and nobody was asked
        there = [spot for spot in registry.locations(connection, about.ssid) if spot.lea == about.receiver]
        cause = there[-1].tracking if there else about.tracking
        who = (about.ssid, about.receiver, about.origin)
        alerts.contest(services, connection, *who, cause=cause, tracking=about.tracking, transfer=None)
        return
    _tell(services, connection, mine[-1], about)
    if mine[-1].request:
        transfers.declined(services, connection, mine[-1].request, STILL_ENROLLED)


def _tell(services: Services, connection: Writing, case: TransferRow, about: PacketRow) -> None:
    ssid, ends = case.ssid, (case.destination, case.source)
    alerts.contest(services, connection, ssid, *ends, cause=case.cause, tracking=about.tracking, transfer=case.id)
