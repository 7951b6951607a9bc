"""reopen: an admitted packet is opened again, and its document given back.

Contract: reads only; what it gives lives in memory and no longer than its caller needs it. The signature is checked
again, against the keys that the LEA has now, and the form against the schema.
"""

from broker.core.model import Document
from broker.edge.ledger.packets.rows import PacketRow
from broker.formats.documents import to_document
from broker.packets.opening import opened_again
from broker.packets.round import RoundFacts
from broker.packets.services import Services


def reread(services: Services, facts: RoundFacts, row: PacketRow) -> Document:
    """What the exchange needs of the document in a packet. Raises Refused as admit does: its key may have been taken
    out of use since; and PutAside for what this worker does not read."""
    return to_document(opened_again(services, facts, row).document)
