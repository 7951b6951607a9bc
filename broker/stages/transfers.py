"""transfers: when a student enrolls elsewhere, a case opens, the previous LEA is asked, and what comes closes it.

Contract: called within the write transaction of what happened. `reconcile` makes the cases of these students what
`broker.core.transfer.plan` says that they should be, whatever happened; the other functions follow a case's record.
LEAs are told by sealed notices that exist if and only if the case changed.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from broker.core.model import PacketType, State
from broker.core.routing import Location
from broker.core.transfer import LIVE, Open, Reason, TransferState, plan
from broker.edge.ledger import corrections, packets, registry, transfers
from broker.edge.ledger import flags as ledger_flags
from broker.edge.ledger.rows import PacketRow
from broker.edge.ledger.transfers import TransferRow
from broker.stages import backpack, disclose, flags
from broker.stages.services import Services
from broker.stages.transfer_letters import Letters


def reconcile(
    services: Services,
    connection: Connection,
    ssids: Collection[str],
    *,
    arrived: bool,
    cause: str = "",
    military: Collection[str] = frozenset(),
) -> None:
    """Make the cases of these students right. `arrived` says that they were enrolled just now, by packet `cause`;
    `military` names the children of military families among them."""
    letters = Letters(services, connection)
    for number in _concerned(connection, list(dict.fromkeys(ssids))):
        _reconcile(_Desk(services, connection, letters, cause), number, arrived=arrived, military=number in military)
    letters.send()


def _concerned(connection: Connection, ssids: Sequence[str]) -> list[str]:
    """Those of these students who are or were at more than one LEA, or have a case that is open nevertheless: nearly
    all have neither, and are not looked at one by one."""
    moved = dict.fromkeys(map(str, registry.moved_about(connection, ssids)))
    return list(moved | dict.fromkeys(transfers.with_cases(connection, ssids)))


class _Desk:
    """What working on one student's cases needs."""

    def __init__(self, services: Services, connection: Connection, letters: Letters, cause: str) -> None:
        self.services = services
        self.connection = connection
        self.letters = letters
        self.cause = cause
        self.now = services.clock()
        self.at = self.now.timestamp()

    def change(self, new: TransferRow, why: str = "") -> None:
        """Write a case as it is now."""
        transfers.change(self.connection, new, self.at, why, self.cause)


def _reconcile(desk: _Desk, number: str, *, arrived: bool, military: bool) -> None:
    spots = [
        Location(spot.lea, spot.entry_date, spot.exit_date) for spot in registry.locations(desk.connection, number)
    ]
    rows = {row.id: row for row in transfers.about(desk.connection, number)}
    today = desk.now.date().isoformat()
    cancels, opens = plan(spots, [row.case for row in rows.values()], today, arrived=arrived)
    for one in cancels:
        _cancel(desk, rows.pop(one.id), one.reason)
    is_flagged = ledger_flags.is_any(desk.connection) and ledger_flags.is_flagged(desk.connection, number)
    for row in rows.values():
        _block_or_resume(desk, row, is_flagged)
    for new in opens:
        _open(desk, number, new, is_flagged, military)


def _cancel(desk: _Desk, row: TransferRow, reason: Reason) -> None:
    desk.change(replace(row, state=TransferState.CANCELLED, reason=str(reason), closed_at=desk.at), reason)
    desk.letters.tell(row.destination, reason, row)
    if row.request:  # who was never asked need not hear of it
        desk.letters.tell(row.source, reason, row)


def _block_or_resume(desk: _Desk, row: TransferRow, is_flagged: bool) -> None:
    if is_flagged and row.state in LIVE - {TransferState.BLOCKED}:
        desk.change(replace(row, state=TransferState.BLOCKED), "flag")
        flags.alert(desk.services, desk.connection, "enrollment", row.ssid, row.destination, row.cause)
        desk.letters.tell(row.destination, "held", row)
    elif not is_flagged and row.state is TransferState.BLOCKED:
        _ask(desk, row, "resumed", "lifted")
        _forward(desk, row)


def _open(desk: _Desk, number: str, new: Open, is_flagged: bool, military: bool) -> None:
    row = transfers.add(
        desk.connection,
        TransferRow(
            ssid=number,
            source=new.source,
            destination=new.destination,
            entered_on=new.entered_on,
            opened_at=desk.at,
            cause=desk.cause,
            state=TransferState.BLOCKED if is_flagged else TransferState.REQUESTED,
            follows=new.follows,
            military=int(military),
        ),
    )
    if is_flagged:
        flags.alert(desk.services, desk.connection, "enrollment", number, new.destination, desk.cause)
        desk.letters.tell(new.destination, "held", row)
        return
    _ask(desk, row, "requested")
    _forward(desk, row)


def _ask(desk: _Desk, row: TransferRow, event: str, why: str = "") -> None:
    """Ask the source, unless its record is on its way already; tell the destination. The clock begins."""
    due_on, rule = desk.letters.deadline(row)
    row = replace(row, state=TransferState.REQUESTED, reason="", requested_at=desk.at, due_on=due_on, rule=rule)
    numbers = registry.numbers(desk.connection, row.ssid)
    if packets.is_under_way(desk.connection, numbers, row.source, row.destination):
        event = "on-its-way"
    else:
        row = replace(row, request=desk.letters.ask(row))
    desk.change(row, why)
    desk.letters.tell(row.destination, event, row)


def _forward(desk: _Desk, row: TransferRow) -> None:
    """The destination gets what the record store holds, at once (Utah 53A-1-413)."""
    backpack.forward(desk.services, desk.connection, row.ssid, row.destination, purpose="transfer")


