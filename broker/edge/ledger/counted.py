"""Counts the rows that a query gives, but no further than people need to know.

Promises: at most 1,001 rows are read and counted, however many there are; 1,001 means more than 1,000.
"""

from typing import Any

from sqlalchemy import Select, func, select

from broker.edge.ledger.engine import Reading

_MOST = 1000


def counted(connection: Reading, query: Select[Any]) -> int:
    """How many rows this query gives, at most 1,001; the query should select one short column."""
    some = query.order_by(None).limit(_MOST + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())
