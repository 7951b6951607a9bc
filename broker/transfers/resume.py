"""resume: records go on that waited for a student.

Contract: called within the write transaction in which the student has moved. An LEA may have sent any number of them:
so many go on at once, and while there are more the student is followed up again (`ledger.follow_ups`).
"""

from collections.abc import Sequence

from broker.edge.ledger.cases import follow_ups
from broker.edge.ledger.cases.follow_ups import FollowUp
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets import held, views
from broker.packets.services import Services
from handlers.registry import TRAVELS

_AT_ONCE = 50


def release_waiting(services: Services, connection: Writing, ssids: Sequence[str]) -> None:
    """Records go on at route that waited for these students to enroll, or for the key of an LEA that they have left."""
    go_on(services, connection, views.students_waited_for(connection, ssids))


def go_on(services: Services, connection: Writing, waited: Sequence[str]) -> None:
    """The same for students of whom it is known that packets wait for them."""
    at = services.clock().timestamp()
    for number in waited:
        gone = held.release(connection, number, at, services.today(), TRAVELS, _AT_ONCE)
        if len(gone) >= _AT_ONCE and not follow_ups.waits(connection, number):
            follow_ups.put(connection, [FollowUp(number, "", at)])
