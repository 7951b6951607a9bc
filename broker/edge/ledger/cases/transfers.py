"""Transfer cases in the ledger.

Owns `transfers` and `transfer_events`. Promises: a case changes its state only as `broker.core.transfer` allows (the
database refuses anything else), with an event, in the caller's transaction. A student's cases are the cases under all
of the student's numbers. No student's name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, update

from broker.core.model import LeaId
from broker.core.transfer import LIVE, Case, TransferState
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.numbers import comparable
from broker.edge.ledger.people import registry
from broker.edge.ledger.tables import is_live, is_requested, students, transfer_events, transfers


@dataclass(frozen=True, slots=True)
class TransferRow:
    """One case. Times are seconds since the epoch or None. `entered_on` and `due_on` are ISO dates; `reported_on` is
    the ISO date on which the destination first reported its first day. `military` is 0 or 1; so is `by_request`, which
    is 1 where the destination itself asked for the record. `cause`, `request` and `answer` are tracking ids, '' where
    there is none. `id` is 0 for a case that is not entered yet."""

    ssid: str
    source: str
    destination: str
    entered_on: str
    opened_at: float
    cause: str
    state: TransferState
    follows: int | None = None
    military: int = 0
    reason: str = ""
    requested_at: float | None = None
    request: str = ""
    due_on: str = ""
    rule: str = ""
    answered_at: float | None = None
    answer: str = ""
    closed_at: float | None = None
    overdue_at: float | None = None
    reported_on: str = ""
    by_request: int = 0
    id: int = 0

    @property
    def case(self) -> Case:
        """The case as `broker.core.transfer` uses it."""
        source, destination = LeaId(self.source), LeaId(self.destination)
        ends = (self.id, source, destination, self.state, self.reason, self.entered_on, self.follows)
        return Case(
            *ends,
            military=bool(self.military),
            reported_on=self.reported_on,
            by_request=bool(self.by_request),
            is_asked=bool(self.request),
        )


@dataclass(frozen=True, slots=True)
class TransferEvent:
    """One step of a case; `tracking` is the packet that caused it, '' for none."""

    at: float
    before: str
    after: str
    why: str
    tracking: str


_FIELDS = tuple(TransferRow.__dataclass_fields__)
_ROW = [transfers.c[name] for name in _FIELDS]
_AT_ONCE = 500
_EVENT = [transfer_events.c[name] for name in TransferEvent.__dataclass_fields__]
_FIXED = ("id", "ssid", "source", "destination", "opened_at", "cause")


def _row(values: Any) -> TransferRow:
    return replace(TransferRow(*values), state=TransferState(values.state))


def get(connection: Reading, number: int) -> TransferRow | None:
    """One case, or None."""
    found = connection.execute(select(*_ROW).where(transfers.c.id == comparable(number))).first()
    return _row(found) if found else None


def about(connection: Reading, ssid: str) -> list[TransferRow]:
    """All cases of the student for whom this number stands, oldest first."""
    return under(connection, registry.numbers(connection, ssid))


def under(connection: Reading, numbers: Sequence[str]) -> list[TransferRow]:
    """All cases under these very numbers, oldest first; at most some hundreds at once."""
    query = select(*_ROW).where(transfers.c.ssid.in_(list(numbers))).order_by(transfers.c.id)
    return [_row(values) for values in connection.execute(query)]


def among(connection: Reading, ssids: Sequence[str]) -> list[TransferRow]:
    """The live cases of these students, under all of their numbers; each SSID given must be the one that stands."""
    if not ssids:
        return []
    whose = transfers.c.ssid.in_(registry.numbers_among(ssids))
    query = select(*_ROW).where(whose, transfers.c.state.in_(list(LIVE))).order_by(transfers.c.id)
    return [_row(values) for values in connection.execute(query)]


def with_cases(connection: Reading, ssids: Sequence[str]) -> list[str]:
    """Those of these students who have a live case; each by the number that stands for the student."""
    found: dict[str, None] = {}
    for start in range(0, len(ssids), _AT_ONCE):
        some = list(ssids[start : start + _AT_ONCE])
        kept = func.coalesce(func.nullif(students.c.merged_into, ""), students.c.ssid)
        named = select(kept).where(students.c.ssid.in_(some)).scalar_subquery()
        query = select(kept.label("kept")).join(transfers, transfers.c.ssid == students.c.ssid)
        mine = query.where(kept.in_(named), transfers.c.state.in_(list(LIVE))).distinct().order_by("kept")
        found |= {row.kept: None for row in connection.execute(mine)}
    return list(found)


def answered_by(connection: Reading, trackings: Sequence[str]) -> list[TransferRow]:
    """The cases that one of these packets answered."""
    query = select(*_ROW).where(transfers.c.answer.in_(list(trackings)), transfers.c.answer != "")
    return [_row(values) for values in connection.execute(query.order_by(transfers.c.id))]


def asked_by(connection: Reading, tracking: str) -> TransferRow | None:
    """The case for which this packet is the request notice."""
    found = connection.execute(select(*_ROW).where(transfers.c.request == tracking, is_requested)).first()
    return _row(found) if found and tracking else None


def listing(
    connection: Reading, states: Iterable[TransferState] = LIVE, lea: str = "", limit: int | None = None
) -> list[TransferRow]:
    """Cases in these states, of one LEA (at either end) where given, oldest first."""
    query = select(*_ROW).where(in_states(states)).order_by(transfers.c.id)
    if lea:
        query = query.where((transfers.c.source == lea) | (transfers.c.destination == lea))
    return [_row(values) for values in connection.execute(query.limit(limit) if limit else query)]


def in_states(states: Iterable[TransferState]) -> ColumnElement[bool]:
    """Whether a case is in one of these states; where all of them are live, only live cases are read."""
    chosen = set(states)
    is_chosen = transfers.c.state.in_(sorted(chosen))
    return is_chosen & is_live if chosen <= LIVE else is_chosen


def events_of(connection: Reading, number: int) -> list[TransferEvent]:
    """The steps of a case, oldest first."""
    query = select(*_EVENT).where(transfer_events.c.transfer == comparable(number)).order_by(transfer_events.c.seq)
    return [TransferEvent(*values) for values in connection.execute(query)]


def steps_of(connection: Reading, row: TransferRow) -> list[tuple[float, str, str]]:
    """The steps of a case as (time, new state, why), oldest first. A case that was opened again, because what had ended
    it was undone, includes the steps of the earlier case."""
    before: list[tuple[float, str, str]] = []
    earlier = get(connection, row.follows) if row.follows is not None else None
    if earlier is not None and (earlier.source, earlier.destination) == (row.source, row.destination):
        before = steps_of(connection, earlier)
    return before + [(one.at, one.after, one.why) for one in events_of(connection, row.id)]


def awaiting(connection: Reading, ssid: str, source: str) -> list[LeaId]:
    """The LEAs whose live cases wait for the student's record from this LEA."""
    mine = [row for row in about(connection, ssid) if row.source == source and row.state in LIVE]
    return [LeaId(row.destination) for row in mine]


