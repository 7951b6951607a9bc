"""The transfer case: A's record follows a student who enrolls at B.

Owns its states, the legal moves between them, and why a case ends. A case goes from an LEA that had the student to the
LEA where the student is. `broker.core.cases.asking` says which cases there should be.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from broker.core.model import LeaId


class TransferState(StrEnum):
    """Where a case is."""

    REQUESTED = "requested"  # the source is to send its record
    BLOCKED = "blocked"  # held by the state (Utah 53A-11-504)
    REFUSED = "refused"  # the source says that it cannot
    ANSWERED = "answered"  # the record lies in the destination's inbox
    CLOSED = "closed"  # the destination has it
    CANCELLED = "cancelled"


MOVES: dict[TransferState, frozenset[TransferState]] = {
    TransferState.REQUESTED: frozenset(
        {TransferState.BLOCKED, TransferState.REFUSED, TransferState.ANSWERED, TransferState.CANCELLED}
    ),
    TransferState.BLOCKED: frozenset({TransferState.REQUESTED, TransferState.CANCELLED}),
    TransferState.REFUSED: frozenset(
        {TransferState.REQUESTED, TransferState.BLOCKED, TransferState.ANSWERED, TransferState.CANCELLED}
    ),
    # back to REQUESTED where the record was recalled, or its receiver cannot use it
    TransferState.ANSWERED: frozenset({TransferState.CLOSED, TransferState.REQUESTED, TransferState.CANCELLED}),
    TransferState.CLOSED: frozenset({TransferState.REQUESTED}),
    TransferState.CANCELLED: frozenset(),
}
BORN = frozenset({TransferState.REQUESTED, TransferState.BLOCKED})
LIVE = frozenset({TransferState.REQUESTED, TransferState.BLOCKED, TransferState.REFUSED})


class Reason(StrEnum):
    """Why a case was cancelled."""

    MOVED_ON = "moved-on"  # the student is at a third LEA now; a case to that LEA takes its place
    RETURNED = "returned"  # the student is at the source again
    LEFT = "left"  # the student has left the destination and is nowhere
    WITHDRAWN = "withdrawn"  # the enrollment at the destination was taken back
    UNDONE = "undone"  # another student, or never at the source: a decision, merge or entry was taken back
    MERGED = "merged"  # two numbers proved to be one student, and another case has the same ends
    NOT_NEEDED = "not-needed"  # the source's record has moved on, or its stay is dual: it need not be asked
    BY_STATE = "by-state"


@dataclass(frozen=True, slots=True)
class Case:
    """One case as the plan sees it. `entered_on` is the first day at the destination, an ISO date; `reported_on` is the
    day on which that was reported; `follows` is the case that it took the place of, None for none. `by_request`: the
    destination itself has asked for the record (53A-1-413); `is_asked`: the source was asked for it."""

    id: int
    source: LeaId
    destination: LeaId
    state: TransferState
    reason: str
    entered_on: str
    follows: int | None
    military: bool = False
    reported_on: str = ""
    by_request: bool = False
    is_asked: bool = False


def is_legal(before: TransferState, after: TransferState) -> bool:
    """Whether a case may go from `before` to `after`."""
    return after in MOVES[before]


REJECTED = "rejected"  # the reason begins so where the receiver cannot use the record


def stood(steps: Iterable[tuple[float, str, str]], *, rejected: bool) -> Iterator[tuple[float, float]]:
    """The spans (start, end; seconds since the epoch) in which the clock of a case stood: while the state held it and,
    with `rejected`, while a record that the receiver could not use lay with the receiver. A recall stops no clock.

    `steps` are the steps of the case, oldest first: when, the state after it, and why.
    """
    since: tuple[float, str] | None = None
    for at, after, why in steps:
        if after in (TransferState.BLOCKED, TransferState.ANSWERED):
            since = since or (at, after)
        elif after == TransferState.REQUESTED and since:
            was_held = since[1] == TransferState.BLOCKED
            if was_held or (rejected and why.startswith(REJECTED)):
                yield since[0], at
            since = None
