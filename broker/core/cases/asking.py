"""Which LEAs are asked for a child's record: the transfer cases that there should be (Utah 53A-11-504).

Owns the difference between the cases that stand and the cases that should stand. Promises: pure; the result depends on
the child's stays and on whose record has come, and not on how the stays were reported: a second move, a return, a
mistaken entry taken back, a merge, several stays in one packet need no rule of their own. The LEA where the child is
(`here`) asks

- every other LEA where the child's stay was still open when the child came, or that the child left last;
- every earlier LEA whose record has not moved on, because no LEA in between was given it.

A dual entry by itself asks no LEA (R277-419-5: the child has not left). An LEA that has the child may ask the others by
a request (53A-1-413); its cases then stand for as long as it has the child.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from broker.core.model import LeaId
from broker.core.stays import Account, Location
from broker.core.transfer import LIVE, Case, Reason, TransferState

# Reports ended these cases, so another report can give them their ground again.
_REVOCABLE = frozenset(Reason) - {Reason.BY_STATE}
# When a case ends for one of these reasons without an answer, the child's next LEA asks the same source.
_UNMET = frozenset({Reason.MOVED_ON, Reason.LEFT})
_NEVER = "9999-12-31"
_MET = frozenset({TransferState.ANSWERED, TransferState.CLOSED})


@dataclass(frozen=True, slots=True)
class Cancel:
    """A case that has lost its ground."""

    id: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Open:
    """A case to open. `follows` is the case that it takes the place of; `is_revived` says that it is the same case
    again, because the reason that ended it proved false: its clock goes on. `military`: 53A-1-1001, art. IV."""

    source: LeaId
    destination: LeaId
    entered_on: str
    military: bool
    reported_on: str = ""
    follows: int | None = None
    is_revived: bool = False


@dataclass(frozen=True, slots=True)
class Correct:
    """A case that goes on, with what is now known about its stay."""

    id: int
    entered_on: str
    military: bool
    reported_on: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes to one child's cases."""

    cancels: tuple[Cancel, ...] = ()
    corrects: tuple[Correct, ...] = ()
    opens: tuple[Open, ...] = ()


def plan(account: Account, cases: Sequence[Case], *, asker: LeaId | None = None, dual_asks: bool = False) -> Plan:
    """The changes that make one child's cases what they should be. `cases` are all of them, oldest first.

    `asker` is an LEA that asks by a request. Where the child is, it asks every other LEA that has or had the child and
    has not answered it; beside that, with a dual entry, those that have the child and the last that had it. `dual_asks`
    says that LEAs with a dual enrollment ask without a request, too.
    """
    duals = account.holders - {account.here} if dual_asks else frozenset()
    wanted = _wanted(account, cases, asker) if account.here else []
    cancels = [
        Cancel(case.id, reason)
        for case in cases
        if case.state in LIVE and (reason := _lost_ground(case, account, wanted, duals)) is not None
    ]
    gone = {one.id: one.reason for one in cancels}
    live = [case for case in cases if case.state in LIVE and case.id not in gone]
    for case in _doubles(live, _since(account)):
        cancels.append(Cancel(case.id, Reason.MERGED))
        gone[case.id] = Reason.MERGED
    opens: list[Open] = []
    corrects: list[Correct] = []
    if account.here:
        run = account.runs[-1]
        now = (run[0].entry_date, _is_military(run), run[0].reported_on)
        mine = [case for case in live if case.id not in gone and case.destination == account.here]
        corrects = [
            Correct(case.id, *now) for case in mine if (case.entered_on, case.military, case.reported_on) != now
        ]
        opens += _missing(wanted, account, run, cases, gone)
    for lea in sorted(duals | ({asker} & (account.holders - {account.here}) if asker else set())):
        stay = next(one for one in reversed(account.counting) if one.dual and one.lea == lea)
        opens += _missing(_asked_beside(account, lea), account, (stay,), cases, gone)
    return Plan(tuple(cancels), tuple(corrects), tuple(opens))


def _lost_ground(case: Case, account: Account, wanted: Sequence[LeaId], duals: Collection[LeaId]) -> Reason | None:
    """Why a live case ends; None where it stands. For the LEA where the child is, the exchange asks. Where an LEA has
    the child and has asked by itself, its case stands as long as it has the child."""
    is_here, is_had = case.destination == account.here, case.source in account.had
    is_asked = case.by_request or case.destination in duals
    if is_had and is_asked and case.destination in account.holders:
        return None
    if is_had and is_here:
        return None if case.source in wanted else Reason.NOT_NEEDED
    return _why(case, account)


def _is_military(run: Sequence[Location]) -> bool:
    return any(one.military for one in run)


def _since(account: Account) -> str:
    return account.runs[-1][0].entry_date if account.here else ""


def _doubles(live: Sequence[Case], entered_on: str) -> Iterator[Case]:
    """The surplus live cases. Among cases with the same source and destination, the case of this arrival stays, or else
    the oldest."""
    kept: set[tuple[LeaId, LeaId]] = set()
    for case in sorted(live, key=lambda case: (case.entered_on != entered_on, case.id)):
        ends = (case.source, case.destination)
        if ends in kept:
            yield case
        kept.add(ends)


