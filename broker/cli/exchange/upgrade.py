"""`satchel upgrade`: the ledger of an earlier program gets the form of this one.

Promises: the only command that does so; nobody else runs the home meanwhile; killed at any moment, the ledger is as it
was or as it is to be; of two at once the second waits, and finds nothing to do. It also makes the ledger this home's
(`broker.founding`).
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from broker import founding, offline
from broker.core.model import LeaId
from broker.edge.home.folders import Home
from broker.edge.ledger.engine import REVISION
from broker.edge.ledger.migrate import Upgraded
from broker.edge.ledger.migrate import upgrade as upgrade_ledger
from broker.edge.settings import file
from broker.processes.part import hold, is_alive, is_up, read_beats
from broker.terminal.common import HomeOption, JsonOption, say, warn

_LOOK_SECONDS = 0.2


def upgrade(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Bring the ledger of an earlier program to the form of this one, while the exchange is stopped; of a ledger in the
    home a copy is kept."""
    offline.harden()
    chosen = file.load(offline.home_of(home))
    engine, found = offline.find_ledger(chosen)
    if found > REVISION:
        raise offline.later(chosen, found)
    if found == REVISION and founding.is_settled(engine, chosen):
        _tell(chosen.home, Upgraded(found), as_json)
        return
    doubtful: list[LeaId] = []
    with stopped(Home(chosen.home)):
        done = upgrade_ledger(engine, lambda connection: doubtful.extend(founding.settle(connection, chosen)))
    _index(chosen.home)
    _tell(chosen.home, done, as_json)
    for lea in doubtful:
        warn(
            f"The inbox of {lea} is not there, or nothing is in it of what was put there: mount it, or make sure that"
            f" {lea} has taken all of it; then run `satchel lea inbox {lea}`."
        )


def _index(home: Path) -> None:
    """A new form may have columns that only the index fills; a ledger that has its form needs nothing of this."""
    from broker.cli.students.registry import index_if_stale

    index_if_stale(offline.build(home))


@contextmanager
def stopped(home: Home) -> Iterator[None]:
    """Nobody starts the exchange while the block runs. Raises NotReady where it runs, or a part of it does."""
    home.run.mkdir(mode=0o700, exist_ok=True)
    while (lock := hold(home.run)) is None and not _runs(home.run):  # another one upgrades it, and will end
        time.sleep(_LOOK_SECONDS)
    if lock is None or _beats(home.run):
        raise offline.NotReady(f"The exchange of {home.root} runs; stop `satchel up` first.")
    with lock:
        yield


def _runs(run: Path) -> bool:
    return is_up(run) or _beats(run)


def _beats(run: Path) -> bool:
    now = time.time()
    return any(is_alive(beat, now) for beat in read_beats(run))


def _tell(home: Path, done: Upgraded, as_json: bool) -> None:
    if as_json:
        facts: dict[str, Any] = {"home": str(home), "from": done.before or None, "to": REVISION}
        say(json.dumps(facts | {"changed": done.is_changed, "copy": str(done.copy) if done.copy else None}))
    elif not done.is_changed:
        say(f"The ledger of {home} has the form of this program already ({REVISION}); nothing was done.")
    elif not done.before:
        say(f"The ledger of {home} has its tables now (form {REVISION}).")
    else:
        say(f"The ledger of {home} was brought from form {done.before} to {REVISION}. {_kept(done.copy)}")


def _kept(copy: Path | None) -> str:
    if copy is None:
        return "No copy was made here: PostgreSQL is backed up with its own tools."
    return f"As it was, it is in {copy}; delete that when all is well, for it holds students' names."
