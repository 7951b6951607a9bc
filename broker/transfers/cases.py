"""cases: when a student enrolls elsewhere, a case opens, the previous LEA is asked, and what comes closes it.

Contract: called within the write transaction of what happened. `reconcile` makes the cases of these students what
`broker.core.transfer.plan` says that they should be, whatever happened; the other functions follow a case's record.
LEAs are told by sealed notices that exist if and only if the case changed.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from broker.core.model import LeaId, State
from broker.core.transfer import LIVE, REJECTED, Reason, TransferState
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets import corrections
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import registry
from broker.packets.services import Services
from broker.records import disclose
from broker.transfers import desk as transfer_desk
from broker.transfers import follow_up
from broker.transfers.desk import Desk, ask
from broker.transfers.letters import Letters
from broker.transfers.resume import release_waiting
from handlers.registry import ANSWERS_CASE, DISCLOSED


def reconcile(
    services: Services,
    connection: Writing,
    ssids: Collection[str],
    *,
    cause: str = "",
    is_told: bool = False,
) -> None:
    """Make the cases of these students right, for something that packet `cause` has changed ('' for none). `is_told` is
    as in `Desk`."""
    named = list(dict.fromkeys(ssids))
    follow_up.work_off(services, connection, named)
    numbers = follow_up.concerned(connection, named)
    letters = Letters(services, connection, numbers)
    for number in numbers:
        desk = Desk(services, connection, letters, cause, is_told=is_told)
        transfer_desk.reconcile(desk, number)
    letters.send()


def ask_again(services: Services, connection: Writing, ssid: str, lea: str, cause: str) -> int:
    """An authorised user of an LEA that has the student asks for the records (Utah 53A-1-413): its cases that are not
    answered are asked for once more, and one opens for every other LEA that has or had the student and was not asked;
    how many were asked. A case's clock counts from its first request."""
    follow_up.work_off(services, connection, [ssid])
    letters = Letters(services, connection)
    desk = Desk(services, connection, letters, cause)
    transfer_desk.reconcile(desk, ssid, asker=LeaId(lea))
    mine = [row for row in transfers.about(connection, ssid) if row.destination == lea and row.state in LIVE]
    for row in [replace(row, by_request=1) for row in mine]:
        if row.state is not TransferState.BLOCKED and row.cause != cause:
            ask(desk, row, "requested", "asked again")
        else:
            desk.change(row)
    letters.send()
    release_waiting(services, connection, [ssid])  # of a dual enrollment a record may go now to whoever asks
    return len(mine)


def delivered(services: Services, connection: Writing, rows: Sequence[PacketRow]) -> None:
    """These packets lie in their receivers' inboxes: each is a line of the disclosure log, and a record answers the
    case that it is for."""
    about = [row for row in rows if row.origin and row.type in DISCLOSED]
    at = services.clock().timestamp()
    disclose.deliveries(services, connection, about)
    records = [row for row in about if row.type in ANSWERS_CASE]
    records.sort(key=lambda row: row.ssid)  # so do those who collect: two never wait for each other's cases
    # a number may have been merged while the record was in a worker's hands
    kept = corrections.kept_numbers(connection, {row.ssid for row in records}) if records else {}
    follow_up.work_off(services, connection, sorted({*kept, *kept.values()}), coming=records)
    cases = transfers.among(connection, sorted({*kept, *kept.values()}))
    for row in records:
        case = _case_of(connection, cases, row)
        if case is not None and case.state is not TransferState.BLOCKED:
            new = replace(case, state=TransferState.ANSWERED, reason="", answered_at=at, answer=row.tracking)
            transfers.change(connection, new, at, "", row.tracking)


def _case_of(connection: Reading, cases: Iterable[TransferRow], row: PacketRow) -> TransferRow | None:
    ends = [one for one in cases if (one.source, one.destination) == (row.origin, row.receiver)]
    own = [one for one in ends if one.ssid == row.ssid]
    if own or not ends:
        return own[0] if own else None
    numbers = registry.numbers(connection, row.ssid)
    return next((one for one in ends if one.ssid in numbers), None)


def collected(services: Services, connection: Writing, rows: Sequence[PacketRow]) -> None:
    """Their receivers have these packets: the cases that they answer are closed."""
    at = services.clock().timestamp()
    for case in transfers.answered_by(connection, [row.tracking for row in rows if row.type in DISCLOSED]):
        if case.state is TransferState.ANSWERED:
            new = replace(case, state=TransferState.CLOSED, closed_at=at)
            transfers.change(connection, new, at, "", case.answer)


