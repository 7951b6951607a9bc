"""intake: complete files of an outbox become RECEIVED (or DUPLICATE) packets.

Contract: given files that are complete, each is copied into the vault and flushed; then one transaction writes row,
event and receipt; then the file is unlinked; then admit is told. After a crash anywhere, doing it again has no second
effect: a file whose mark the ledger knows is only unlinked. What is no ordinary file goes to quarantine and is refused.
"""

from collections.abc import Sequence
from dataclasses import replace

from broker.core.errors import Refused
from broker.core.lanes import lane_of
from broker.core.model import LeaId, Sha256, State, TrackingId
from broker.edge.ledger import packets
from broker.edge.ledger.engine import writing
from broker.edge.ledger.rows import PacketRow, SignedReceipt
from broker.edge.outbox import Changed, Odd, Taken
from broker.edge.readiness import Found
from broker.stages.batch import tell
from broker.stages.papers import refusal, sign, statement
from broker.stages.services import Services

_NO_BYTES = Sha256("")


def run(services: Services, lea: LeaId, found: Sequence[Found]) -> list[str]:
    """Take these files of one LEA in; returns the tracking ids that are new. Files that changed meanwhile are left."""
    taken, refused = _take(services, lea, found)
    services.vault.flush()
    rows = _enter(services, lea, taken)
    _enter_refused(services, lea, refused)
    if taken:
        services.outboxes.discard(lea, taken)
    tell(services, [(row.tracking, row.state, row.lane) for row in rows])
    return [row.tracking for row in rows]


def run_odd(services: Services, lea: LeaId, odd: Sequence[Odd]) -> None:
    """Set aside what is no ordinary file, and tell the LEA."""
    refused = []
    for one in odd:
        tracking = services.new_tracking()
        if services.outboxes.quarantine(lea, one, TrackingId(tracking)):
            refused.append((tracking, one.shown, Refused(one.code)))
    _enter_refused(services, lea, refused)


def _take(services: Services, lea: LeaId, found: Sequence[Found]) -> tuple[list[Taken], list[tuple[str, str, Refused]]]:
    taken: list[Taken] = []
    refused: list[tuple[str, str, Refused]] = []
    for one in found:
        try:
            taken.append(services.outboxes.take(lea, one, services.vault))
        except Changed:
            services.log.info("changed while taken in", lea=lea)
        except Refused as error:
            tracking = services.new_tracking()
            if services.outboxes.quarantine(lea, one, TrackingId(tracking)):
                refused.append((tracking, one.name, error))
    return taken, refused


def _enter(services: Services, lea: LeaId, taken: Sequence[Taken]) -> list[PacketRow]:
    if not taken:
        return []
    with writing(services.engine) as connection:
        known = packets.by_source(connection, lea, [one.name for one in taken])
        fresh = [one for one in taken if (one.name, one.source_mark) not in known]
        firsts = packets.firsts(connection, lea, [one.sha256 for one in fresh])
        waiting = packets.in_flight(connection, lea)
        rows: list[PacketRow] = []
        papers: list[SignedReceipt] = []
        for one in fresh:
            row, paper = _row(services, lea, one, firsts.get(one.sha256), waiting + len(rows))
            firsts.setdefault(one.sha256, row)
            rows.append(row)
            papers.extend(paper)
        packets.born(connection, rows, papers)
    return rows


def _row(
    services: Services, lea: LeaId, one: Taken, first: PacketRow | None, waiting: int
) -> tuple[PacketRow, tuple[SignedReceipt, ...]]:
    at = services.clock()
    row = PacketRow(
        tracking=TrackingId(services.new_tracking()),
        origin=lea,
        source_name=one.name,
        source_mark=one.source_mark,
        sha256=one.sha256,
        size=one.size,
        received_at=at.timestamp(),
        state=State.DUPLICATE if first else State.RECEIVED,
        duplicate_of=first.tracking if first else "",
        lane=lane_of(waiting, services.settings.intake.express_in_flight),
        enqueued_at=at.timestamp(),
        updated_at=at.timestamp(),
    )
    said = statement(row, row.state, at, services.key.fingerprint)
    papers = sign(services, row, [(lea, said)])
    return replace(row, receipts=len(papers)), papers


def _enter_refused(services: Services, lea: LeaId, refused: Sequence[tuple[str, str, Refused]]) -> None:
    rows: list[PacketRow] = []
    papers: list[SignedReceipt] = []
    for tracking, name, error in refused:
        at = services.clock()
        row = PacketRow(
            tracking=TrackingId(tracking),
            origin=lea,
            source_name=name,
            source_mark="",
            sha256=_NO_BYTES,
            size=0,
            received_at=at.timestamp(),
            state=State.REFUSED,
            code=error.code,
            updated_at=at.timestamp(),
        )
        signed = sign(services, row, [(lea, refusal(row, error, at, services.key.fingerprint))])
        rows.append(replace(row, receipts=len(signed)))
        papers.extend(signed)
    if rows:
        with writing(services.engine) as connection:
            packets.born(connection, rows, papers)
