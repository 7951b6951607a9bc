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

    def is_open(self, today: str) -> bool:
        """Whether the student has not left by `today`."""
        return not self.is_void and (not self.exit_date or self.exit_date > today)

    @property
    def is_void(self) -> bool:
        """Whether it was taken back: a location that is left on the day it was entered never was."""
        return bool(self.exit_date) and self.exit_date <= self.entry_date


@dataclass(frozen=True, slots=True)
class Facts:
    """What the decision needs; `addressed_to` is the document's `to`, `locations` in the order of entry."""

    sender: LeaId
    addressed_to: LeaId | None
    identity: str  # match | review | '' where the type needs no student
    locations: Sequence[Location]
    today: str
    is_blocked: bool = False
    follows_student: bool = True  # a transcript goes where the student asks, and not where the student is


@dataclass(frozen=True, slots=True)
class Hold:
    """The packet waits."""

    why: HeldFor


def here(locations: Sequence[Location], today: str) -> LeaId | None:
    """The LEA that the student entered last and has not left; of two on one day the one reported later. None where
    the student is nowhere. `locations` in the order of entry."""
    current = [spot for spot in locations if spot.is_open(today)]
    newest = max((spot.entry_date for spot in current), default="")
    return next((spot.lea for spot in reversed(current) if spot.entry_date == newest), None)


def enrolled_at(locations: Sequence[Location], sender: LeaId, today: str) -> LeaId | None:
    """Where a record of `sender` goes: the LEA where the student is, unless that is the sender."""
    found = here(locations, today)
    return found if found != sender else None


def destination(facts: Facts) -> LeaId | Hold:
    """The receiver, or what the packet has to wait for.

    A `to` does not lead a record past the student's enrollment (FERPA 34 CFR 99.31(a)(2): to a school where the student
    enrolls): where the two differ, the record waits until they agree.
    """
    if facts.is_blocked:
        return Hold(HeldFor.BLOCKED)
    if facts.identity == "review":
        return Hold(HeldFor.REVIEW)
    if facts.addressed_to and not (facts.identity and facts.follows_student):
        return facts.addressed_to
    found = enrolled_at(facts.locations, facts.sender, facts.today)
    is_right = found and facts.addressed_to in (None, found)
    return found if found and is_right else Hold(HeldFor.ENROLLMENT)


def check_had_student(locations: Sequence[Location], sender: LeaId) -> None:
    """Raises Refused("not-your-student") where the student never was at the sender's."""
    if not any(spot.lea == sender and not spot.is_void for spot in locations):
        raise Refused("not-your-student", "/student")


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
