"""backpack: the Student Record Store takes packets in, and sends its parts after the student (Utah 53A-1-413).

Contract: `store`, `forward` and `forward_late` are called within the caller's write transaction. A part stays in the
vault as it came, sealed and signed by its LEA; the same letter is forwarded, so its reader sees who wrote it. Nothing
about a student whom the state has flagged is delivered, and nothing goes to an LEA that `broker.core.access` does not
permit.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from broker.core.access import Action, Deny, Facts, Role, judge, role_of
from broker.core.errors import Refused
from broker.core.model import LeaId, PacketType, Sha256, State, TrackingId
from broker.core.stays import Account
from broker.edge.ledger.cases import backpacks
from broker.edge.ledger.cases.backpacks import Part
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import stays
from broker.edge.ledger.people.known import KnownStudent
from broker.packets.reopen import reread
from broker.packets.round import RoundFacts
from broker.packets.services import Services
from handlers.backpack import Mode, slip_of
from handlers.registry import KEPT


class Purpose(StrEnum):
    """Why parts are forwarded."""

    TRANSFER = "transfer"  # the student has enrolled at the receiver
    REQUEST = "request"  # the LEA asked for them
    PARENT_COPY = "parent-copy"  # the LEA asked for them, including its own, to hand them to the parent


def load_slip(services: Services, facts: RoundFacts, row: PacketRow) -> None:
    """Make sure that `look.slips` has the packet's slip: where this round did not admit the packet, it is opened again.

    Raises Refused: "too-many-parts" for a part that adds to a full store, and the codes of `reread`.
    """
    if row.tracking not in facts.slips:
        facts.slips[row.tracking] = slip_of(reread(services, facts, row))
    if facts.slips[row.tracking].mode is Mode.ADD and backpacks.is_full(facts.connection, row.ssid, row.origin):
        raise Refused("too-many-parts", "/mode")


def store(services: Services, connection: Writing, facts: RoundFacts, rows: Sequence[PacketRow]) -> None:
    """Store these packets, whose slips are in `look.slips`.

    Of two parts the one that was exported later counts, not the one that came later: packets that were sent together
    come in any order, and one may have waited for a decision. A future time of export is cut to the time of arrival: a
    clock that runs ahead once must not shut out later exports.
    """
    backpacks.store(connection, [_part(facts, row) for row in rows], services.clock().timestamp())


def _part(facts: RoundFacts, row: PacketRow) -> Part:
    slip = facts.slips[row.tracking]
    return Part(
        ssid=row.ssid,
        lea=row.origin,
        tracking=row.tracking,
        mode=slip.mode,
        school_year=slip.school_year,
        sha256=row.sha256,
        size=row.size,
        signer=row.signer,
        at=min(slip.created, row.received_at),
    )


def forward(
    services: Services, connection: Writing, student: KnownStudent, receiver: str, *, purpose: str, source: str = ""
) -> list[TrackingId]:
    """Send the receiver each part that it may have; with `source`, only the parts of that LEA. Returns the packets that
    carry them. A part that is on its way there, or lies there uncollected, is not sent again.

    An LEA that had the student earlier may have the parts that were current on its own last day (Utah 53A-1-413: data
    relevant to that LEA). An LEA gets its own parts only where it names itself, and for the parent. `purpose` is a word
    of `Purpose`. No line of the disclosure log is written here: each delivery writes one.
    """
    why = Purpose(purpose)
    account = stays.account_of(student.places, services.today())
    parts = _allowed(services, connection, student, account, receiver, why)
    parts = [part for part in parts if source in ("", part.lea)]
    parts = [part for part in parts if part.lea in account.had]  # a part from an undone merge is another student's
    if not (source == receiver or why is Purpose.PARENT_COPY):
        parts = [part for part in parts if part.lea != receiver]
    on_the_way = backpacks.on_the_way(connection, receiver, [part.sha256 for part in parts], KEPT)
    fresh = {
        (part.lea, part.sha256): _copy(services, part, receiver, why)
        for part in parts
        if (part.lea, part.sha256) not in on_the_way
    }
    packets.born(connection, list(fresh.values()), [])
    return [*on_the_way.values(), *(row.tracking for row in fresh.values())]


def forward_late(services: Services, connection: Writing, row: PacketRow) -> None:
    """Send a part that has just been stored to the LEA where the student is, unless the part's own LEA has the student:
    the part came after the move, and that LEA already has the store's earlier parts.

    Only a part that is current for its LEA goes, not one that is older than what that LEA has stored; parts of other
    LEAs, the receiver included, do not replace it. For a flagged student, the part is held at delivery and goes on when
    the flag is lifted; where the student is nowhere, it waits for an enrollment.
    """
    account = stays.account(connection, row.ssid, services.today())
    here = account.here
    if here is None or row.origin in account.holders:
        return
    if isinstance(judge(_role(connection, account, here), Action.READ_BACKPACK, Facts()), Deny):
        return
    fresh = [part for part in backpacks.current(connection, row.ssid) if part.tracking == row.tracking]
    on_the_way = backpacks.on_the_way(connection, here, [part.sha256 for part in fresh], KEPT)
    packets.born(
        connection,
        [_copy(services, part, here, Purpose.TRANSFER) for part in fresh if (part.lea, part.sha256) not in on_the_way],
        [],
    )


def role(services: Services, connection: Reading, ssid: str, lea: str) -> Role:
    """The role in which this LEA acts today on the student whom this number stands for."""
    return _role(connection, stays.account(connection, ssid, services.today()), lea)


def _role(connection: Reading, account: Account, lea: str) -> Role:
    party = directory.party(connection, lea)
    return role_of(party.kind if party else None, account, lea)


def _allowed(
    services: Services, connection: Reading, student: KnownStudent, account: Account, receiver: str, why: Purpose
) -> list[Part]:
    acting = _role(connection, account, receiver)
    # for an earlier LEA, only parts that were current while it had the student are read below; its request is on record
    known = Facts(is_flagged=student.is_flagged, was_there=True, has_request=why is Purpose.PARENT_COPY)
    if isinstance(judge(acting, _ACTION[why is Purpose.PARENT_COPY, acting is Role.CURRENT_LEA], known), Deny):
        return []
    if acting is Role.CURRENT_LEA:
        return backpacks.current_under(connection, student.numbers)
    day = account.last_day(receiver)
    until = services.time.ends(date.fromisoformat(day)) if day else None
    return backpacks.current_under(connection, student.numbers, until) if until else []


# (whether it is for the parent, whether the LEA has the student now)
_ACTION = {
    (False, True): Action.READ_BACKPACK,
    (False, False): Action.READ_OWN_TIME,
    (True, True): Action.EXPORT_FOR_PARENT,
    (True, False): Action.EXPORT_FOR_PARENT,
}


def is_for_parent(row: PacketRow) -> bool:
    """Whether this part was forwarded for the parent."""
    return row.type in KEPT and row.source_mark == Purpose.PARENT_COPY


def _copy(services: Services, part: Part, receiver: str, why: Purpose) -> PacketRow:
    """A packet with the same letter for another reader. It has no document id, because that belongs to the first
    packet."""
    at = services.clock().timestamp()
    return PacketRow(
        tracking=TrackingId(services.new_tracking()),
        origin=LeaId(part.lea),
        source_name="",
        source_mark=why if why is Purpose.PARENT_COPY else "",  # no file has such a mark
        sha256=Sha256(part.sha256),
        size=part.size,
        received_at=at,
        state=State.ROUTED,
        type=PacketType.BACKPACK,
        addressed_to="" if why is Purpose.TRANSFER else receiver,
        receiver=receiver,
        signer=part.signer,
        ssid=part.ssid,
        identity="match",
        updated_at=at,
    )
