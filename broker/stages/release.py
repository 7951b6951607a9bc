"""release: records go on that waited for a student.

Contract: called within the write transaction in which the student has moved.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from broker.edge.ledger import views, waiting
from broker.stages.services import Services


def release_waiting(services: Services, connection: Connection, ssids: Sequence[str]) -> None:
    """Records go on at route that waited for these students to enroll, or for the key of an LEA that they have left."""
    for number in views.students_waited_for(connection, ssids):
        waiting.release(connection, number, services.clock().timestamp(), services.today())
