"""cancel: the state ends a transfer case.

Contract: called within a write transaction; the case moves to cancelled with who and why in its history, and both LEAs
are told by a sealed notice in the same transaction. Who was never asked need not hear of it.
"""

from dataclasses import replace

from broker.core.errors import NotDone
from broker.core.review import By
from broker.core.transfer import Reason, TransferState, is_legal
from broker.edge.ledger.cases import transfer_views, transfers
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import Writing
from broker.packets.services import Services
from broker.transfers.letters import Letters


def cancel(services: Services, connection: Writing, number: int, by: By) -> TransferRow:
    """End a case; the case then. Raises NotDone `no-transfer-to-cancel` where there is none, `transfer-ended` where it
    has ended already."""
    row = transfer_views.locked(connection, number)
    if row is None:
        raise NotDone("no-transfer-to-cancel", number=number)
    if not is_legal(row.state, TransferState.CANCELLED):
        raise NotDone("transfer-ended", number=number, state=str(row.state))
    at = services.clock().timestamp()
    ended = replace(row, state=TransferState.CANCELLED, reason=str(Reason.BY_STATE), closed_at=at)
    transfers.change(connection, ended, at, f"{Reason.BY_STATE}: {by.why} ({by.who})")
    letters = Letters(services, connection)
    letters.tell(ended.destination, Reason.BY_STATE, ended)
    if ended.request:
        letters.tell(ended.source, Reason.BY_STATE, ended)
    letters.send()
    return ended
