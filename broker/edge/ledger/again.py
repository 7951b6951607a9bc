"""Runs a unit of work again when it collided with another one.

Promises: on a deadlock, a failed serialisation or a busy file the whole unit is rolled back and run again from fresh
reads, after a random pause, at most `ledger.conflict_tries` times in all; every other error is raised at once. A unit
may run several times but is committed once, so what it does outside its transaction must be safe to repeat.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Engine

from broker.edge.ledger.blame import Cause, cause_of
from broker.edge.ledger.engine import Writing, writing

Done = TypeVar("Done")
_FIRST_SECONDS, _MOST_SECONDS = 0.02, 1.0


def again(engine: Engine, unit: Callable[[], Done]) -> Done:
    """Run this unit. A unit may hold several transactions; those that it has committed stay committed."""
    for tried in range(engine.get_execution_options()["conflict_tries"] - 1):
        try:
            return unit()
        except Exception as error:
            if cause_of(error) is not Cause.CONFLICT:
                raise
        time.sleep(random.uniform(0, min(_FIRST_SECONDS * 2**tried, _MOST_SECONDS)))  # noqa: S311  no secret
    return unit()


def committed(engine: Engine, unit: Callable[[Writing], Done]) -> Done:
    """Run this unit in one durable transaction."""

    def once() -> Done:
        with writing(engine) as connection:
            return unit(connection)

    return again(engine, once)
