"""Whatever happens, and in whatever order: each record ends where its student is, or waits for a good reason.

A machine (`tests.support.story`) enrolls students, moves them about at once or on a day to come, sends records and
transcripts of them, asks for records, takes these back, flags students, changes keys and kills workers, all at random.
Beside the exchange it keeps its own account of where each student is and who should be asked for what
(`tests.support.belief`), made only of what it has sent and done; after each step the books must agree with it.

Each story begins in a home of its own. They are the same ones in every run; with SATCHEL_MODEL_EXAMPLES in the
environment so many new ones are tried, a thousand by `make long`.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support import postgres, scale
from tests.support.story.rules import Moves

_FRESH = int(os.environ.get("SATCHEL_MODEL_EXAMPLES", scale.larger(0, 1_000)))


class OnPostgresql(Moves):
    """The same stories, beside a PostgreSQL server."""


@pytest.fixture(scope="module", autouse=True)
def _server() -> Iterator[None]:
    with postgres.server() as url:
        OnPostgresql.server = url
        yield


def _told(stories: int, steps: int) -> settings:
    return settings(
        max_examples=_FRESH or stories,
        derandomize=not _FRESH,
        stateful_step_count=steps,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


TestTheWholeExchange = pytest.mark.grows(Moves.TestCase)
TestTheWholeExchange.settings = _told(15, 30)
TestTheWholeExchangeOnPostgresql = pytest.mark.grows(OnPostgresql.TestCase)
TestTheWholeExchangeOnPostgresql.settings = _told(4, 20)
