"""intake: complete files of an outbox become RECEIVED (or DUPLICATE) packets.

Contract: each complete file is copied into the vault and flushed; then one transaction writes row, event and receipt;
then the file is unlinked; then admit is told. After a crash anywhere, a repetition has no second effect: a file whose
mark the ledger knows is only unlinked, whatever name the crash left it. A thing that is no ordinary file is refused,
and then set aside.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from broker.core.errors import Deferred, Refused
from broker.core.lanes import lane_of
from broker.core.model import LeaId, Sha256, State, TrackingId
from broker.edge.home.discard import is_shown_again
from broker.edge.home.outbox import Odd, Taken
from broker.edge.home.readiness import Found, without_change_time
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import PacketRow, Receipt
from broker.packets.next_stage import tell
from broker.packets.receipts import refusal, statements
from broker.packets.services import Services

_NO_BYTES = Sha256("")


def run(services: Services, lea: LeaId, found: Sequence[Found], left: list[Found] | None = None) -> list[str]:
    """Take in these files of one LEA; returns the new tracking ids. Files that cannot be taken now, such as those that
    changed meanwhile, stay where they are and are added to `left`."""
    taken: list[Taken] = []
    unfit: list[tuple[Found | Odd, Refused]] = []
    for one in found:
        try:
            taken.append(services.outboxes.take(lea, one, services.vault))
        except Refused as error:
            unfit.append((one, error))
        except Deferred as later:
            services.log.info("not taken in yet", lea=lea, why=later.why)
            if left is not None:
                left.append(one)
    services.vault.flush()
    rows, taken = committed(services.engine, partial(_enter, services, lea, taken)) if taken else ([], [])
    if taken:
        services.outboxes.discard(lea, taken)
    tell(services, [(row.tracking, row.state, row.lane) for row in rows])
    _set_aside(services, lea, unfit)
    return [row.tracking for row in rows]


def run_odd(services: Services, lea: LeaId, odd: Sequence[Odd]) -> None:
    """Set aside things that are no ordinary files, and tell the LEA."""
    _set_aside(services, lea, [(one, Refused(one.code)) for one in odd])


def _set_aside(services: Services, lea: LeaId, unfit: Sequence[tuple[Found | Odd, Refused]]) -> None:
    """Refuse things that cannot be taken in: first in the ledger, then move them away, so a crash loses neither."""
    if not unfit:
        return
    # two links to one file can have the same printed name: the second one is found again by the next walk
    unfit = list({(_shown(one), one.source_mark): (one, error) for one, error in unfit}.values())
    trackings = committed(services.engine, partial(_enter_unfit, services, lea, unfit))
    for one, _ in unfit:
        services.outboxes.quarantine(lea, one, trackings[_shown(one), one.source_mark])


def _enter_unfit(
    services: Services, lea: LeaId, unfit: Sequence[tuple[Found | Odd, Refused]], connection: Writing
) -> dict[tuple[str, str], TrackingId]:
    """The tracking id of each, by its printed name and its mark."""
    known = packets.by_source(connection, lea, [(_shown(one), one.source_mark) for one, _ in unfit])
    fresh = [(one, error) for one, error in unfit if (_shown(one), one.source_mark) not in known]
    made = [_refused_row(services, lea, one, error) for one, error in fresh]
    packets.born(connection, [row for row, _ in made], [receipt for _, receipts in made for receipt in receipts])
    trackings = {key: row.tracking for key, row in known.items()}
    return trackings | {(row.source_name, row.source_mark): row.tracking for row, _ in made}


def _shown(one: Found | Odd) -> str:
    return one.shown if isinstance(one, Odd) else one.name


def _enter(
    services: Services, lea: LeaId, taken: list[Taken], connection: Writing
) -> tuple[list[PacketRow], list[Taken]]:
    """The new packets, and the files that can now be discarded."""
    known = packets.by_source(connection, lea, [(one.name, one.source_mark) for one in taken])
    # the same bytes may have been refused as unsealed, and removed, since they were stored: leave such a file for later
    taken = [one for one in taken if services.vault.has(one.sha256)]
    fresh = [one for one in taken if not _is_known(known, one)]
    fresh = _without_shown_again(connection, lea, fresh)
    firsts = packets.firsts(connection, lea, [one.sha256 for one in fresh])
    waiting = packets.in_flight(connection, lea)
    rows: list[PacketRow] = []
    receipts: list[Receipt] = []
    for one in fresh:
        row, receipt = _row(services, lea, one, firsts.get(one.sha256), waiting + len(rows))
        firsts.setdefault(one.sha256, row)
        rows.append(row)
        receipts.extend(receipt)
    packets.born(connection, rows, receipts)
    return rows, taken


def _is_known(known: Mapping[tuple[str, str], PacketRow], one: Taken) -> bool:
    """Whether this same drop was entered before a crash; the content must agree, because marks can be forged."""
    row = known.get((one.name, one.source_mark))
    return row is not None and row.sha256 == one.sha256


def _without_shown_again(connection: Writing, lea: LeaId, fresh: list[Taken]) -> list[Taken]:
    """Without the files that a crash hid after they had been entered: they have another name and change time now."""
    shown = {one.sha256 for one in fresh if is_shown_again(one.name)}
    if not shown:
        return fresh
    marks = {(sha, without_change_time(mark)) for sha, mark in packets.marks_with(connection, lea, sorted(shown))}
    return [
        one
        for one in fresh
        if not is_shown_again(one.name) or (one.sha256, without_change_time(one.source_mark)) not in marks
    ]


def _row(
    services: Services, lea: LeaId, one: Taken, first: PacketRow | None, waiting: int
) -> tuple[PacketRow, tuple[Receipt, ...]]:
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
    receipts = statements(services, row, [(lea, row.state)])
    return row._replace(receipts=len(receipts)), receipts


def _refused_row(
    services: Services, lea: LeaId, one: Found | Odd, error: Refused
) -> tuple[PacketRow, tuple[Receipt, ...]]:
    at = services.clock()
    row = PacketRow(
        tracking=TrackingId(services.new_tracking()),
        origin=lea,
        source_name=_shown(one),
        source_mark=one.source_mark,
        sha256=_NO_BYTES,
        size=0,
        received_at=at.timestamp(),
        state=State.REFUSED,
        code=error.code,
        updated_at=at.timestamp(),
    )
    receipts = refusal(services, row, error)
    return row._replace(receipts=len(receipts)), receipts
