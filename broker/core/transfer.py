"""The transfer case: A's record follows a student who enrolls at B.

Owns its states, the legal moves between them, and which cases there should be. Promises: pure, and the same facts give
the same plan however they came about, so that a second move, a return, a withdrawn enrollment, a merge and a decision
taken back need no rule of their own. A case goes from an LEA that the student was at to the LEA where the student is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from broker.core.model import LeaId
from broker.core.routing import Location, here


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
    BY_STATE = "by-state"


# Cases that ended so without an answer: where the student comes to be later, their source is asked again.
_UNMET = frozenset({Reason.MOVED_ON, Reason.LEFT})
# Cases that ended so are open again where the student turns out never to have left their destination.
_REVIVED = frozenset({Reason.MOVED_ON, Reason.LEFT, Reason.RETURNED, Reason.MERGED})
# Cases that ended so do not count as the case of an arrival.
_REVOCABLE = frozenset({Reason.MOVED_ON, Reason.LEFT, Reason.WITHDRAWN, Reason.RETURNED, Reason.UNDONE, Reason.MERGED})


@dataclass(frozen=True, slots=True)
class Case:
    """One case as the plan sees it; `follows` is the case that it took the place of, None for none."""

    id: int
    source: LeaId
    destination: LeaId
    state: TransferState
    reason: str
    entered_on: str
    follows: int | None


@dataclass(frozen=True, slots=True)
class Open:
    """A case there should be. `follows` as in `Case`."""

    source: LeaId
    destination: LeaId
    entered_on: str
    follows: int | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """A case that has lost its ground."""

    id: int
    reason: Reason


def plan(
    spots: Sequence[Location], cases: Sequence[Case], today: str, *, arrived: bool
) -> tuple[tuple[Cancel, ...], tuple[Open, ...]]:
    """What to cancel and what to open. `spots` in the order of entry, all of one student; `today` an ISO date.

    `arrived` says that the student's newest location was entered just now: only then is an LEA asked that no case names
    yet, for what was before this exchange knew of transfers is nobody's to ask for.
    """
    now_at = here(spots, today)
    had = {spot.lea for spot in spots if not spot.is_void}
    cancelled = tuple(
        Cancel(case.id, _why(case, spots, now_at))
        for case in cases
        if case.state in LIVE and (case.destination != now_at or case.source not in had)
    )
    if now_at is None:
        return cancelled, ()
    entered_on = _arrival(spots, now_at, today)
    gone = {one.id for one in cancelled}
    cancelled += tuple(_doubles([case for case in cases if case.state in LIVE and case.id not in gone], entered_on))
    reasons = {one.id: one.reason for one in cancelled}
    followed = {case.follows for case in cases if case.follows is not None}
    known = {case.source for case in cases if case.destination == now_at and _counts(case, entered_on)}
    wanted: dict[LeaId, int | None] = {}
    for case in cases:
        reason = reasons.get(case.id, case.reason if case.state is TransferState.CANCELLED else "")
        is_unmet = reason in _UNMET and case.id not in followed and (case.id in reasons or arrived)
        # what took the student away was itself taken back: the very stay that the case is of goes on
        is_revived = reason in _REVIVED and (case.destination, case.entered_on) == (now_at, entered_on)
        if (is_unmet or is_revived) and case.source in had - known - {now_at}:
            wanted[case.source] = case.id
    before = _before(spots, now_at, today) if arrived else None
    if before is not None and before not in known:
        wanted.setdefault(before, None)
    return cancelled, tuple(Open(source, now_at, entered_on, follows) for source, follows in wanted.items())


def _doubles(live: Sequence[Case], entered_on: str) -> Iterator[Cancel]:
    """All but one of the live cases from the same source: that of this arrival, or the oldest, stays."""
    kept: set[LeaId] = set()
    for case in sorted(live, key=lambda case: (case.entered_on != entered_on, case.id)):
        if case.source in kept:
            yield Cancel(case.id, Reason.MERGED)
        kept.add(case.source)


def _counts(case: Case, entered_on: str) -> bool:
    """Whether this case is the one of this arrival."""
    if case.state is TransferState.CANCELLED:
        return case.reason not in _REVOCABLE and case.entered_on == entered_on
    return case.state in LIVE or case.entered_on == entered_on


def _why(case: Case, spots: Sequence[Location], now_at: LeaId | None) -> Reason:
    there = [spot for spot in spots if spot.lea == case.destination]
    if not there or not any(spot.lea == case.source and not spot.is_void for spot in spots):
        return Reason.UNDONE
    if all(spot.is_void for spot in there if spot.entry_date >= case.entered_on):
        return Reason.WITHDRAWN
    if now_at is None:
        return Reason.LEFT
    return Reason.RETURNED if now_at == case.source else Reason.MOVED_ON


def _run(spots: Sequence[Location], now_at: LeaId, today: str) -> tuple[list[Location], list[Location]]:
    """The locations before the student's stay at `now_at`, and those of it (an LEA may renew it each year)."""
    valid = [spot for spot in spots if not spot.is_void]
    end = max(n for n, spot in enumerate(valid) if spot.lea == now_at and spot.is_open(today))
    begin = end
    while begin and valid[begin - 1].lea == now_at:
        begin -= 1
    return valid[:begin], valid[begin : end + 1]


def _arrival(spots: Sequence[Location], now_at: LeaId, today: str) -> str:
    return _run(spots, now_at, today)[1][0].entry_date


def _before(spots: Sequence[Location], now_at: LeaId, today: str) -> LeaId | None:
    """The LEA that the student comes from; None where this is no arrival but a stay renewed."""
    before, stay = _run(spots, now_at, today)
    return before[-1].lea if before and len(stay) == 1 else None


def is_legal(before: TransferState, after: TransferState) -> bool:
    """Whether a case may go from `before` to `after`."""
    return after in MOVES[before]
