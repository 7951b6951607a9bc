"""`satchel alerts [list] | seen` and `satchel student flags`: what the state's operator must know of missing children.

Promises: alerts have no student's name, those that nobody has seen come first, and stay so until somebody says that
they were seen; flags name the child, and who looks at them leaves a line of the disclosure log for each, which only the
state can read.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from sqlalchemy import Connection

from broker import offline
from broker.cli.students.disclosures import PurposeOption, ReaderOption, note_read
from broker.core.access import Action
from broker.core.days.state_time import StateTime
from broker.core.review import By
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import reading
from broker.edge.ledger.people import flags as ledger
from broker.edge.ledger.people import registry
from broker.edge.ledger.people.flags import Alert
from broker.edge.ledger.people.registry import Person
from broker.terminal import tables
from broker.terminal.common import HomeOption, JsonOption, fail, say

_MOST_SEEN = 1000


def flags(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 1000,
    who: ReaderOption = "",
    why: PurposeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the students who are flagged as missing: since when, by whom, and why; your look is logged."""
    services = offline.build(home)
    now = services.clock().timestamp()

    def look(connection: Connection) -> tuple[Sequence[ledger.Flag], int, dict[str, Person | None]]:
        rows = ledger.all_standing(connection, limit)
        count = ledger.count_standing(connection)
        note_read(connection, [row.ssid for row in rows], Action.RECEIVE_ALERT, now, who=who, why=why, what="flags")
        return rows, count, {row.ssid: registry.person(connection, row.ssid) for row in rows}

    rows, count, persons = committed(services.engine, look)
    if as_json:
        shown = ("ssid", "set_at", "set_by", "set_why")
        told = ({name: getattr(row, name) for name in shown} for row in rows)
        whom = (dict(zip(("name", "birth_date"), _named(persons[row.ssid]), strict=True)) for row in rows)
        say(json.dumps([flag | person for flag, person in zip(told, whom, strict=True)]))
        return
    if not rows:
        say("No student is flagged as missing.")
        return
    cells = (
        (row.ssid, *_named(persons[row.ssid]), services.time.told(row.set_at), row.set_by, row.set_why) for row in rows
    )
    names = ("ssid", tables.text("name"), "born", "flagged since", tables.text("by"), tables.text("why"))
    tables.show(names, cells)
    if count > len(rows):
        say(f"These are the first {len(rows)}; `--limit {count}` shows all.")
    stand = "1 flag stands" if count == 1 else f"{count:,} flags stand"
    say(f"{stand}; `satchel student unflag` lifts one when the child is found.")


def _named(person: Person | None) -> tuple[str, str]:
    """Name and birth date."""
    if person is None:
        return "", ""
    parts = (person.first, person.middle, person.last, person.suffix)
    return " ".join(part for part in parts if part), person.birth_date


def alerts(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 1000,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what the state must hear of: those that nobody has seen first, the newest first."""
    services = offline.build(home)
    with reading(services.engine) as connection:
        unseen = ledger.alerts_of(connection, is_seen=False, limit=limit)
        rows = [*unseen, *ledger.alerts_of(connection, is_seen=True, limit=limit)][:limit]
    if as_json:
        say(json.dumps([asdict(row) for row in rows]))
        return
    tables.show(
        ("id", "when", "what", "ssid", "lea", "packet", tables.text("seen")),
        (_cells(row, services.time) for row in rows),
    )
    say(f"{len(unseen)} that nobody has seen." if unseen else "Nothing that nobody has seen.")


def _cells(row: Alert, state: StateTime) -> tuple[str, ...]:
    seen_by = f"{state.told(row.seen_at)} {row.seen_by}" if row.seen_at is not None else "no"
    return (str(row.id), state.told(row.at), row.kind, row.ssid, row.lea, row.tracking, seen_by)


def seen(
    ids: Annotated[list[int], typer.Argument(metavar="ID", help="The alerts' numbers in `satchel alerts`.")],
    who: Annotated[str, typer.Option(metavar="NAME", help="Who has seen them: your own name.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that these alerts were seen."""
    if len(ids) > _MOST_SEEN:
        fail(f"Name at most {_MOST_SEEN} alerts at once.", 2)
    by = By(who, "seen")
    services = offline.build(home)

    def mark(connection: Connection) -> tuple[int, int]:
        marked = ledger.seen(connection, ids, by.who, services.clock().timestamp())
        unseen = len(ledger.alerts_of(connection, is_seen=False))
        return marked, unseen

    marked, unseen = committed(services.engine, mark)
    if as_json:
        say(json.dumps({"seen": marked, "unseen": unseen}))
        return
    say(f"{marked} marked as seen; {unseen} are left that nobody has seen.")
