"""Receipts for a packet: numbered, filled from its row, signed.

Owns which party is told what. Promises: only the LEA whose folder the packet came from is told the file's name.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from broker.core.errors import Refused
from broker.core.model import State
from broker.core.receipt import Statement, text
from broker.edge import openpgp
from broker.edge.ledger.rows import PacketRow, SignedReceipt
from broker.stages.services import Services


def statement(row: PacketRow, state: State, at: datetime, exchange: str, **more: str) -> Statement:
    """What the row itself says of the packet, in `state`; `more` are further facts of `Statement`."""
    facts = {"code": row.code, "held_for": row.held_for if state is State.HELD else "", "first": row.duplicate_of}
    return Statement(
        tracking=row.tracking,
        n=0,
        state=state,
        at=at,
        exchange=exchange,
        sha256=row.sha256,
        size=row.size,
        sender=row.origin,
        receiver=row.receiver or row.addressed_to,
        file=row.source_name,
        type=row.type,
        packet_id=row.packet_id,
        **(facts | more),
    )


def refusal(row: PacketRow, refused: Refused, at: datetime, exchange: str) -> Statement:
    """The statement of a refusal: code, place, sentence."""
    return statement(
        row, State.REFUSED, at, exchange, code=refused.code, pointer=refused.pointer, sentence=refused.sentence
    )


def sign(services: Services, row: PacketRow, said: Iterable[tuple[str, Statement]]) -> tuple[SignedReceipt, ...]:
    """Number and sign statements for parties; the numbers go on from those the packet has. '' parties get none."""
    papers: list[SignedReceipt] = []
    for party, one in said:
        if not party:
            continue
        numbered = replace(one, n=row.receipts + len(papers) + 1, file=one.file if party == row.origin else "")
        signed = openpgp.clearsign(text(numbered), services.key)
        papers.append(SignedReceipt(row.tracking, numbered.n, one.state.lower(), party, one.at.timestamp(), signed))
    return tuple(papers)
