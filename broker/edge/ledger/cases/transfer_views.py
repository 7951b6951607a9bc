"""Transfer queries for people, for the nightly digest and for the state's report.

Owns the queries over many cases, and the record of which LEA got its digest on which day. Promises: every list is read
a page at a time, in the order of case numbers; no student's name. Only `overdue_now` and `tell` write.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, func, insert, or_, select, update

from broker.core.model import LeaId, PacketType, State
from broker.core.report import OWED
from broker.core.transfer import LIVE, TransferState
from broker.edge.ledger.cases.transfers import TransferRow, in_states
from broker.edge.ledger.counted import counted
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.numbers import comparable
from broker.edge.ledger.tables import acknowledgements, packet_ids, packets, transfer_events, transfers

PAGE = 200
MEMORY_DAYS = 100  # longer than a summer without school days
_ROW = [transfers.c[name] for name in TransferRow.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which cases: in these states; of one LEA (at either end) where given; overdue on this ISO date where given."""

    states: frozenset[TransferState]
    lea: str = ""
    overdue_on: str = ""


def page(connection: Reading, choice: Choice, after: int = 0, limit: int = PAGE) -> list[TransferRow]:
    """The next of the chosen cases after this number."""
    return _page(connection, _chosen(choice), after, limit)


def count(connection: Reading, choice: Choice) -> int:
    """How many cases are chosen, at most 1,001."""
    return counted(connection, select(transfers.c.id).where(*_chosen(choice)))


def _chosen(choice: Choice) -> list[ColumnElement[bool]]:
    case = transfers.c
    wanted: list[ColumnElement[bool]] = [in_states(choice.states)]
    if choice.lea:
        wanted.append(or_(case.source == choice.lea, case.destination == choice.lea))
    if choice.overdue_on:
        wanted += [in_states(OWED), case.due_on != "", case.due_on < choice.overdue_on]
    return wanted


def opened(connection: Reading, since: float, before: float, after: int = 0, limit: int = PAGE) -> list[TransferRow]:
    """The next cases, after this number, opened from `since` to just `before` (seconds since the epoch)."""
    when = transfers.c.opened_at
    return _page(connection, [when >= since, when < before], after, limit)


def reported(connection: Reading, first: float, before: float, after: int = 0, limit: int = PAGE) -> list[TransferRow]:
    """The next cases, after this number, of a report on these times: requested or opened from `first` to just `before`,
    or still open."""
    case = transfers.c
    within = [(when >= first) & (when < before) for when in (case.requested_at, case.opened_at)]
    return _page(connection, [or_(*within, case.state.in_(sorted(LIVE)))], after, limit)


def _page(connection: Reading, wanted: Iterable[ColumnElement[bool]], after: int, limit: int) -> list[TransferRow]:
    query = select(*_ROW).where(transfers.c.id > comparable(after), *wanted).order_by(transfers.c.id).limit(limit)
    return [_row(values) for values in connection.execute(query)]


def _row(values: Any) -> TransferRow:
    return replace(TransferRow(*values), state=TransferState(values.state))


def locked(connection: Writing, number: int) -> TransferRow | None:
    """One case, locked to the end of this transaction; None where there is none."""
    found = connection.execute(select(*_ROW).where(transfers.c.id == comparable(number)).with_for_update()).first()
    return _row(found) if found else None


def unacknowledged(connection: Reading, lea: str, first: float, before: float, kinds: Collection[PacketType]) -> int:
    """How many packets of these types the LEA collected in these times but neither acknowledged nor rejected."""
    said = exists().where(acknowledgements.c.tracking == packets.c.tracking, acknowledgements.c.party == lea)
    found = select(func.count()).where(
        packets.c.receiver == lea,
        packets.c.state == State.COLLECTED,
        packets.c.type.in_(sorted(kinds)),
        packets.c.updated_at >= first,
        packets.c.updated_at < before,
        ~said,
    )
    return connection.execute(found).scalar_one()


def _digest_id(lea: str, day: date) -> str:
    """The document id of the digest of one day; it belongs to the exchange itself, so its origin is ''."""
    return f"transfers.{lea}.{day.isoformat()}"


def last_told(connection: Reading, lea: LeaId, until: date) -> date | None:
    """The latest day up to `until` on which the LEA got a digest; None where it got none in `MEMORY_DAYS` days."""
    days = {_digest_id(lea, day): day for day in (until - timedelta(days=n) for n in range(MEMORY_DAYS + 1))}
    # each id by itself: a database sorts texts by the rules of a language, so a prefix is not a range
    own = (packet_ids.c.origin == "") & packet_ids.c.packet_id.in_(list(days))
    return max((days[row[0]] for row in connection.execute(select(packet_ids.c.packet_id).where(own))), default=None)


def tell(connection: Writing, lea: LeaId, day: date, tracking: str) -> None:
    """Record that this notice is the LEA's digest of the day. For a second one the database raises an error."""
    row = {"origin": "", "packet_id": _digest_id(lea, day), "tracking": tracking, "digest": ""}
    connection.execute(insert(packet_ids), row)


def overdue_now(connection: Writing, floors: Mapping[int, float], at: float) -> None:
    """Record that these cases are reported as overdue, where this was not recorded before and the record is still owed.

    `floors` has, for each case, the end of its last day in time: an entry recorded before that was about an earlier
    deadline.
    """
    case = transfers.c
    first = case.overdue_at.is_(None) | (case.overdue_at < bindparam("floor"))
    mine = (case.id == bindparam("number")) & case.state.in_(sorted(OWED)) & first
    change = update(transfers).where(mine).values(overdue_at=at).returning(case.state)
    for number, floor in sorted(floors.items()):
        state = connection.execute(change, {"number": number, "floor": floor}).scalar()
        if state is not None:
            step = {"transfer": number, "at": at, "before": state, "after": state, "why": "overdue", "tracking": ""}
            connection.execute(insert(transfer_events), step)
