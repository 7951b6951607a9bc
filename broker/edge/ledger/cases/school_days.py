"""Days on which schools are closed, or open, although the rule says otherwise.

Owns `school_days`. Promises: one row an LEA and day, the newest word on it; lea '' speaks for every LEA, and an LEA's
own row goes before it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import bindparam, delete, insert, select

from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.tables import school_days

EVERY = ""  # the lea of a row that speaks for all


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
    """Enter these rows, in the place of what was said of the same LEA and day."""
    newest = {(row.lea, row.day): row for row in rows}
    if newest:
        keys = [{"one": lea, "on": day} for lea, day in newest]
        mine = (school_days.c.lea == bindparam("one")) & (school_days.c.day == bindparam("on"))
        connection.execute(delete(school_days).where(mine), keys)
        connection.execute(insert(school_days), [asdict(row) for row in newest.values()])


def remove(connection: Writing, lea: str, first: date, last: date) -> int:
    """Take back what was said of this LEA's days from `first` to `last`; how many rows there were."""
    mine = (school_days.c.lea == lea) & school_days.c.day.between(first.isoformat(), last.isoformat())
    return connection.execute(delete(school_days).where(mine)).rowcount


def of(connection: Reading, lea: str, first: date, last: date) -> list[SchoolDay]:
    """What is said of the days from `first` to `last` for all and for this LEA ('': for all only), by LEA and day."""
    span = school_days.c.day.between(first.isoformat(), last.isoformat())
    query = select(*_COLUMNS).where(school_days.c.lea.in_({EVERY, lea}), span)
    rows = connection.execute(query.order_by(school_days.c.lea, school_days.c.day))
    return [SchoolDay(row.lea, row.day, Kind(row.kind), row.why) for row in rows]
