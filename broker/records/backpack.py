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
from broker.edge.ledger.cases import backpacks
from broker.edge.ledger.cases.backpacks import Part
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import flags, stays
from broker.packets.reopen import reread
from broker.packets.round import RoundFacts
from broker.packets.services import Services
from handlers.backpack import Mode, slip_of
from handlers.registry import KEPT


class Purpose(StrEnum):
    """Why parts are forwarded."""

    TRANSFER = "transfer"  # the student has enrolled there
    REQUEST = "request"  # the LEA asked for them
    PARENT_COPY = "parent-copy"  # the LEA asked for them, and its own, to hand them to the parent


def load_slip(services: Services, facts: RoundFacts, row: PacketRow) -> None:
    """See that the packet's slip is at hand: where this round did not admit it, it is opened once more.

    Raises Refused: "too-many-parts" for one that adds to a full shelf, and the codes of `reread`.
    """
    if row.tracking not in facts.slips:
        facts.slips[row.tracking] = slip_of(reread(services, facts, row))
    if facts.slips[row.tracking].mode is Mode.ADD and backpacks.is_full(facts.connection, row.ssid, row.origin):
        raise Refused("too-many-parts", "/mode")


def store(services: Services, connection: Writing, facts: RoundFacts, rows: Sequence[PacketRow]) -> None:
    """Keep these packets, whose slips are at hand.

    Of two parts the one that was exported later counts, not the one that came later: packets that were sent together
    come in any order, and one may have waited for a decision. A time to come is cut to that of arrival, for a clock
    that runs ahead once must not shut out what is exported afterwards.
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
    services: Services, connection: Writing, ssid: str, receiver: str, *, purpose: str, source: str = ""
) -> list[TrackingId]:
    """Send the receiver each part that it may have, of the LEA `source` only where one is named; the packets that carry
    them. A part that is on its way there, or lies there uncollected, is not sent again.

    An LEA that had the student earlier may have what was current on its own last day (Utah 53A-1-413: data relevant to
    that LEA). Its own parts an LEA gets only where it names itself, and for the parent. `purpose` is a word of
    `Purpose`. No line of the disclosure log is written here: each delivery is one.
    """
    why = Purpose(purpose)
    had = stays.account(connection, ssid, services.today()).had
    parts = [part for part in _allowed(services, connection, ssid, receiver, why) if source in ("", part.lea)]
    parts = [part for part in parts if part.lea in had]  # what came under a merge that was undone is another's
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
    if isinstance(judge(role(services, connection, row.ssid, here), Action.READ_BACKPACK, Facts()), Deny):
        return
    fresh = [part for part in backpacks.current(connection, row.ssid) if part.tracking == row.tracking]
    on_the_way = backpacks.on_the_way(connection, here, [part.sha256 for part in fresh], KEPT)
    packets.born(
        connection,
        [_copy(services, part, here, Purpose.TRANSFER) for part in fresh if (part.lea, part.sha256) not in on_the_way],
        [],
    )


def role(services: Services, connection: Reading, ssid: str, lea: str) -> Role:
    """As whom this LEA acts today on the student whom this number stands for."""
    party = directory.party(connection, lea)
    return role_of(party.kind if party else None, stays.account(connection, ssid, services.today()), lea)


def _allowed(services: Services, connection: Reading, ssid: str, receiver: str, why: Purpose) -> list[Part]:
    is_flagged = flags.is_flagged(connection, ssid)
    acting = role(services, connection, ssid, receiver)
    # of an earlier LEA only what was current while it had the student is looked at; that it asks is on record
    known = Facts(is_flagged=is_flagged, was_there=True, has_request=why is Purpose.PARENT_COPY)
    if isinstance(judge(acting, _ACTION[why is Purpose.PARENT_COPY, acting is Role.CURRENT_LEA], known), Deny):
        return []
    if acting is Role.CURRENT_LEA:
        return backpacks.current(connection, ssid)
    day = stays.account(connection, ssid, services.today()).last_day(receiver)
    return backpacks.current(connection, ssid, services.time.ends(date.fromisoformat(day))) if day else []


# by whether it is for the parent, and whether the LEA has the student now
_ACTION = {
    (False, True): Action.READ_BACKPACK,
    (False, False): Action.READ_OWN_TIME,
    (True, True): Action.EXPORT_FOR_PARENT,
    (True, False): Action.EXPORT_FOR_PARENT,
}


def is_for_parent(row: PacketRow) -> bool:
    """Whether this part was forwarded to be handed to the parent."""
    return row.type in KEPT and row.source_mark == Purpose.PARENT_COPY


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
