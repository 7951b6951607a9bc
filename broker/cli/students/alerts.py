"""`satchel alerts [list] | seen` and `satchel student flags`: what the operator must know about missing children.

Promises: alerts have no student's name; unseen ones come first, and stay unseen until somebody marks them as seen;
flags name the child, so listing them writes a line of the disclosure log for each, which only the state can read.
"""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from broker import offline
from broker.cli import refusals
from broker.cli.acting import named, operator
from broker.cli.students.disclosures import PURPOSES, PurposeOption, ReaderOption
from broker.core.access import Action
from broker.core.days.state_time import StateTime
from broker.core.errors import NotDone
from broker.core.model import Name
from broker.terminal import tables
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.verbs import alerts as verbs
from broker.verbs.alerts import Alert


def flags(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most this many.")] = 1000,
    who: ReaderOption = "",
    why: PurposeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the students who are flagged as missing: since when, by whom, and why; the disclosure log records your
    reading."""
    purpose = why or PURPOSES[Action.RECEIVE_ALERT]
    services = offline.build(home)
    found = verbs.list_flags(services, purpose, actor=operator(who), size=limit)
    rows, count = found.page.rows, found.standing
    if as_json:
        shown = ("ssid", "set_at", "set_by", "set_why")
        told = ({name: getattr(row.flag, name) for name in shown} for row in rows)
        whom = ({"name": _spoken(row.name), "birth_date": row.birth_date} for row in rows)
        say(json.dumps([flag | person for flag, person in zip(told, whom, strict=True)]))
        return
    if not rows:
        say("No student is flagged as missing.")
        return
    cells = (
        (
            one.flag.ssid,
            _spoken(one.name),
            one.birth_date,
            services.time.told(one.flag.set_at),
            one.flag.set_by,
            one.flag.set_why,
        )
        for one in rows
    )
    names = ("ssid", tables.text("name"), "born", "flagged since", tables.text("by"), tables.text("why"))
    tables.show(names, cells)
    if count > len(rows):
        say(f"These are the first {len(rows)}; `--limit {count}` shows all.")
    stand = "1 flag stands" if count == 1 else f"{count:,} flags stand"
    say(f"{stand}; `satchel student unflag` lifts one when the child is found.")


def _spoken(name: Name) -> str:
    return " ".join(part for part in (name.first, name.middle, name.last, name.suffix) if part)


def alerts(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most this many.")] = 1000,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the alerts to the state: first those that nobody has seen, the newest at the top."""
    services = offline.build(home)
    rows = verbs.list_alerts(services, actor=operator(), size=limit).rows
    if as_json:
        say(json.dumps([asdict(row) for row in rows]))
        return
    columns = ("id", "when", "what", "ssid", "lea", "packet", tables.text("seen"))
    tables.show(columns, (_cells(row, services.time) for row in rows))
    unseen = sum(row.seen_at is None for row in rows)
    say(f"Not seen yet: {unseen}." if unseen else "No alert waits to be seen.")


def _cells(row: Alert, state: StateTime) -> tuple[str, ...]:
    seen_by = f"{state.told(row.seen_at)} {row.seen_by}" if row.seen_at is not None else "no"
    return (str(row.id), state.told(row.at), row.kind, row.ssid, row.lea, row.tracking, seen_by)


def seen(
    ids: Annotated[list[int], typer.Argument(metavar="ID", help="The alerts' numbers in `satchel alerts`.")],
    who: Annotated[str, typer.Option(metavar="NAME", help="Who has seen them: your own name.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mark these alerts as seen."""
    try:
        done = verbs.mark_alerts_seen(offline.build(home), ids, actor=named(who))
    except NotDone as error:  # there are too many ids
        fail(refusals.sentence(error), 2)
    if as_json:
        say(json.dumps({"seen": done.marked, "unseen": done.unseen}))
        return
    say(f"{done.marked} marked as seen. Not seen yet: {done.unseen}.")
