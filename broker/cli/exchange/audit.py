"""`satchel audit`: what operators did that concerns no single student.

Promises: reads only; newest line first, a page at a time.
"""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from broker import offline
from broker.cli.acting import operator
from broker.terminal import tables
from broker.terminal.common import HomeOption, JsonOption, say
from broker.verbs import audit
from broker.verbs.audit import Act


def show(
    name: Annotated[str, typer.Option("--verb", metavar="NAME", help="Only what was done by this verb.")] = "",
    who: Annotated[str, typer.Option(metavar="NAME", help="Only what this person did.")] = "",
    before: Annotated[int | None, typer.Option(metavar="N", help="Only lines before this number.")] = None,
    most: Annotated[int, typer.Option(min=1, max=1000, help="How many lines at most.")] = 100,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what operators did: who, when, what, why, and with what result."""
    found = audit.list_acts(offline.build(home), actor=operator(), before=before, size=most, name=name, who=who)
    if as_json:
        say(json.dumps({"acts": [_data(one) for one in found.rows], "before": found.after, "count": found.told_count}))
        return
    if not found.rows:
        say("No act fits these options.")
        return
    tables.show(("N", "WHEN (UTC)", "WHO", "WHAT", tables.text("OF"), tables.text("WHY")), map(_row, found.rows))
    if found.after is not None:
        say(f"There are {found.told_count}; older ones: `satchel audit --before {found.after}`.")


def _data(one: Act) -> dict[str, object]:
    names = ("n", "verb", "role", "party", "actor", "proof", "subject", "why", "result", "told")
    return {"at": _time(one)} | {name: getattr(one, name) for name in names}


def _row(one: Act) -> tuple[str, ...]:
    what = one.verb.replace("_", " ")
    done = what if one.result == "done" else f"{what} (refused)"
    return str(one.n), _time(one)[:16].replace("T", " "), one.actor, done, one.subject, one.why


def _time(one: Act) -> str:
    return datetime.fromtimestamp(one.at, UTC).isoformat(timespec="seconds")
