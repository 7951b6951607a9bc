"""desk: one student's cases are made what they should be, and a source is asked for its record.

Contract: called within the write transaction of what happened, or of what follows from it later: a `Desk` has the
moment as of which it works. A case begins, and its clock, at that moment. Who is told of it is collected in `Letters`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from broker.core.asking import Correct, Open, plan
from broker.core.model import LeaId
from broker.core.transfer import LIVE, Reason, TransferState
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import flags as ledger_flags
from broker.edge.ledger.people import registry, stays
from broker.oversight import alerts
from broker.packets.services import Services
from broker.records import backpack
from broker.transfers.letters import Letters
from handlers.registry import ANSWERS_CASE


class Desk:
    """What working on one student's cases needs.

    `cause` is the tracking id of the packet from which it follows, '' for none; `then` the moment as of which it is
    worked, None for now. `coming` are records that are on their way although their rows say so no more. `is_told` says
    that the caller tells the state of a flagged student itself.
    """

    def __init__(
        self,
        services: Services,
        connection: Writing,
        letters: Letters,
        cause: str,
        then: datetime | None = None,
        coming: Sequence[PacketRow] = (),
        *,
        is_told: bool = False,
    ) -> None:
        self.services = services
        self.connection = connection
        self.letters = letters
        self.cause = cause
        self.now = then or services.clock()
        self.at = self.now.timestamp()
        self.coming = coming
        self.is_told = is_told

    def change(self, new: TransferRow, why: str = "") -> None:
        """Write a case as it is now."""
        transfers.change(self.connection, new, self.at, why, self.cause)


def reconcile(desk: Desk, number: str, asker: LeaId | None = None) -> None:
    """Make the cases of this student what `broker.core.asking.plan` says that they should be. `asker` is an LEA that
    asks by a request."""
    account = stays.account(desk.connection, number, desk.services.today(desk.now))
    rows = {row.id: row for row in transfers.about(desk.connection, number)}
    dual_asks = desk.services.settings.transfers.dual_asks
    planned = plan(account, [row.case for row in rows.values()], asker=asker, dual_asks=dual_asks)
    for one in planned.cancels:
        _cancel(desk, rows[one.id], one.reason)
    for correct in planned.corrects:
        rows[correct.id] = _correct(desk, rows[correct.id], correct)
    is_flagged = ledger_flags.is_flagged(desk.connection, number)
    for row in [row for row in rows.values() if row.id not in {one.id for one in planned.cancels}]:
        _block_or_resume(desk, row, is_flagged)
    for new in planned.opens:
        _open(desk, number, new, is_flagged, rows)


def _correct(desk: Desk, row: TransferRow, correct: Correct) -> TransferRow:
    """The case goes by what is known now: its first day, and whether it is of a military family (53A-1-1001)."""
    row = replace(
        row,
        entered_on=correct.entered_on,
        reported_on=correct.reported_on,
        military=int(correct.military),
    )
    due_on, rule = desk.letters.deadline(row)
    row = replace(row, due_on=due_on, rule=rule)
    desk.change(row)
    return row


def _cancel(desk: Desk, row: TransferRow, reason: Reason) -> None:
    desk.change(replace(row, state=TransferState.CANCELLED, reason=str(reason), closed_at=desk.at), reason)
    desk.letters.tell(row.destination, reason, row)
    if row.request:  # who was never asked need not hear of it
        desk.letters.tell(row.source, reason, row)


def _block_or_resume(desk: Desk, row: TransferRow, is_flagged: bool) -> None:
    if is_flagged and row.state in LIVE - {TransferState.BLOCKED}:
        desk.change(replace(row, state=TransferState.BLOCKED), "flag")
        alerts.blocked(desk.services, desk.connection, row, desk.cause, is_told=desk.is_told)
        desk.letters.tell(row.destination, "held", row)
    elif not is_flagged and row.state is TransferState.BLOCKED:
        ask(desk, row, "resumed", "lifted")
        _forward(desk, row)


def _open(desk: Desk, number: str, new: Open, is_flagged: bool, rows: Mapping[int, TransferRow]) -> None:
    row = TransferRow(
        ssid=number,
        source=new.source,
        destination=new.destination,
        entered_on=new.entered_on,
        opened_at=desk.at,
        cause=desk.cause,
        state=TransferState.BLOCKED if is_flagged else TransferState.REQUESTED,
        follows=new.follows,
        military=int(new.military),
        reported_on=new.reported_on,
    )
    if new.is_revived and new.follows is not None:  # the first request counts (53A-11-504)
        first = rows[new.follows]
        row = replace(row, opened_at=first.opened_at, requested_at=first.requested_at)
    row = transfers.add(desk.connection, row, desk.at)
    if is_flagged:
        alerts.blocked(desk.services, desk.connection, row, desk.cause, is_told=desk.is_told)
        desk.letters.tell(new.destination, "held", row)
        return
    ask(desk, row, "requested")
    _forward(desk, row)


def ask(desk: Desk, row: TransferRow, event: str, why: str = "") -> None:
    """Ask the source, unless its record is on its way already; tell the destination. The clock begins with the first
    request, and a further one does not move it."""
    is_first = row.requested_at is None
    row = replace(row, state=TransferState.REQUESTED, reason="", requested_at=desk.at if is_first else row.requested_at)
    desk.change(row, why)
    due_on, rule = desk.letters.deadline(row, is_first=is_first)
    row = replace(row, due_on=due_on, rule=rule)
    if _is_coming(desk, row):
        event = "on-its-way"
    else:
        row = replace(row, request=desk.letters.ask(row))
    desk.change(row)
    desk.letters.tell(row.destination, event, row)


def _is_coming(desk: Desk, row: TransferRow) -> bool:
    numbers = registry.numbers(desk.connection, row.ssid)
    at_hand = (one for one in desk.coming if one.ssid in numbers and one.origin == row.source)
    if any(one.addressed_to in ("", row.destination) for one in at_hand):
        return True
    return packets.is_under_way(desk.connection, numbers, row.source, row.destination, ANSWERS_CASE)


def _forward(desk: Desk, row: TransferRow) -> None:
    """The destination gets what the record store holds, at once (Utah 53A-1-413)."""
    backpack.forward(desk.services, desk.connection, row.ssid, row.destination, purpose="transfer")
