"""deliver again: puts packets into an inbox again that the ledger calls delivered and that are missing there.

Contract: called for the operator, who has restored a backup. The packet does not change: it is the same delivery, with
the same token and a line in its history; it is sealed for the receiver's current key.
"""

from collections.abc import Sequence

from broker.core.errors import NotDone
from broker.core.model import LeaId, PacketType, State
from broker.edge.home.inbox import Inboxes
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets import corrections, history
from broker.edge.pgp import openpgp
from broker.packets.round import RoundFacts
from broker.packets.services import Services

PUT_AGAIN = "put-again"


def put(services: Services, connection: Writing, lea: LeaId, trackings: Sequence[str]) -> None:
    """Write these packets from the vault into the inbox again. Raises NotDone `no-valid-key` for an LEA without one."""
    facts = RoundFacts(connection, services.clock(), services.today())
    certificate = facts.valid_certificate(lea)
    if trackings and certificate is None:
        raise NotDone("no-valid-key", lea=lea)
    inboxes = Inboxes(services.home)  # the folder has no mark yet, or an old one
    for tracking in trackings:
        row = corrections.locked(connection, tracking)
        if row is None or row.state is not State.DELIVERED or certificate is None:
            continue
        lock, body = openpgp.relock(services.vault.read(row.sha256), services.key, certificate)
        inboxes.stage_delivery(lea, row.tracking, row.token, [lock, body])
        inboxes.publish(lea, row.tracking, row.token, PacketType(row.type))
        history.stay(connection, row.tracking, State.DELIVERED, PUT_AGAIN, services.clock().timestamp())
    inboxes.flush()
