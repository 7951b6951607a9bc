"""Receipts for a packet: numbered, filled from its row; signed when their file is written.

Owns which party is told what. Promises: only the LEA whose folder the packet came from is told the file's name. A
statement is made without a key, for whoever moves packets; its signature follows from it alone, so that to write a
receipt once more changes no byte (but where the key's algorithm draws lots: ECDSA).
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
    """A receipt for each (party, state); '' parties get none.

    `row` is the packet as it will be, but for its count of receipts: their numbers go on from there. `more` are further
    facts of `Statement`.
    """
    at = services.clock()
    receipts: list[Receipt] = []
    for party, state in told:
        if party:
            said = _statement(services, row, state, at, row.receipts + len(receipts) + 1, party, more)
            receipts.append(Receipt(row.tracking, said.n, state.lower(), party, at.timestamp(), text(said)))
    return tuple(receipts)


def signed(services: Services, receipt: Receipt) -> str:
    """The receipt as its file has it: the statement, signed as of the moment at which it was made, or of now where the
    key is a newer one; '' for what is no statement about this packet: the exchange's name is put under nothing else,
    whoever has written it into the ledger. Raises Refused with what stands against the key."""
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
