"""The transfer case: A's record follows a student who enrolls at B.

Owns its states, the legal moves between them, and why a case ends. A case goes from an LEA that the student was at to
the LEA where the student is. Which cases there should be is `broker.core.cases.asking`.
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
    # back where the record was recalled, or its receiver cannot use it
    TransferState.ANSWERED: frozenset({TransferState.CLOSED, TransferState.REQUESTED, TransferState.CANCELLED}),
    TransferState.CLOSED: frozenset({TransferState.REQUESTED}),
    TransferState.CANCELLED: frozenset(),
}
BORN = frozenset({TransferState.REQUESTED, TransferState.BLOCKED})
LIVE = frozenset({TransferState.REQUESTED, TransferState.BLOCKED, TransferState.REFUSED})


class Reason(StrEnum):
    """Why a case was cancelled."""

    MOVED_ON = "moved-on"  # the student is at a third LEA now; a case to that one takes its place
    RETURNED = "returned"  # the student is at the source again
    LEFT = "left"  # the student has left the destination and is nowhere
    WITHDRAWN = "withdrawn"  # the enrollment at the destination was taken back
    UNDONE = "undone"  # it was another student, or never at the source: a decision, a merge, an entry was taken back
    MERGED = "merged"  # two numbers became one student's, and another case has the same ends
    NOT_NEEDED = "not-needed"  # the source's record has moved on, or its stay is beside the other: it need not be asked
    BY_STATE = "by-state"


@dataclass(frozen=True, slots=True)
class Case:
    """One case as the plan sees it; `entered_on` is the first day at the destination, an ISO date, `reported_on` when
    that was told, `follows` the case that it took the place of, None for none. `by_request`: the
    destination has asked for the record itself (53A-1-413); `is_asked`: the source was asked for it."""

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


REJECTED = "rejected"  # how the reason of a case begins whose record its receiver cannot use


def stood(steps: Iterable[tuple[float, str, str]], *, rejected: bool) -> Iterator[tuple[float, float]]:
    """From when until when (seconds since the epoch) the clock of a case stood: while the state held it and, where
    `rejected` says so, while a record lay with its receiver that this one could not use. A recall stops no clock.

    `steps` are the case's own, oldest first: when, the state after it, and why.
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