def add(connection: Writing, row: TransferRow, at: float | None = None) -> TransferRow:
    """Enter a new case; returns the row with its number. `at` is the time now, where that is later than `opened_at`, in
    seconds since the epoch."""
    values = {name: value for name, value in asdict(row).items() if name != "id"}
    done = connection.execute(insert(transfers).returning(transfers.c.id), values)
    new = replace(row, id=done.scalar_one())
    _note(connection, new.id, row.opened_at if at is None else at, "", row.state, "", row.cause)
    return new


def change(connection: Writing, new: TransferRow, at: float, why: str = "", tracking: str = "") -> None:
    """Write the case; a new state, or a `why`, adds a step to its history."""
    before = connection.execute(select(transfers.c.state).where(transfers.c.id == new.id)).scalar_one()
    values = {name: value for name, value in asdict(new).items() if name not in _FIXED}
    connection.execute(update(transfers).where(transfers.c.id == new.id).values(values))
    if before != new.state or why:
        _note(connection, new.id, at, before, new.state, why, tracking)


def _note(connection: Writing, number: int, at: float, before: str, after: str, why: str, tracking: str) -> None:
    row = {"transfer": number, "at": at, "before": before, "after": after, "why": why, "tracking": tracking}
    connection.execute(insert(transfer_events), row)