def record_withdrawn(services: Services, connection: Writing, row: PacketRow, by: str = "") -> None:
    """A record that nobody had collected is taken back: its case waits again, unless another record takes its place
    (`by`, its tracking id). One that was still on its way may be why its sender was not asked yet."""
    for case in transfers.answered_by(connection, [row.tracking]):
        if case.state is TransferState.ANSWERED and by:
            at = services.clock().timestamp()
            new = replace(case, state=TransferState.REQUESTED, answered_at=None, answer="")
            transfers.change(connection, new, at, "replaced", by)
        elif case.state is TransferState.ANSWERED and _later(connection, case):
            at = services.clock().timestamp()
            ended = replace(case, state=TransferState.CANCELLED, reason=str(Reason.MOVED_ON), answer="", closed_at=at)
            transfers.change(connection, ended, at, "recalled", row.tracking)
        elif case.state is TransferState.ANSWERED:
            _reopen(services, connection, case, "recalled", row.tracking)
    if not by and row.type in ANSWERS_CASE:
        _ask_unasked(services, connection, row, "recalled", "recalled")


def held_back(services: Services, connection: Writing, trackings: Sequence[str]) -> None:
    """These records were taken out of inboxes for the state: their cases wait again, and their clocks go on from the
    first request. The caller calls `reconcile`."""
    at = services.clock().timestamp()
    for case in transfers.answered_by(connection, trackings):
        if case.state is TransferState.ANSWERED:
            new = replace(case, state=TransferState.REQUESTED, answered_at=None, answer="")
            transfers.change(connection, new, at, "held back", case.answer)


def lost(services: Services, connection: Writing, rows: Sequence[PacketRow]) -> None:
    """Of these packets those that were refused on their way come no more: who sent a record that an LEA waits for, and
    was not asked because of it, is asked now. A later record that took the place of one may lie with another LEA."""
    for row in rows:
        if row.type in ANSWERS_CASE and row.ssid and row.state is State.REFUSED:
            _ask_unasked(services, connection, row, "requested", row.code)


def _ask_unasked(services: Services, connection: Writing, row: PacketRow, event: str, why: str) -> None:
    """Ask the sender of a record that was on its way, and comes no more, in cases that it was not asked for."""
    follow_up.work_off(services, connection, [row.ssid], coming=[row])
    letters = Letters(services, connection)
    desk = Desk(services, connection, letters, row.tracking)
    for case in transfers.about(connection, row.ssid):
        is_waiting = case.state is TransferState.REQUESTED and case.source == row.origin
        if is_waiting and not case.request and not case.answer:
            ask(desk, case, event, why)
    letters.send()


def rejected(services: Services, connection: Writing, tracking: str, code: str) -> None:
    """The receiver can not use the record (`code`): its source is asked again."""
    for case in transfers.answered_by(connection, [tracking]):
        if case.state in (TransferState.ANSWERED, TransferState.CLOSED) and not _later(connection, case):
            _reopen(services, connection, case, f"{REJECTED} {code}".strip(), tracking)


def _later(connection: Reading, case: TransferRow) -> bool:
    """Whether the student has come from there to here once more since: that case has taken over from this one."""
    ends = (case.source, case.destination)
    others = [one for one in transfers.about(connection, case.ssid) if (one.source, one.destination) == ends]
    return any(one.id > case.id and one.state is not TransferState.CANCELLED for one in others)


def _reopen(services: Services, connection: Writing, case: TransferRow, why: str, tracking: str) -> None:
    """The case waits again; its source is asked again, unless the student is elsewhere by now."""
    at = services.clock().timestamp()
    new = replace(case, state=TransferState.REQUESTED, answered_at=None, answer="", closed_at=None, reason=why)
    transfers.change(connection, new, at, why, tracking)
    reconcile(services, connection, [case.ssid], cause=tracking)
    now = transfers.get(connection, case.id)
    if now is None or now.state is not TransferState.REQUESTED:
        return
    letters = Letters(services, connection)
    ask(Desk(services, connection, letters, tracking), now, "recalled" if why == "recalled" else "requested", why)
    letters.send()


def declined(services: Services, connection: Writing, request: str, code: str) -> None:
    """The source answers the request that it can not send the record (`code`)."""
    case = transfers.asked_by(connection, request)
    if case is None or case.state is not TransferState.REQUESTED:
        return
    letters = Letters(services, connection)
    desk = Desk(services, connection, letters, request)
    new = replace(case, state=TransferState.REFUSED, reason=code)
    desk.change(new, code)
    letters.tell(case.destination, "declined", new)
    letters.send()
