"""`satchel upgrade`: brings an earlier program's ledger to this program's form.

Promises: no other command does this; nobody else runs the home meanwhile; killed at any moment, the ledger has its old
or its new form; of two upgrades at once the second one waits, and finds nothing to do. It also binds the ledger to this
home (`broker.founding`).
"""

import json
from pathlib import Path
from typing import Any

from broker import offline
from broker.cli.acting import operator
from broker.edge.settings import file
from broker.terminal.common import HomeOption, JsonOption, say, warn
from broker.verbs.installation import exchange
from broker.verbs.installation.exchange import Now


def upgrade(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Upgrade the ledger of an earlier version, while the exchange is stopped; a ledger in the home is copied first,
    and the copy kept."""
    offline.harden()
    chosen = file.load(offline.home_of(home))
    done = exchange.upgrade(offline.unopened(chosen), actor=operator())
    if not done.was_settled:
        _index(chosen.home)
    _tell(chosen.home, done, as_json)
    for lea in done.doubtful:
        warn(
            f"The inbox of {lea} is missing, or has nothing in it of what was put there: mount it, or make sure that"
            f" {lea} has collected all of it; then run `satchel lea inbox {lea}`."
        )


def _index(home: Path) -> None:
    """A new form may have columns that only the index fills; a ledger that already has this form does not need it."""
    from broker.cli.students.registry import index_if_stale

    index_if_stale(offline.build(home))


def _tell(home: Path, done: Now, as_json: bool) -> None:
    if as_json:
        facts: dict[str, Any] = {"home": str(home), "from": done.before or None, "to": done.form}
        say(json.dumps(facts | {"changed": done.is_changed, "copy": str(done.copy) if done.copy else None}))
    elif not done.is_changed:
        say(f"The ledger of {home} has the form of this program already ({done.form}); nothing was done.")
    elif not done.before:
        say(f"The ledger of {home} has its tables now (form {done.form}).")
    else:
        say(f"The ledger of {home} was brought from form {done.before} to {done.form}. {_kept(done.copy)}")


def _kept(copy: Path | None) -> str:
    if copy is None:
        return "No copy was made: back up PostgreSQL with its own tools."
    return f"A copy of the old ledger is {copy}; delete it when all is well, for it holds students' names."
