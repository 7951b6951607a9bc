"""reopen: opens an admitted packet again, and returns its document.

Contract: reads only; the document stays in memory, and no longer than the caller needs it. The signature is checked
again, against the keys that the LEA has now, and the form against the schema.
"""

from broker.core.model import Document
from broker.edge.ledger.packets.rows import PacketRow
from broker.formats.documents import to_document
from broker.packets.opening import opened_again
from broker.packets.round import RoundFacts
from broker.packets.services import Services


def reread(services: Services, facts: RoundFacts, row: PacketRow) -> Document:
    """The part of a packet's document that the exchange needs. Raises Refused as admit does, because the LEA's key may
    have been taken out of use since; and PutAside for a packet that this worker must not read."""
    return to_document(opened_again(services, facts, row).document)
