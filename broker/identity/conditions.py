"""Access to the SQL of a model; the SQL grammar takes a quarter of a second to load.

Promises: the grammar is loaded only when a model is loaded, so no part and no command without a model pays for it.
"""

from collections.abc import Callable, Mapping
from typing import Any

Truth = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


def truth(condition: str) -> Truth:
    """The same as `broker.identity.sql.truth`."""
    from broker.identity import sql

    return sql.truth(condition)


def term(expression: str) -> Callable[[Mapping[str, Any]], Any]:
    """The same as `broker.identity.sql.term`."""
    from broker.identity import sql

    return sql.term(expression)


def sides(rule: str) -> tuple[tuple[str, str], ...]:
    """The same as `broker.identity.sql.sides`."""
    from broker.identity import sql

    return sql.sides(rule)
