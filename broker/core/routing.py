"""Who may send what to whom, and where a packet goes.

Owns the routing decision over facts that others looked up; `broker.core.stays` says where the child is. Promises: no
I/O; deny by default: a receiver that is not a party, or a kind of party that the packet type does not name, is refused.
"""

from collections.abc import Collection
from dataclasses import dataclass

from broker.core.errors import Refused
from broker.core.model import HeldFor, LeaId, PacketType, PartyKind
from broker.core.stays import Account


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts for the decision. `addressed_to` is the document's `to`; `account` is None where the type needs no
    student; `awaited_by` holds the LEAs whose transfer cases wait for the sender's record of this student."""

    sender: LeaId
    addressed_to: LeaId | None
    identity: str  # match | review | '' where the type needs no student
    account: Account | None
    awaited_by: Collection[LeaId] = ()
    is_blocked: bool = False
    follows_student: bool = True  # False for a transcript: it goes where the student asks, not where the student is


@dataclass(frozen=True, slots=True)
class Travels:
    """How packets about a student find their receivers, by type, as the handlers declare it: what is in `follow` goes
    where the student is; what is in `kept` stays in the record store, and parts of it go on from there; what is in
    `addressed` goes where its sender addresses it."""

    follow: frozenset[PacketType]
    kept: frozenset[PacketType]
    addressed: frozenset[PacketType]


@dataclass(frozen=True, slots=True)
class Hold:
    """The packet waits, and for what."""

    why: HeldFor


def enrolled_at(
    account: Account, sender: LeaId, addressed_to: LeaId | None = None, awaited_by: Collection[LeaId] = ()
) -> LeaId | None:
    """The LEA that gets a record of `sender`: the LEA where the student is; None where the record has to wait.

    A `to` cannot lead a record to an LEA that does not have the student. Several LEAs have a student with a dual
    enrollment: the record goes to the one that it is addressed to; without a `to`, it goes where the student is, unless
    only another one waits for it.
    """
    others = account.holders - {sender}
    if addressed_to:
        return addressed_to if addressed_to in others else None
    waiting = [lea for lea in sorted(others) if lea in awaited_by]
    if account.here in others and (account.here in waiting or not waiting):
        return account.here
    return waiting[0] if waiting else None


def destination(facts: Facts) -> LeaId | Hold:
    """The receiver, or what the packet has to wait for.

    A record goes only to a school where the student enrolls (FERPA 34 CFR 99.31(a)(2)): where its `to` and the
    enrollment differ, it waits until they agree.
    """
    if facts.is_blocked:
        return Hold(HeldFor.BLOCKED)
    if facts.identity == "review":
        return Hold(HeldFor.REVIEW)
    if facts.addressed_to and not (facts.identity and facts.follows_student):
        return facts.addressed_to
    if facts.account is None:
        return Hold(HeldFor.ENROLLMENT)
    found = enrolled_at(facts.account, facts.sender, facts.addressed_to, facts.awaited_by)
    return found or Hold(HeldFor.ENROLLMENT)


def check_had_student(account: Account, sender: LeaId) -> None:
    """Raises Refused("not-your-student") where the sender never had the student."""
    if sender not in account.had:
        raise Refused("not-your-student", "/student")


def check_sender(kind: PartyKind, senders: frozenset[PartyKind]) -> None:
    """Raises Refused("not-allowed") when this kind of party may not send the packet type."""
    if kind not in senders:
        raise Refused("not-allowed", "/packet")


def check_receiver(sender: LeaId, receiver: LeaId, kind: PartyKind | None, receivers: frozenset[PartyKind]) -> None:
    """Raises Refused: "unknown-receiver" where `kind` is None (the receiver is no party), "not-allowed" for a kind that
    the packet type does not name, or where sender and receiver are the same."""
    if kind is None:
        raise Refused("unknown-receiver", "/to")
    if kind not in receivers or sender == receiver:
        raise Refused("not-allowed", "/to")
