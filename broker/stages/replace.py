"""replace: a later record of the same sender about the same student takes the place of an earlier one.

Contract: called within the transaction that delivers. The record that was dropped later counts as later (tracking ids
are in the order of time); a table of one part of a record takes the place of the same part alone. An earlier record
that nobody has collected is refused; where it was collected, the later record says that it replaces it; both are lines
of the disclosure log. An earlier record that is worked after a later one was delivered is refused itself. Where two
workers have two versions at one moment, these are settled one after the other, and neither worker waits for the other.
"""

from collections.abc import Mapping, Sequence

from broker.core.access import Action
from broker.core.errors import Deferred, Refused
from broker.core.files import table_ids
from broker.core.model import State
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets import corrections
from broker.edge.ledger.packets.corrections import Version
from broker.edge.ledger.packets.rows import PacketRow
from broker.packets.services import Services
from broker.stages import withdraw
from handlers.registry import REPLACES_EARLIER, handler_of

_AT_ONCE = 20
_STANDING = (State.DELIVERED, State.COLLECTED)
_Key = tuple[str, str, str, str]


def followed(connection: Writing, rows: Sequence[PacketRow]) -> frozenset[str]:
    """The tracking ids of those packets, about to be delivered, that need `settle`: packets with another version in the
    ledger or among `rows`, and packets whose student another worker has now."""
    mine = [row for row in rows if row.ssid and row.type in REPLACES_EARLIER]
    if not mine:
        return frozenset()
    kept = corrections.kept_numbers(connection, {row.ssid for row in mine})
    free = corrections.take_in_hand(connection, set(kept.values()))
    own = [_as_version(row, kept) for row in mine]
    known: dict[_Key, set[str]] = {}
    for one in (*corrections.versions(connection, set(kept.values()), REPLACES_EARLIER), *own):
        known.setdefault(_key(one), set()).add(one.tracking)
    return frozenset(one.tracking for one in own if one.student not in free or len(known[_key(one)]) > 1)


def settle(services: Services, connection: Writing, new: PacketRow) -> PacketRow:
    """The packet that is about to be delivered, with the packet that it `replaces`; earlier versions are withdrawn.

    Raises Refused("replaced") where a later version is already delivered; Deferred where another worker has another
    version, or the student. `new` has its future state, and the claim under which it is worked.
    """
    kept = corrections.kept_numbers(connection, {new.ssid})
    own = _as_version(new, kept)
    if own.student not in corrections.take_in_hand(connection, {own.student}):
        raise Deferred("another packet about the student is being delivered")
    versions = corrections.versions(connection, {own.student}, REPLACES_EARLIER)
    others = [one for one in versions if _key(one) == _key(own) and one.tracking != own.tracking]
    later = [one for one in others if one.tracking > own.tracking and one.state in _STANDING and _covers(one, own)]
    if later:
        raise Refused("replaced", hint=f"The later one is {later[-1].tracking}.")
    corrections.announce(connection, new)
    earlier = _at_once([one for one in others if one.tracking < own.tracking and _covers(own, one)])
    return new._replace(replaces=_withdraw_earlier(services, connection, new, earlier))


def _at_once(earlier: Sequence[Version]) -> list[str]:
    """The earlier versions that this transaction withdraws: all that are visible to a receiver, and the newest others.
    The rest are refused when they are worked, because a later version is delivered by then."""
    seen = {one.tracking for one in earlier if one.state in _STANDING}
    others = [one.tracking for one in earlier if one.tracking not in seen][-_AT_ONCE:]
    return sorted(seen.union(others))


def _withdraw_earlier(services: Services, connection: Writing, new: PacketRow, earlier: Sequence[str]) -> str:
    """Withdraw the earlier versions where possible. Returns the one that is replaced: the newest that its receiver has,
    else the newest; '' for none."""
    refused = Refused("replaced", hint=f"The later one is {new.tracking}.")
    had: PacketRow | None = None
    for tracking in earlier:
        row = corrections.locked(connection, tracking, waits=False)
        is_taken = (
            row is not None
            and row.state in withdraw.ON_THE_WAY
            and withdraw.refuse(services, connection, row, refused, new, _WHY)
        )
        if row is not None and row.state is not State.REFUSED and not is_taken:
            had = row
    if had is None:
        return earlier[-1] if earlier else ""
    at = services.clock().timestamp()
    disclosures.add(connection, [withdraw.line_of(had, Action.CORRECT_RECORD, _WHY, at)])
    return had.tracking


_WHY = "a later one took its place"


def _key(one: Version) -> _Key:
    """The key that versions of one document share. A type that follows the student is one document for all receivers;
    a type that its sender addresses is one for each receiver."""
    return (one.student, one.origin, one.type, "" if handler_of(one.type).follows_student else one.receiver)


def _covers(later: Version, earlier: Version) -> bool:
    """Whether the later version has all that the earlier one is about: a table of one part of a record has that part
    alone."""
    part = table_ids.part_of(later.document)
    return not part or part == table_ids.part_of(earlier.document)


def _as_version(row: PacketRow, kept: Mapping[str, str]) -> Version:
    to = row.receiver or row.addressed_to
    return Version(row.tracking, row.origin, row.type, kept.get(row.ssid, row.ssid), to, row.state, row.packet_id)
