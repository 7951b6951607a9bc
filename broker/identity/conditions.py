"""The way to the SQL of a model, whose grammar takes a quarter of a second to load.

Promises: it is loaded where a model is, and in no part and no command that has none.
"""

from collections.abc import Callable, Mapping
from typing import Any

Truth = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


def truth(condition: str) -> Truth:
    """As `broker.identity.sql.truth`."""
    from broker.identity import sql

    return sql.truth(condition)


def term(expression: str) -> Callable[[Mapping[str, Any]], Any]:
    """As `broker.identity.sql.term`."""
    from broker.identity import sql

    return sql.term(expression)


def sides(rule: str) -> tuple[tuple[str, str], ...]:
    """As `broker.identity.sql.sides`."""
    from broker.identity import sql

    return sql.sides(rule)
