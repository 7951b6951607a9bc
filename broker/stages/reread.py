"""reread: a packet that was admitted before is opened once more, for one who needs what is in it.

Contract: reads only; what it gives lives in memory and no longer than its caller needs it. The signature is checked
again, against the keys that the LEA has now, and the form against the schema.
"""

from broker.core.model import Document
from broker.edge import openpgp
from broker.edge.ledger.rows import PacketRow
from broker.formats import reading
from broker.formats.documents import to_document
from broker.stages.look import Look
from broker.stages.services import Services


def reread(services: Services, look: Look, row: PacketRow) -> Document:
    """The document in a packet. Raises Refused as admit does: its key may have been taken out of use since."""
    sealed, limits = services.vault.read(row.sha256), services.settings.limits
    certificates = look.certificates(row.origin)
    opened = openpgp.open_packet(sealed, services.key, certificates, limits, services.clock(), look.is_known)
    identity = services.settings.identity
    return to_document(reading.read(opened.content, row.source_name, row.origin, limits, services.contracts, identity))
