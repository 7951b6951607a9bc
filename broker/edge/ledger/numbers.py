"""Numbers of rows as somebody typed them.

Promises: a number of any length can be compared with the database's own. One that no database can hold names no row,
and is no error: SQLite's driver raises OverflowError for it.
"""

_MOST = 2**63 - 1  # the largest integer of SQLite, and of PostgreSQL's bigint


def comparable(number: int) -> int:
    """The number, or the nearest one that a database can hold."""
    return max(-_MOST, min(number, _MOST))
