"""Whatever happens, and in whatever order: each record ends where its student is, or waits for a good reason.

A machine (`tests.support.story`) enrolls students, moves them about at once or on a day to come, sends records and
transcripts of them, asks for records, takes these back, flags students, changes keys and kills workers, all at random.
Beside the exchange it keeps its own account of where each student is and who should be asked for what
(`tests.support.belief`), made only of what it has sent and done; after each step the books must agree with it.

SATCHEL_MODEL_EXAMPLES is the number of stories that are tried; each begins in a home of its own.
"""

import os

from hypothesis import HealthCheck, settings

from tests.support.story.rules import Moves

TestTheWholeExchange = Moves.TestCase
TestTheWholeExchange.settings = settings(
    max_examples=int(os.environ.get("SATCHEL_MODEL_EXAMPLES", "25")),
    stateful_step_count=30,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
