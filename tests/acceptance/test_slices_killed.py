"""kill -9 while a packet of many lines is carried out, by real processes: each line once, one answer, and other LEAs
are answered meanwhile."""

import os
import signal
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from broker.edge.ledger import tables
from broker.edge.ledger.engine import connect, reading
from broker.edge.settings.file import load as read_settings
from tests.support import desk
from tests.support.desk import Town, town
from tests.support.exchange import wait_until

A, B = "01", "6G"
LINES, DEATHS = 600, 5
PARTIES = {A: ("district", "cv25519"), B: ("charter", "cv25519")}


def done_of(engine: Engine) -> int:
    with reading(engine) as connection:
        found: int = connection.execute(select(func.count()).select_from(tables.packet_slices)).scalar_one()
    return found


def kill_workers(there: Town) -> None:
    for name, pid in there.exchange.parts().items():
        if name.startswith("worker"):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.timeout(280)
@pytest.mark.long
def test_killed_again_and_again_between_slices(tmp_path: Path) -> None:
    quick = {"lines_per_transaction": 20, "lines_per_turn": 200, "stale_seconds": 1.0, "processes": 2}
    with town(tmp_path, PARTIES, **quick) as there:
        engine = connect(read_settings(there.exchange.home))
        document = desk.enrollment(A, *desk.children(LINES))
        there[A].send("many.pgp", document)
        begun = 0
        for _ in range(DEATHS):
            begun = wait_until(lambda begun=begun: max(done_of(engine) - begun, 0), "a further slice") + begun
            kill_workers(there)
        (other,) = there[B].enroll(desk.child("Bo", "Zander", "2012-03-04"))
        assert other["answer"] == "assigned"
        ended = there[A].receipt("many.pgp", "APPLIED", "REFUSED")
        assert ended["state"] == "APPLIED"
        answers = there[A].notice(document["id"])
        assert Counter(line["line"] for line in answers) == Counter(range(LINES))
        assert {line["answer"] for line in answers} == {"assigned"}
        assert len([path for path in there.exchange.inbox(A) if ".ssid." in path.name]) == 1
        with reading(engine) as connection:
            students = connection.execute(select(func.count()).select_from(tables.students)).scalar_one()
            stays = connection.execute(select(func.count()).select_from(tables.enrollments)).scalar_one()
        assert (students, stays, done_of(engine)) == (LINES + 1, LINES + 1, 0)
        assert [line for line in there.bugs() if "died" not in line] == []  # those were killed
        engine.dispose()
