"""Prepared statements: compiled to the database's own text once, and run as often as needed.

Owns the fast path for the few look-ups that every packet needs: SQLAlchemy's usual path takes longer than the look-up
by an index itself. Promises: the same rows as `connection.execute` gives, as plain tuples; values are bound parameters,
never part of the text. Only for columns of texts and numbers, which the drivers return unchanged.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Select

from broker.edge.ledger.engine import Reading


class Prepared(NamedTuple):
    """The text, its fixed values by name, and the order of all values where the driver needs them by position."""

    text: str
    fixed: Mapping[str, Any]
    order: Sequence[str]


def made(statement: Select[Any], dialect: Dialect) -> Prepared:
    """Compile the statement for this database."""
    compiled = statement.compile(dialect=dialect)
    return Prepared(str(compiled), dict(compiled.params), tuple(compiled.positiontup or ()))


def run(connection: Reading, prepared: Prepared, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
    """All rows for these values. Raises KeyError for a value that is missing."""
    every = {**prepared.fixed, **values}
    return connection.exec_driver_sql(
        prepared.text, tuple(every[name] for name in prepared.order) if prepared.order else every
    ).fetchall()


def rows(connection: Reading, statement: Select[Any], values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
    """All rows of a statement that a module keeps: it is compiled at its first use."""
    return run(connection, _kept(statement, connection.dialect), values)


_kept = lru_cache(maxsize=64)(made)