def ask_again(services: Services, connection: Connection, ssid: str, lea: str, cause: str) -> int:
    """An authorised user of the LEA where the student is asks for the records (Utah 53A-1-413): its cases that are not
    answered are asked for once more, and one opens where there is none yet; how many were asked."""
    reconcile(services, connection, [ssid], arrived=True, cause=cause)
    letters = Letters(services, connection)
    desk = _Desk(services, connection, letters, cause)
    mine = [row for row in transfers.about(connection, ssid) if row.destination == lea and row.state in LIVE]
    for row in mine:
        if row.state is not TransferState.BLOCKED and row.cause != cause:
            _ask(desk, row, "requested", "asked again")
    letters.send()
    return len(mine)


def delivered(services: Services, connection: Connection, rows: Sequence[PacketRow]) -> None:
    """These packets lie in their receivers' inboxes: each is a line of the disclosure log, and a record answers the
    case that it is for."""
    about = [row for row in rows if row.origin and row.type in disclose.DELIVERY]
    at = services.clock().timestamp()
    disclose.deliveries(services, connection, about)
    records = [row for row in about if row.type == PacketType.STUDENT_RECORD]
    # a number may have been merged while the record was in a worker's hands
    kept = corrections.kept_numbers(connection, {row.ssid for row in records}) if records else {}
    cases = transfers.among(connection, sorted({*kept, *kept.values()}))
    for row in records:
        case = _case_of(connection, cases, row)
        if case is not None and case.state is not TransferState.BLOCKED:
            new = replace(case, state=TransferState.ANSWERED, reason="", answered_at=at, answer=row.tracking)
            transfers.change(connection, new, at, "", row.tracking)


def _case_of(connection: Connection, cases: Iterable[TransferRow], row: PacketRow) -> TransferRow | None:
    ends = [one for one in cases if (one.source, one.destination) == (row.origin, row.receiver)]
    own = [one for one in ends if one.ssid == row.ssid]
    if own or not ends:
        return own[0] if own else None
    numbers = registry.numbers(connection, row.ssid)
    return next((one for one in ends if one.ssid in numbers), None)


def collected(services: Services, connection: Connection, rows: Sequence[PacketRow]) -> None:
    """Their receivers have these packets: the cases that they answer are closed."""
    at = services.clock().timestamp()
    for case in transfers.answered_by(connection, [row.tracking for row in rows if row.type in disclose.DELIVERY]):
        if case.state is TransferState.ANSWERED:
            new = replace(case, state=TransferState.CLOSED, closed_at=at)
            transfers.change(connection, new, at, "", case.answer)


def taken_back(services: Services, connection: Connection, row: PacketRow, by: str = "") -> None:
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
    if not by and row.type == PacketType.STUDENT_RECORD:
        _ask_unasked(services, connection, row, "recalled", "recalled")


def lost(services: Services, connection: Connection, rows: Sequence[PacketRow]) -> None:
    """Of these packets those that were refused on their way come no more: who sent a record that an LEA waits for, and
    was not asked because of it, is asked now."""
    for row in rows:
        if row.type == PacketType.STUDENT_RECORD and row.ssid and row.state is State.REFUSED and row.code != "replaced":
            _ask_unasked(services, connection, row, "requested", row.code)


def _ask_unasked(services: Services, connection: Connection, row: PacketRow, event: str, why: str) -> None:
    """Ask the sender of a record that was on its way, and comes no more, in cases that it was not asked for."""
    letters = Letters(services, connection)
    desk = _Desk(services, connection, letters, row.tracking)
    for case in transfers.about(connection, row.ssid):
        is_waiting = case.state is TransferState.REQUESTED and case.source == row.origin
        if is_waiting and not case.request and not case.answer:
            _ask(desk, case, event, why)
    letters.send()


def rejected(services: Services, connection: Connection, tracking: str, code: str) -> None:
    """The receiver can not use the record (`code`): its source is asked again."""
    for case in transfers.answered_by(connection, [tracking]):
        if case.state in (TransferState.ANSWERED, TransferState.CLOSED) and not _later(connection, case):
            _reopen(services, connection, case, f"rejected {code}".strip(), tracking)


def _later(connection: Connection, case: TransferRow) -> bool:
    """Whether the student has come from there to here once more since: that case has taken over from this one."""
    ends = (case.source, case.destination)
    others = [one for one in transfers.about(connection, case.ssid) if (one.source, one.destination) == ends]
    return any(one.id > case.id and one.state is not TransferState.CANCELLED for one in others)


def _reopen(services: Services, connection: Connection, case: TransferRow, why: str, tracking: str) -> None:
    """The case waits again; its source is asked again, unless the student is elsewhere by now."""
    at = services.clock().timestamp()
    new = replace(case, state=TransferState.REQUESTED, answered_at=None, answer="", closed_at=None, reason=why)
    transfers.change(connection, new, at, why, tracking)
    reconcile(services, connection, [case.ssid], arrived=False, cause=tracking)
    now = transfers.get(connection, case.id)
    if now is None or now.state is not TransferState.REQUESTED:
        return
    letters = Letters(services, connection)
    _ask(_Desk(services, connection, letters, tracking), now, "recalled" if why == "recalled" else "requested", why)
    letters.send()


def declined(services: Services, connection: Connection, request: str, code: str) -> None:
    """The source answers the request that it can not send the record (`code`)."""
    case = transfers.asked_by(connection, request)
    if case is None or case.state is not TransferState.REQUESTED:
        return
    letters = Letters(services, connection)
    desk = _Desk(services, connection, letters, request)
    new = replace(case, state=TransferState.REFUSED, reason=code)
    desk.change(new, code)
    letters.tell(case.destination, "declined", new)
    letters.send()
