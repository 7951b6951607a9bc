"""record-request: an LEA asks for the records of one of its students (`broker.transfers.requests`), or for the list of
its own (`broker.transfers.roster`).

Contract: as `planning`; what the LEA may not have is refused with its line in the disclosure log.
"""

from dataclasses import replace

from broker.core.model import Document
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.packets.services import Services
from broker.stages.applied.planning import as_a_whole
from broker.transfers import requests
from broker.transfers.roster import RosterInParts
from handlers.record_request import roster_of


def planned(services: Services, row: PacketRow, document: Document, done: Move) -> Move:
    """The move of a checked `record-request.v1`."""
    form = roster_of(document.body)
    if form is not None:
        sliced = RosterInParts(services, row, done, form)
        return replace(done, slices=sliced, effect=sliced.end)
    return as_a_whole(services, row, document, done, requests.apply)
