"""What follows when something of a child has changed: what is done about each of its transfer cases.

Owns the whole answer: which cases end, change, are held, go on and begin (by `asking`), whether the state is told, who
is asked, which letters go to whom, and where the record store sends what it holds. Promises: pure; the steps stand in
the order in which they are to be carried out, and nothing else is to be decided on the way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from broker.core.cases.asking import Cancel, Correct, Open, plan
from broker.core.model import LeaId
from broker.core.stays import Account
from broker.core.transfer import LIVE, Case, TransferState

# what letters tell of, besides why a case has ended
HELD, REQUESTED, RESUMED, ON_ITS_WAY = "held", "requested", "resumed", "on-its-way"


@dataclass(frozen=True, slots=True)
class Coming:
    """A record that is on its way: who has sent it, and to whom by name, '' for nobody."""

    source: str
    addressed_to: str


@dataclass(frozen=True, slots=True)
class Situation:
    """All that is known of one child when its cases are looked at. `cases` are all of them, oldest first; `asker` is an
    LEA that asks by a request, and `dual_asks` as for `asking.plan`."""

    account: Account
    cases: Sequence[Case]
    is_flagged: bool
    coming: Sequence[Coming] = ()
    asker: LeaId | None = None
    dual_asks: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A live case that the state holds now."""

    id: int


@dataclass(frozen=True, slots=True)
class Resume:
    """A case that the state holds no more."""

    id: int


@dataclass(frozen=True, slots=True)
class Begin:
    """A case there is from now on; one that `is_blocked` is held by the state from its first day."""

    new: Open
    is_blocked: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """An LEA is told that this happened to the case."""

    lea: LeaId
    event: str


@dataclass(frozen=True, slots=True)
class Step:
    """One case is changed. Then, in this order: the source is asked for its record (`asks`), the state is told
    (`alerts`), the `letters` are written, and what the record store holds goes to the destination (`forwards`)."""

    change: Cancel | Correct | Block | Resume | Begin
    asks: bool = False
    alerts: bool = False
    letters: tuple[Letter, ...] = ()
    forwards: bool = False


def follows(known: Situation) -> tuple[Step, ...]:
    """What is to be done so that the child's cases are what they should be; nothing where they are."""
    planned = plan(known.account, known.cases, asker=known.asker, dual_asks=known.dual_asks)
    cases = {case.id: case for case in known.cases}
    gone = {one.id for one in planned.cancels}
    standing = [case for case in known.cases if case.id not in gone]
    return (
        *(Step(one, letters=_ended(cases[one.id], one)) for one in planned.cancels),
        *(Step(one) for one in planned.corrects),
        *(_held(standing) if known.is_flagged else _gone_on(known, standing)),
        *(_begun(known, one) for one in planned.opens),
    )


def is_coming(coming: Sequence[Coming], source: str, destination: str) -> bool:
    """Whether the source's record is on its way, and not to another LEA by name: then it need not be asked."""
    return any(one.source == source and one.addressed_to in ("", destination) for one in coming)


def _ended(case: Case, cancel: Cancel) -> tuple[Letter, ...]:
    told = (case.destination, case.source) if case.is_asked else (case.destination,)  # else it need not hear of it
    return tuple(Letter(lea, cancel.reason) for lea in told)


def _held(standing: Sequence[Case]) -> Iterator[Step]:
    for case in standing:
        if case.state in LIVE - {TransferState.BLOCKED}:
            yield Step(Block(case.id), alerts=True, letters=(Letter(case.destination, HELD),))


def _gone_on(known: Situation, standing: Sequence[Case]) -> Iterator[Step]:
    for case in standing:
        if case.state is TransferState.BLOCKED:
            yield _going(known, Resume(case.id), case.source, case.destination, RESUMED)


def _begun(known: Situation, new: Open) -> Step:
    change = Begin(new, known.is_flagged)
    if known.is_flagged:
        return Step(change, alerts=True, letters=(Letter(new.destination, HELD),))
    return _going(known, change, new.source, new.destination, REQUESTED)


def _going(known: Situation, change: Resume | Begin, source: LeaId, destination: LeaId, event: str) -> Step:
    """The destination gets what the record store holds, at once (Utah 53A-1-413)."""
    asks = not is_coming(known.coming, source, destination)
    return Step(change, asks=asks, letters=(Letter(destination, event if asks else ON_ITS_WAY),), forwards=True)
