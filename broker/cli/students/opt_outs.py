"""`satchel student opt-outs`: what parents opted out of, for the state's operator (Utah SB 152, 2026).

Promises: no student's name; an opt-out is listed under the number that stands for the student now; listing writes a
line of the disclosure log for each student who is shown.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from broker import offline
from broker.cli.acting import operator
from broker.cli.students.disclosures import PURPOSES, PurposeOption, ReaderOption
from broker.core.access import Action
from broker.core.actor import Actor
from broker.core.days.state_time import StateTime
from broker.core.opt_outs import OPT_OUTS, Purpose
from broker.offline import Offline
from broker.terminal import tables
from broker.terminal.common import HomeOption, JsonOption, say
from broker.verbs import students as verbs
from broker.verbs.students import OptOut


def opt_outs(
    purpose: Annotated[Purpose | None, typer.Option(help="Only opt-outs of this purpose.")] = None,
    who: ReaderOption = "",
    why: PurposeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the parents' opt-outs: of which student, since when, and which LEA sent it; the disclosure log records
    your reading."""
    services, reason = offline.build(home), why or PURPOSES[Action.READ_REGISTRY]
    rows = list(_all(services, purpose or "", reason, operator(who)))
    if as_json:
        say(json.dumps([_data(row) for row in rows]))
        return
    _tell(rows, services.time)


def _all(services: Offline, purpose: str, why: str, actor: Actor) -> Iterator[OptOut]:
    """The rows of all pages."""
    page = verbs.list_opt_outs(services, why, actor=actor, purpose=purpose)
    yield from page.rows
    while page.after is not None:
        page = verbs.list_opt_outs(services, why, actor=actor, purpose=purpose, after=page.after)
        yield from page.rows


def _data(row: OptOut) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if name not in ("id", "ended_at", "ended_by")}


def _tell(rows: Sequence[OptOut], state: StateTime) -> None:
    if not rows:
        say("No opt-out stands.")
        return
    days = [state.day(row.at).isoformat() for row in rows]
    cells = ((row.ssid, row.purpose, row.lea, day, row.tracking) for row, day in zip(rows, days, strict=True))
    tables.show(("ssid", "opted out of", "sent by", "since", "packet"), cells)
    for purpose in sorted({row.purpose for row in rows} & OPT_OUTS.keys()):
        say(f"{purpose}: {OPT_OUTS[Purpose(purpose)].means}")
    students = len({row.ssid for row in rows})
    say(f"{len(rows):,} opt-outs of {students:,} student{'s' * (students != 1)}.")
