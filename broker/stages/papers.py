"""Receipts for a packet: numbered, filled from its row, signed.

Owns which party is told what. Promises: only the LEA whose folder the packet came from is told the file's name.
"""

from collections.abc import Iterable
from datetime import datetime

from broker.core.errors import Refused
from broker.core.model import State
from broker.core.receipt import Statement, text
from broker.edge import openpgp
from broker.edge.ledger.rows import PacketRow, SignedReceipt
from broker.stages.services import Services


def sign(
    services: Services, row: PacketRow, told: Iterable[tuple[str, State]], **more: str
) -> tuple[SignedReceipt, ...]:
    """A signed receipt for each (party, state); '' parties get none.

    `row` is the packet as it will be, but for its count of receipts: their numbers go on from there. `more` are further
    facts of `Statement`.
    """
    at = services.clock()
    papers: list[SignedReceipt] = []
    for party, state in told:
        if party:
            said = _statement(services, row, state, at, row.receipts + len(papers) + 1, party, more)
            signed = openpgp.clearsign(text(said), services.key, at)
            papers.append(SignedReceipt(row.tracking, said.n, state.lower(), party, at.timestamp(), signed))
    return tuple(papers)


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
        exchange=services.key.fingerprint,
        sha256=row.sha256,
        size=row.size,
        sender=row.origin,
        receiver=row.receiver or row.addressed_to,
        type=row.type,
        packet_id=row.packet_id,
        **(facts | more),
    )


def sign_refusal(services: Services, row: PacketRow, refused: Refused) -> tuple[SignedReceipt, ...]:
    """The sender's receipt of a refusal: code, place, sentence."""
    facts = {"code": refused.code, "pointer": refused.pointer, "sentence": refused.sentence}
    return sign(services, row, [(row.origin, State.REFUSED)], **facts)
