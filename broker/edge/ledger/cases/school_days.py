"""Exceptions from the rule of the calendar: days on which schools are closed, or open.

Owns `school_days`. Promises: one row for each LEA and day, the newest; lea '' speaks for every LEA, and an LEA's own
row takes precedence over it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import bindparam, delete, insert, select

from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.tables import school_days

EVERY = ""  # the `lea` of a row for all LEAs


class Kind(StrEnum):
    """What a row says of its day."""

    CLOSED = "closed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class SchoolDay:
    """One row; `day` is an ISO date, `lea` '' for every LEA."""

    lea: str
    day: str
    kind: Kind
    why: str


_COLUMNS = [school_days.c[name] for name in SchoolDay.__dataclass_fields__]


def put(connection: Writing, rows: Sequence[SchoolDay]) -> None:
    """Enter these rows; they replace earlier rows of the same LEA and day."""
    newest = {(row.lea, row.day): row for row in rows}
    if newest:
        keys = [{"one": lea, "on": day} for lea, day in newest]
        mine = (school_days.c.lea == bindparam("one")) & (school_days.c.day == bindparam("on"))
        connection.execute(delete(school_days).where(mine), keys)
        connection.execute(insert(school_days), [asdict(row) for row in newest.values()])


def remove(connection: Writing, lea: str, first: date, last: date) -> int:
    """Delete the rows of this LEA's days from `first` to `last`; returns how many there were."""
    mine = (school_days.c.lea == lea) & school_days.c.day.between(first.isoformat(), last.isoformat())
    return connection.execute(delete(school_days).where(mine)).rowcount


def of(connection: Reading, lea: str, first: date, last: date) -> list[SchoolDay]:
    """The rows of the days from `first` to `last` for all LEAs and for this LEA ('': for all only), by LEA and day."""
    span = school_days.c.day.between(first.isoformat(), last.isoformat())
    query = select(*_COLUMNS).where(school_days.c.lea.in_({EVERY, lea}), span)
    rows = connection.execute(query.order_by(school_days.c.lea, school_days.c.day))
    return [SchoolDay(row.lea, row.day, Kind(row.kind), row.why) for row in rows]
