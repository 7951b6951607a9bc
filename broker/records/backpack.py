"""backpack: the Student Record Store takes packets in, and sends what it holds after a student (Utah 53A-1-413).

Contract: `store`, `forward` and `forward_late` are called within the caller's write transaction. What is kept stays in
the vault as it came, sealed and signed by its LEA; forwarded is the very same letter, so that its reader sees whose it
is. Nothing is delivered of a student whom the state has flagged, and nothing to an LEA that `broker.core.access` does
not let have it.
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
from broker.packets.round import Look
from broker.packets.services import Services
from handlers.backpack import Mode, slip_of


class Purpose(StrEnum):
    """Why parts are forwarded."""

    TRANSFER = "transfer"  # the student has enrolled there
    REQUEST = "request"  # the LEA asked for them
    PARENT_COPY = "parent-copy"  # the LEA asked for them, and its own, to hand them to the parent


def recall(services: Services, look: Look, row: PacketRow) -> None:
    """See that the packet's slip is at hand: where this round did not admit it, it is opened once more.

    Raises Refused: "too-many-parts" for one that adds to a full shelf, and the codes of `reread`.
    """
    if row.tracking not in look.slips:
        look.slips[row.tracking] = slip_of(reread(services, look, row))
    if look.slips[row.tracking].mode is Mode.ADD and backpacks.is_full(look.connection, row.ssid, row.origin):
        raise Refused("too-many-parts", "/mode")


def store(services: Services, connection: Writing, look: Look, rows: Sequence[PacketRow]) -> None:
    """Keep these packets, whose slips are at hand.

    Of two parts the one that was exported later counts, not the one that came later: packets that were sent together
    come in any order, and one may have waited for a decision. A time to come is cut to that of arrival, for a clock
    that runs ahead once must not shut out what is exported afterwards.
    """
    backpacks.store(connection, [_part(look, row) for row in rows], services.clock().timestamp())


def _part(look: Look, row: PacketRow) -> Part:
    slip = look.slips[row.tracking]
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
    """Send the receiver each part that it may have, of the LEA `source` only where one is named; the packets that carry
    them. A part that is on its way there, or lies there uncollected, is not sent again.

    An LEA that had the student earlier may have what was current on its own last day (Utah 53A-1-413: data relevant to
    that LEA). Its own parts an LEA gets only where it names itself, and for the parent. `purpose` is a word of
    `Purpose`. No line of the disclosure log is written here: each delivery is one.
    """
    why = Purpose(purpose)
    account = stays.account_of(student.places, services.today())
    parts = _allowed(services, connection, student, account, receiver, why)
    parts = [part for part in parts if source in ("", part.lea)]
    parts = [part for part in parts if part.lea in account.had]  # what came under a merge that was undone is another's
    if not (source == receiver or why is Purpose.PARENT_COPY):
        parts = [part for part in parts if part.lea != receiver]
    carried = backpacks.on_the_way(connection, receiver, [part.sha256 for part in parts])
    fresh = {
        (part.lea, part.sha256): _copy(services, part, receiver, why)
        for part in parts
        if (part.lea, part.sha256) not in carried
    }
    packets.born(connection, list(fresh.values()), [])
    return [*carried.values(), *(row.tracking for row in fresh.values())]


def forward_late(services: Services, connection: Writing, row: PacketRow) -> None:
    """Send a part that has just been stored to the LEA where the student is, where that is not its own: it came after
    the student had moved, and what the store had then is there already.

    Only what is current of its LEA goes, not a part that is older than what that LEA has stored before; what other LEAs
    have stored, the receiver too, takes the place of nothing of this one's. That of a flagged student is held when it
    is to be delivered, and goes on when the flag is lifted; where the student is nowhere it waits for an enrollment.
    """
    account = stays.account(connection, row.ssid, services.today())
    here = account.here
    if here is None or row.origin in account.holders:
        return
    if isinstance(judge(_role(connection, account, here), Action.READ_BACKPACK, Facts()), Deny):
        return
    fresh = [part for part in backpacks.current(connection, row.ssid) if part.tracking == row.tracking]
    carried = backpacks.on_the_way(connection, here, [part.sha256 for part in fresh])
    packets.born(
        connection,
        [_copy(services, part, here, Purpose.TRANSFER) for part in fresh if (part.lea, part.sha256) not in carried],
        [],
    )


def role(services: Services, connection: Reading, ssid: str, lea: str) -> Role:
    """As whom this LEA acts today on the student whom this number stands for."""
    return _role(connection, stays.account(connection, ssid, services.today()), lea)


def _role(connection: Reading, account: Account, lea: str) -> Role:
    party = directory.party(connection, lea)
    return role_of(party.kind if party else None, account, lea)


def _allowed(
    services: Services, connection: Reading, student: KnownStudent, account: Account, receiver: str, why: Purpose
) -> list[Part]:
    acting = _role(connection, account, receiver)
    # of an earlier LEA only what was current while it had the student is looked at; that it asks is on record
    facts = Facts(is_flagged=student.is_flagged, was_there=True, has_request=why is Purpose.PARENT_COPY)
    if isinstance(judge(acting, _ACTION[why is Purpose.PARENT_COPY, acting is Role.CURRENT_LEA], facts), Deny):
        return []
    if acting is Role.CURRENT_LEA:
        return backpacks.current_under(connection, student.numbers)
    day = account.last_day(receiver)
    until = services.time.ends(date.fromisoformat(day)) if day else None
    return backpacks.current_under(connection, student.numbers, until) if until else []


# by whether it is for the parent, and whether the LEA has the student now
_ACTION = {
    (False, True): Action.READ_BACKPACK,
    (False, False): Action.READ_OWN_TIME,
    (True, True): Action.EXPORT_FOR_PARENT,
    (True, False): Action.EXPORT_FOR_PARENT,
}


def is_for_parent(row: PacketRow) -> bool:
    """Whether this part was forwarded to be handed to the parent."""
    return row.type == PacketType.BACKPACK and row.source_mark == Purpose.PARENT_COPY


def _copy(services: Services, part: Part, receiver: str, why: Purpose) -> PacketRow:
    """A packet with the same letter for another reader; without a document's id, for that is the first one's."""
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
