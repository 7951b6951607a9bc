"""desk: one student's cases are made what they should be, and a source is asked for its record.

Contract: called within the write transaction of what happened, or of what follows from it later: a `Desk` has the
moment as of which it works. A case begins, and its clock, at that moment. `CaseFiles` reads what is known,
`broker.core.cases.following` decides what follows, and `_carry_out` does it. Who is told is collected in `Letters`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from broker.core.cases.asking import Cancel, Correct, Open
from broker.core.cases.following import ON_ITS_WAY, Begin, Block, Coming, Resume, Situation, Step, follows, is_coming
from broker.core.model import LeaId
from broker.core.transfer import TransferState
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import registry, stays
from broker.oversight import alerts
from broker.packets.services import Services
from broker.records import backpack
from broker.transfers.case_files import CaseFile
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

    def at_hand(self, numbers: Sequence[str]) -> list[Coming]:
        """Of the records that are `coming` those of the student with these numbers."""
        return [Coming(one.origin, one.addressed_to) for one in self.coming if one.ssid in numbers]


def reconcile(desk: Desk, number: str, asker: LeaId | None = None) -> None:
    """Make the cases of this student what they should be. `asker` is an LEA that asks by a request."""
    file = desk.letters.files.take(number)
    situation = Situation(
        account=stays.account_of(file.student.places, desk.services.today(desk.now)),
        cases=[row.case for row in file.cases],
        is_flagged=file.student.is_flagged,
        coming=(*file.coming, *desk.at_hand(file.student.numbers)),
        asker=asker,
        dual_asks=desk.services.settings.transfers.dual_asks,
    )
    _carry_out(desk, number, file, follows(situation))


def _carry_out(desk: Desk, number: str, file: CaseFile, steps: Sequence[Step]) -> None:
    rows = {row.id: row for row in file.cases}
    for step in steps:
        row = _changed(desk, number, rows, step)
        rows[row.id] = row
        if step.alerts:
            alerts.blocked(desk.services, desk.connection, row, desk.cause, is_told=desk.is_told)
        for letter in step.letters:
            desk.letters.tell(letter.lea, letter.event, row)
        if step.forwards:
            backpack.forward(desk.services, desk.connection, file.student, row.destination, purpose="transfer")


def _changed(desk: Desk, number: str, rows: Mapping[int, TransferRow], step: Step) -> TransferRow:
    """The case, as it is written now."""
    match step.change:
        case Cancel(id, reason):
            row = replace(rows[id], state=TransferState.CANCELLED, reason=str(reason), closed_at=desk.at)
            desk.change(row, reason)
            return row
        case Correct() as correct:
            return _corrected(desk, rows[correct.id], correct)
        case Block(id):
            row = replace(rows[id], state=TransferState.BLOCKED)
            desk.change(row, "flag")
            return row
        case Resume(id):
            return _asked(desk, rows[id], "lifted", asks=step.asks)
        case Begin(new, is_blocked):
            row = transfers.add(desk.connection, _new(desk, number, new, rows, is_blocked=is_blocked), desk.at)
            return row if is_blocked else _asked(desk, row, asks=step.asks)


def _corrected(desk: Desk, row: TransferRow, correct: Correct) -> TransferRow:
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


def _new(desk: Desk, number: str, new: Open, rows: Mapping[int, TransferRow], *, is_blocked: bool) -> TransferRow:
    row = TransferRow(
        ssid=number,
        source=new.source,
        destination=new.destination,
        entered_on=new.entered_on,
        opened_at=desk.at,
        cause=desk.cause,
        state=TransferState.BLOCKED if is_blocked else TransferState.REQUESTED,
        follows=new.follows,
        military=int(new.military),
        reported_on=new.reported_on,
    )
    if not new.is_revived or new.follows is None:
        return row
    first = rows[new.follows]  # the first request counts (53A-11-504)
    return replace(row, opened_at=first.opened_at, requested_at=first.requested_at)


def ask(desk: Desk, row: TransferRow, event: str, why: str = "") -> None:
    """Ask the source, unless its record is on its way already; tell the destination."""
    numbers = registry.numbers(desk.connection, row.ssid)
    records = packets.under_way(desk.connection, numbers, ANSWERS_CASE)
    coming = [*desk.at_hand(numbers), *(Coming(one.origin, one.addressed_to) for one in records)]
    asks = not is_coming(coming, row.source, row.destination)
    row = _asked(desk, row, why, asks=asks)
    desk.letters.tell(row.destination, event if asks else ON_ITS_WAY, row)


def _asked(desk: Desk, row: TransferRow, why: str = "", *, asks: bool) -> TransferRow:
    """The case waits for its source, who is asked now if it `asks`. The clock begins with the first request, and a
    further one does not move it."""
    is_first, was = row.requested_at is None, row.state
    row = replace(row, state=TransferState.REQUESTED, reason="", requested_at=desk.at if is_first else row.requested_at)
    if why or was is not TransferState.REQUESTED:
        desk.change(row, why)  # a step of its history, by which its clock goes
    due_on, rule = desk.letters.deadline(row, is_first=is_first)
    row = replace(row, due_on=due_on, rule=rule)
    if asks:
        row = replace(row, request=desk.letters.ask(row))
    desk.change(row)
    return row
