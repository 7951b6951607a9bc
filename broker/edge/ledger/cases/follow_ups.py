"""Students who moved and whose follow-up work is still to be done: their cases, and the packets that waited for them.

Owns `follow_ups`. Promises: one row for each student, in order of arrival; only one transaction takes a row, and the
row is deleted exactly if that transaction commits. No student's name.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Select, delete, func, insert, select

from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.tables import follow_ups, students


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One student: `ssid` is the number that stands for the student, `cause` the tracking id of the packet, '' for
    none, `at` when the packet was carried out, in seconds since the epoch."""

    ssid: str
    cause: str
    at: float


_ROW = [follow_ups.c[name] for name in FollowUp.__dataclass_fields__]
_AT_ONCE = 500


def put(connection: Writing, rows: Sequence[FollowUp]) -> None:
    """Keep these students for later. The database raises an error for a student who is already kept."""
    if rows:
        connection.execute(insert(follow_ups), [asdict(row) for row in rows])


def is_any(connection: Reading) -> bool:
    """Whether any student waits. This is rare, and it saves a look-up for each student."""
    return connection.execute(select(follow_ups.c.id).limit(1)).first() is not None


def waits(connection: Reading, ssid: str) -> bool:
    """Whether this student is kept."""
    return connection.execute(select(follow_ups.c.id).where(follow_ups.c.ssid == ssid)).first() is not None


def count(connection: Reading) -> int:
    """How many students wait."""
    return int(connection.execute(select(func.count()).select_from(follow_ups)).scalar_one())


def first(connection: Reading, limit: int) -> list[FollowUp]:
    """The students who have waited longest, in order."""
    return [FollowUp(*row) for row in connection.execute(select(*_ROW).order_by(follow_ups.c.id).limit(limit))]


def take(connection: Writing, limit: int) -> list[FollowUp]:
    """The students who have waited longest, in order; their rows are deleted."""
    return _take(connection, select(follow_ups.c.id, *_ROW).order_by(follow_ups.c.id).limit(limit))


def take_of(connection: Writing, ssids: Sequence[str]) -> list[FollowUp]:
    """Those of these students who wait, under any of their numbers, in order; their rows are deleted."""
    found: list[FollowUp] = []
    for start in range(0, len(ssids), _AT_ONCE):
        kept = select(func.coalesce(func.nullif(students.c.merged_into, ""), students.c.ssid))
        named = kept.where(students.c.ssid.in_(list(ssids[start : start + _AT_ONCE]))).scalar_subquery()
        found += _take(connection, select(follow_ups.c.id, *_ROW).where(follow_ups.c.ssid.in_(named)))
    return found


def _take(connection: Writing, query: Select[int, str, str, float]) -> list[FollowUp]:
    # in one order, so that two transactions that take some of the same rows never deadlock
    rows = connection.execute(query.order_by(None).order_by(follow_ups.c.id).with_for_update()).all()
    for start in range(0, len(rows), _AT_ONCE):
        ids = [row.id for row in rows[start : start + _AT_ONCE]]
        connection.execute(delete(follow_ups).where(follow_ups.c.id.in_(ids)))
    return [FollowUp(*row[1:]) for row in rows]
