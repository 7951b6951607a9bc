"""Who may send what to whom, and where a packet goes.

Owns the routing decision over facts that others looked up. Promises: no I/O; deny by default: a receiver that is not
a party, or a kind of party that the packet type does not name, is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.core.errors import Refused
from broker.core.model import HeldFor, LeaId, PartyKind


@dataclass(frozen=True, slots=True)
class Location:
    """A span for which an LEA has the student enrolled; `exit_date` is '' while open. Dates are ISO 8601."""

    lea: LeaId
    entry_date: str
    exit_date: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the decision needs; `addressee_kind` and `is_receivable` are asked for the receiver in question."""

    sender: LeaId
    addressed_to: LeaId | None
    identity: str  # match | review | '' where the type needs no student
    locations: Sequence[Location]
    today: str
    is_blocked: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """The packet waits."""

    why: HeldFor


def enrolled_at(locations: Sequence[Location], sender: LeaId, today: str) -> LeaId | None:
    """The LEA, other than the sender, that the student entered last and has not left; None where there is none."""
    current = [spot for spot in locations if spot.lea != sender and (not spot.exit_date or spot.exit_date > today)]
    entered = max((spot.entry_date for spot in locations if spot.lea == sender), default="")
    later = [spot for spot in current if spot.entry_date >= entered]
    return max(later, key=lambda spot: spot.entry_date).lea if later else None


def destination(facts: Facts) -> LeaId | Hold:
    """The receiver, or what the packet has to wait for."""
    if facts.is_blocked:
        return Hold(HeldFor.BLOCKED)
    if facts.identity == "review":
        return Hold(HeldFor.REVIEW)
    if facts.addressed_to:
        return facts.addressed_to
    found = enrolled_at(facts.locations, facts.sender, facts.today)
    return found if found else Hold(HeldFor.ENROLLMENT)


def check_sender(kind: PartyKind, senders: frozenset[PartyKind]) -> None:
    """Raises Refused("not-allowed") when this kind of party may not send the packet type."""
    if kind not in senders:
        raise Refused("not-allowed", "/packet")


def check_receiver(sender: LeaId, receiver: LeaId, kind: PartyKind | None, receivers: frozenset[PartyKind]) -> None:
    """Raises Refused: "unknown-receiver" for no party (`kind` None), "not-allowed" for a kind that is not named."""
    if kind is None:
        raise Refused("unknown-receiver", "/to")
    if kind not in receivers or sender == receiver:
        raise Refused("not-allowed", "/to")
