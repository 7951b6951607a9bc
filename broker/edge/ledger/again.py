"""Units of work that are done again where two were in each other's way.

Promises: on a deadlock, a failed serialisation or a busy file the whole unit is rolled back and done once more from
fresh reads, after a pause that differs, and at most `ledger.conflict_tries` times; everything else is raised at once. A
unit may therefore be done several times and is committed once: what it does outside its transaction must bear that.
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
    """Do this; a unit may hold several transactions, of which those that were committed stay."""
    for tried in range(engine.get_execution_options()["conflict_tries"] - 1):
        try:
            return unit()
        except Exception as error:
            if cause_of(error) is not Cause.CONFLICT:
                raise
        time.sleep(random.uniform(0, min(_FIRST_SECONDS * 2**tried, _MOST_SECONDS)))  # noqa: S311  no secret
    return unit()


def committed(engine: Engine, unit: Callable[[Writing], Done]) -> Done:
    """Do this in one durable transaction."""

    def once() -> Done:
        with writing(engine) as connection:
            return unit(connection)

    return again(engine, once)
