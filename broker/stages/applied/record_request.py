"""record-request: an LEA asks for the records of one of its students (`broker.transfers.requests`).

Contract: as `planning`; what the LEA may not have is refused with its line in the disclosure log.
"""

from broker.core.model import Document
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.packets.services import Services
from broker.stages.applied.planning import as_a_whole
from broker.transfers import requests


def planned(services: Services, row: PacketRow, document: Document, done: Move) -> Move:
    """The move of a checked `record-request.v1`."""
    return as_a_whole(services, row, document, done, requests.apply)