def _why(case: Case, account: Account) -> Reason:
    if case.source not in account.had or not account.has_reported(case.destination):
        return Reason.UNDONE
    if not account.has_since(case.destination, case.entered_on):
        return Reason.WITHDRAWN
    if account.here is None:
        return Reason.LEFT
    return Reason.RETURNED if account.here == case.source else Reason.MOVED_ON


# which LEAs are asked


def _wanted(account: Account, cases: Sequence[Case], asker: LeaId | None) -> list[LeaId]:
    """The LEAs that the LEA where the child is should ask, in the order in which they had the child."""
    here, run = account.runs[-1][0].lea, account.runs[-1]
    since = run[0].entry_date
    earlier = [one for past in account.runs[:-1] for one in past]
    beside = [one for one in account.counting if one.dual and (one.entry_date <= since or asker == here)]
    others = sorted((one for one in (*earlier, *beside) if one.lea != here), key=lambda one: one.entry_date)
    by_lea: dict[LeaId, list[Location]] = {}
    for one in others:
        by_lea.setdefault(one.lea, []).append(one)
    last = _left_last(account, others)
    # both stays were reported to an earlier program, which did not ask: the exchange does not ask by itself, either
    asked = {case.source for case in cases if case.destination == here}
    is_news = asker == here or not run[0].is_old
    return [
        lea
        for lea, own in by_lea.items()
        if (is_news or lea in asked or not own[-1].is_old)
        and (lea == last or any(one.goes_on(since) for one in own) or not _has_moved_on(account, own[-1], cases))
    ]


def _left_last(account: Account, others: Sequence[Location]) -> LeaId | None:
    """The LEA of these stays that had the child last, by when its stay ended or was superseded."""
    if not others:
        return None
    return max(reversed(others), key=lambda one: (account.end_of(one) or _NEVER, one.entry_date)).lea


def _has_moved_on(account: Account, last: Location, cases: Sequence[Case]) -> bool:
    """Whether an LEA between this last stay of an LEA and the child's current stay was given that LEA's record."""
    own = [number for number, run in enumerate(account.runs) if run[0].lea == last.lea]
    for number, run in enumerate(account.runs[:-1]):
        if number <= max(own, default=-1) or run[0].entry_date < last.entry_date:
            continue
        mine = [case for case in cases if case.source == last.lea and _run_of(account, case) == number]
        if any(case.state in _MET or case.reason == Reason.BY_STATE for case in mine):
            return True
        if not mine and last.is_old and run[0].is_old:  # at that time, asking was not this exchange's task
            return True
    return False


def _run_of(account: Account, case: Case) -> int | None:
    """The index in `account.runs` of the stay at the destination that a case is for; None where no stay fits. The first
    day that the case names may have been corrected since, so this is the first stay that had not ended by that day."""
    begins = [run[0].entry_date for run in account.runs]
    ends = [*begins[1:], _NEVER]
    there = [
        number
        for number, run in enumerate(account.runs)
        if run[0].lea == case.destination and (case.entered_on < ends[number] or case.entered_on <= begins[number])
    ]
    return there[0] if there else None


def _asked_beside(account: Account, asker: LeaId) -> list[LeaId]:
    """The LEAs that an LEA with a dual stay may ask: those that have the child, and the last that had it."""
    before = {run[0].lea for run in account.runs[-1:]}
    return sorted((account.holders | before) - {asker})


def _missing(
    wanted: Sequence[LeaId], account: Account, run: Sequence[Location], cases: Sequence[Case], gone: dict[int, Reason]
) -> Iterator[Open]:
    """The cases to open: one for each wanted source that no case names for this stay at the LEA."""
    destination, known = run[0].lea, (run[0].entry_date, _is_military(run), run[0].reported_on)
    for source in wanted:
        ends = [case for case in cases if (case.source, case.destination) == (source, destination)]
        mine = [case for case in ends if _is_of(account, case, run)]
        if any(_counts(case, gone) for case in mine) or any(
            case.state in LIVE and case.id not in gone for case in ends
        ):
            continue
        if mine:  # the reason that ended it proved false
            yield Open(source, destination, *known, mine[-1].id, is_revived=True)
            continue
        yield Open(source, destination, *known, _left_over(source, cases, gone))


def _is_of(account: Account, case: Case, run: Sequence[Location]) -> bool:
    """Whether a case with this destination is for this stay there."""
    number = None if run[0].dual else _run_of(account, case)
    return case.entered_on >= run[0].entry_date if number is None else account.runs[number] == tuple(run)


def _counts(case: Case, gone: dict[int, Reason]) -> bool:
    """Whether this case stands, or has had its answer."""
    reason = gone.get(case.id, case.reason if case.state is TransferState.CANCELLED else "")
    return reason not in _REVOCABLE


def _left_over(source: LeaId, cases: Sequence[Case], gone: dict[int, Reason]) -> int | None:
    """The newest unanswered case of this source for another LEA, where no case follows it yet."""
    followed = {case.follows for case in cases}
    for case in reversed(cases):
        reason = gone.get(case.id, case.reason if case.state is TransferState.CANCELLED else "")
        if case.source == source and reason in _UNMET and case.id not in followed:
            return case.id
    return None
