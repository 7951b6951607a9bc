"""acknowledgement: a receiver says by signature that it has a packet, or that it cannot use it.

Contract: called within the transaction that applies the acknowledgement. The packet is named by its tracking id, or by
the id of its document (PESC), and must have been delivered to the very party that speaks. It counts as collected; the
sender is told, also where it was collected before. Saying the same again of one delivery changes nothing, and to and
fro it goes a bounded number of times. What the state has taken out of the inbox since may have been copied there: that
is written down, wherever the packet is now, and nothing else follows. A rejected record opens its case again; a
rejected request is a source that cannot send. Who says that the student is enrolled there still contests the transfer:
of a request, or of a record or backpack of its own that was delivered elsewhere; the state hears of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from broker.core.errors import Refused
from broker.core.model import Document, LeaId, PacketType, State
from broker.edge.ledger.cases import transfers as cases
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets import acknowledgements, history, moves, packets, views
from broker.edge.ledger.packets.acknowledgements import Acknowledgement
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.edge.ledger.parties import directory
from broker.formats import pesc
from broker.formats.answering.columns import DELIVERED
from broker.formats.returned import Back
from broker.formats.ssid.lines import Sheet
from broker.notices import delivered
from broker.notices.alert import Kind
from broker.oversight import alerts
from broker.oversight.watch import Watch
from broker.packets.receipts import statements
from broker.packets.services import Services
from broker.stages import collect
from broker.stages.applied.planning import as_a_whole
from broker.students.rows import Became, Rows
from broker.transfers import cases as transfers
from broker.transfers import contest
from handlers import acknowledgement
from handlers.base import LEAS
from handlers.registry import ANSWERS_CASE

REJECTED = "rejected"
_PESC, _JSON = "pesc", "acknowledgement.v1"
_ANSWERED = [PacketType.RECORD_REQUEST]  # of the exchange's own packets
_MOST_LISTED = 500  # packets of which a party is told that it has said nothing of them yet
_THERE = frozenset({State.DELIVERED, State.COLLECTED})
_CANNOT_USE = "The receiver has the packet, and says that it cannot use it."


def planned(services: Services, row: PacketRow, document: Document, done: Move) -> Move:
    """The move of a checked `acknowledgement.v1`, or of one in PESC's form, or of a table of many."""
    sheet = acknowledgement.sheet(document.body)
    if sheet is not None:
        rows = AcknowledgementsInRows(services, row, sheet, document, done)
        return replace(done, slices=rows, effect=rows.end)
    return as_a_whole(services, row, document, done, _apply)


class AcknowledgementsInRows(Rows):
    """A table of acknowledgements. It comes back with what else was delivered to its sender."""

    kind = DELIVERED

    def __init__(self, services: Services, row: PacketRow, sheet: Sheet, document: Document, move: Move) -> None:
        super().__init__(services, row, sheet, move)
        self._documents = [replace(document, body=one) for one in acknowledgement.several(document.body)]

    def carry_out(self, connection: Writing, place: int) -> Became:
        """See Rows; what the state was told of a packet stays told where the line is refused."""
        refused = _apply(self.services, connection, self.row, self._documents[place])
        return Became(refused.new.code if refused else "")

    def table(self, connection: Reading) -> Back:
        """The table, and below it what was delivered to this party, and what it has said nothing of yet."""
        return delivered.added(super().table(connection), self._unanswered(connection))

    def _unanswered(self, connection: Reading) -> Iterator[delivered.Delivered]:
        names = {str(party.id): party.name for party in directory.all_parties(connection)}
        for one in acknowledgements.unanswered(connection, self.row.origin, _ANSWERED, _MOST_LISTED):
            sender = f"{names.get(one.origin, '')} ({one.origin})" if one.origin else self.services.settings.name
            came = datetime.fromtimestamp(history.delivered_last(connection, one.tracking), UTC)
            day = self.services.settings.time.day(came)
            yield delivered.Delivered(one.tracking, one.type, sender, day)


def _apply(services: Services, connection: Writing, row: PacketRow, document: Document) -> Move | None:
    """Write down what the receiver says, collect the packet, and tell its sender; the refusal's move where a newer
    request must be answered.

    Raises Refused: `unknown-tracking`, `unknown-document` for what was not delivered to this party; Deferred while the
    packet is about to appear in its inbox.
    """
    about = _named(connection, row.origin, document)
    asked = cases.asked_by(connection, about.tracking)
    watch = Watch(services, connection, row)
    watch.saw([about.ssid, asked.ssid if asked else ""], Kind.ACKNOWLEDGEMENT)
    watch.tell()
    work = partial(_carry_out, services, connection, row, document.body, about)
    return alerts.standing(services, connection, row, work)


