"""Receipts for a packet: numbered, filled from its row; signed when their file is written.

Owns which party is told what. Promises: only the LEA whose folder the packet came from is told the file's name. A
statement is made without a key, so every part can move packets; its signature depends only on the statement, so writing
a receipt again changes no byte (except where the key's algorithm uses random numbers: ECDSA).
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from broker.core.errors import Refused
from broker.core.model import State
from broker.core.receipt import Statement, is_about, text
from broker.edge.ledger.packets.rows import PacketRow, Receipt
from broker.edge.pgp import openpgp
from broker.packets.services import Services

_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"


def statements(
    services: Services, row: PacketRow, told: Iterable[tuple[str, State]], **more: str
) -> tuple[Receipt, ...]:
    """A receipt for each (party, state); a party '' gets none.

    `row` is the packet as it will be, except for its count of receipts: the new receipts' numbers go on from there.
    `more` are further facts of `Statement`.
    """
    at = services.clock()
    receipts: list[Receipt] = []
    for party, state in told:
        if party:
            said = _statement(services, row, state, at, row.receipts + len(receipts) + 1, party, more)
            receipts.append(Receipt(row.tracking, said.n, state.lower(), party, at.timestamp(), text(said)))
    return tuple(receipts)


def signed(services: Services, receipt: Receipt) -> str:
    """The text of the receipt's file: the statement, signed as of the moment when it was made, or as of now where the
    key is newer. '' where the text is no statement about this packet: the exchange signs nothing else, even where
    it stands in the ledger. Raises Refused where the key cannot sign."""
    if receipt.text.startswith(_SIGNED):  # by an earlier program, in the transaction of the move
        return receipt.text
    if not is_about(receipt.text, receipt.tracking, receipt.n, receipt.state):
        services.log.error("not signed", tracking=receipt.tracking, n=receipt.n, why="it is no statement of a receipt")
        return ""
    try:
        return openpgp.clearsign(receipt.text, services.key, datetime.fromtimestamp(receipt.at, UTC))
    except Refused:
        return openpgp.clearsign(receipt.text, services.key, services.clock())


def _statement(
    services: Services, row: PacketRow, state: State, at: datetime, n: int, party: str, more: dict[str, str]
) -> Statement:
    facts = {
        "code": row.code,
        "held_for": row.held_for if state is State.HELD else "",
        "first": row.duplicate_of,
        "replaces": row.replaces,
        "file": row.source_name if party == row.origin else "",
    }
    return Statement(
        tracking=row.tracking,
        n=n,
        state=state,
        at=at,
        exchange=services.exchange,
        sha256=row.sha256,
        size=row.size,
        sender=row.origin,
        receiver=row.receiver or row.addressed_to,
        type=row.type,
        packet_id=row.packet_id,
        **(facts | more),
    )


def refusal(services: Services, row: PacketRow, refused: Refused) -> tuple[Receipt, ...]:
    """The sender's receipt of a refusal: code, place, sentence."""
    facts = {"code": refused.code, "pointer": refused.pointer, "sentence": refused.sentence}
    return statements(services, row, [(row.origin, State.REFUSED)], **facts)
