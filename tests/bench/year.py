"""A year of a synthetic state: how long it takes, and whether what is overdue is right to the school day.

`python -m tests.bench.year [STUDENTS]` prints one line of JSON and ends with 1 where a count differs.
"""

import json
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from broker.core.transfer import LIVE, TransferState
from broker.edge.ledger.cases import transfer_views
from broker.edge.ledger.cases.transfer_views import Choice
from broker.edge.ledger.engine import reading
from broker.oversight.transfer_ranking import Calendars
from tests.support import year
from tests.support.year import Year

STUDENTS = 5000


def overdue(walked: Year, today: date) -> dict[int, int | None]:
    """What the exchange says is overdue on this day, by case, in school days."""
    services = walked.office.services
    calendars = Calendars(services.settings, today)
    choice = Choice(frozenset(LIVE - {TransferState.BLOCKED}), "", today.isoformat())
    found: dict[int, int | None] = {}
    after = 0
    with reading(services.engine) as connection:
        while rows := transfer_views.page(connection, choice, after):
            found |= {row.id: calendars.late(connection, row) for row in rows}
            after = rows[-1].id
    return found


def run(root: Path, students: int, districts: int = 12, charters: int = 18) -> dict[str, object]:
    """Walk the year; `wrong` are the days on which exchange and independent count differ."""
    started = time.perf_counter()
    wrong: list[str] = []
    most = 0

    def compare(walked: Year, today: date) -> None:
        nonlocal most
        counted = walked.late(today)
        most = max(most, len(counted))
        if overdue(walked, today) != counted:
            wrong.append(today.isoformat())

    walked = year.make(root, students, districts, charters)
    walked.walk(compare)
    return {
        "measure": "year",
        "students": students,
        "transfers": len(walked.known),
        "answered": sum(one.answered_on is not None for one in walked.known.values()),
        "most_overdue": most,
        "wrong_days": wrong,
        "seconds": round(time.perf_counter() - started, 1),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        done = run(Path(folder), int(sys.argv[1]) if sys.argv[1:] else STUDENTS)
    sys.stdout.write(json.dumps(done) + "\n")
    sys.exit(bool(done["wrong_days"]))