def _carry_out(
    services: Services, connection: Writing, row: PacketRow, body: Mapping[str, Any], about: PacketRow
) -> None:
    said = Acknowledgement(
        tracking=about.tracking,
        by=row.tracking,
        party=row.origin,
        at=services.clock().timestamp(),
        form=_JSON if acknowledgement.tracking_of(body) else _PESC,
        status=str(body["status"]),
        code=acknowledgement.code_of(body),
        courses=acknowledgement.courses_of(body),
    )
    earlier = [one for one in acknowledgements.about(connection, about.tracking) if one.party == said.party]
    if earlier and _is_same(connection, earlier[-1], said):
        return
    if len(earlier) >= services.settings.told.statements:
        raise Refused("said-too-often", "/status")
    acknowledgements.add(connection, said)
    if about.state not in _THERE:  # it was taken back since, and is to be delivered again
        return
    if about.receiver == row.origin:
        _tell(services, connection, about, said)
        if said.status == REJECTED:
            _follow(services, connection, about, said.code)
    elif about.origin == row.origin:  # its own, which somebody else was given
        contest.of_delivery(services, connection, about)


def _is_same(connection: Reading, before: Acknowledgement, said: Acknowledgement) -> bool:
    """Whether it was said before, of this delivery: of an earlier one it had no effect, or another one."""
    is_alike = (before.status, before.code) == (said.status, said.code)
    return is_alike and before.at >= history.delivered_last(connection, said.tracking)


def _tell(services: Services, connection: Writing, about: PacketRow, said: Acknowledgement) -> None:
    """The receipt that says COLLECTED, and how that is known."""
    is_rejected = said.status == REJECTED
    how = REJECTED if is_rejected else collect.ACKNOWLEDGED
    facts = {"code": said.code} if said.code else {}
    if is_rejected:
        facts["sentence"] = f"{_CANNOT_USE} {acknowledgement.REASONS[said.code]}"
    if about.state is State.DELIVERED:
        collect.collect_in(connection, services, about.receiver, about.tracking, how, **facts)
        return
    receipts = statements(services, about, [(about.origin, State.COLLECTED)], how=how, **facts)
    moves.advance(connection, [Move(about, about, (), receipts)], said.at)


def _follow(services: Services, connection: Writing, about: PacketRow, code: str) -> None:
    """What a rejection changes besides."""
    if about.type in ANSWERS_CASE:
        transfers.rejected(services, connection, about.tracking, code)
    elif about.type == PacketType.RECORD_REQUEST and not about.origin:
        if code == acknowledgement.STILL_ENROLLED:
            contest.of_request(services, connection, about)
        transfers.declined(services, connection, about.tracking, code)


def _named(connection: Reading, receiver: LeaId, document: Document) -> PacketRow:
    """The packet that the acknowledgement is about, as it was delivered to `receiver`, or is contested by it."""
    named = acknowledgement.tracking_of(document.body)
    found = packets.get(
        connection, named or _tracking_of(connection, receiver, acknowledgement.documents_of(document.body))
    )
    if found is None or not (_had(connection, found, receiver) or _is_contest(connection, found, receiver, document)):
        raise Refused("unknown-tracking", "/tracking")
    return found


def _had(connection: Reading, row: PacketRow, party: LeaId) -> bool:
    """Whether the packet lies with this party, or did until the state took it out of the inbox."""
    if row.state in _THERE and row.receiver == party:
        return True
    return row.state is not State.REFUSED and disclosures.was_given(connection, row.tracking, party)


def _is_contest(connection: Reading, row: PacketRow, by: LeaId, document: Document) -> bool:
    """Whether its sender says that it should not have been delivered as it was."""
    body = document.body
    is_said = acknowledgement.is_rejection(body) and acknowledgement.code_of(body) == acknowledgement.STILL_ENROLLED
    if row.state is State.REFUSED or not (is_said and acknowledgement.tracking_of(body) and contest.can_be(row, by)):
        return False
    return row.state in _THERE or views.was_delivered(connection, row.tracking)


def _tracking_of(connection: Reading, receiver: LeaId, documents: Sequence[str]) -> str:
    """Documents of two senders may have one id, for each makes its own: then it is not guessed which is meant."""
    leas = [party.id for party in directory.all_parties(connection) if party.kind in LEAS]
    for document in documents:
        named = [(lea, _packet_id(document, lea)) for lea in leas]
        brought = [packets.get(connection, one) for one in acknowledgements.with_document(connection, named)]
        found = [row.tracking for row in brought if row is not None and _had(connection, row, receiver)]
        if len(found) == 1:
            return found[0]
        if found:
            raise Refused("unknown-document", hint="Two senders have used this id: name the tracking id instead.")
    raise Refused("unknown-document")


def _packet_id(document: str, sender: LeaId) -> str:
    """The packet's id where one is named, else what reading the sender's document made of its own id."""
    try:
        return str(UUID(document))
    except ValueError:
        return pesc.packet_id(document, sender)
