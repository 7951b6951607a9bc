"""`satchel alerts [list] | seen` and `satchel student flags`: what the state's operator must know of missing children.

Promises: no student's name; alerts that nobody has seen come first, and stay so until somebody says that they were
seen; who looks at the flags that stand leaves a line of the disclosure log for each, which only the state can read.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text
from sqlalchemy import Connection

from broker import offline
from broker.commands.common import HomeOption, JsonOption, fail, say
from broker.commands.disclosures import PurposeOption, ReaderOption, note_read
from broker.core.access import Action
from broker.core.review import By
from broker.edge.ledger import flags as ledger
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import reading
from broker.edge.ledger.flags import Alert

_PIPED_COLUMNS = 200
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

    def look(connection: Connection) -> tuple[Sequence[ledger.Flag], int]:
        rows = ledger.all_standing(connection, limit)
        count = ledger.count_standing(connection)
        note_read(connection, [row.ssid for row in rows], Action.RECEIVE_ALERT, now, who=who, why=why, what="flags")
        return rows, count

    rows, count = committed(services.engine, look)
    if as_json:
        shown = ("ssid", "set_at", "set_by", "set_why")
        say(json.dumps([{name: getattr(row, name) for name in shown} for row in rows]))
        return
    if not rows:
        say("No student is flagged as missing.")
        return
    table = Table("ssid", "flagged since", "by", "why")
    for row in rows:
        table.add_row(row.ssid, _time(row.set_at), Text(row.set_by), Text(row.set_why))
    _console().print(table)
    if count > len(rows):
        say(f"These are the first {len(rows)}; `--limit {count}` shows all.")
    stand = "1 flag stands" if count == 1 else f"{count:,} flags stand"
    say(f"{stand}; `satchel student unflag` lifts one when the child is found.")


def _console() -> Console:
    """As wide as the terminal; whoever reads a pipe wants whole lines."""
    console = Console()
    if not console.is_terminal:
        console.width = _PIPED_COLUMNS
    return console


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
    table = Table("id", "when", Column("what", no_wrap=True), "ssid", "lea", Column("packet", min_width=36), "seen")
    for row in rows:
        table.add_row(*_cells(row))
    _console().print(table)
    say(f"{len(unseen)} that nobody has seen." if unseen else "Nothing that nobody has seen.")


def _cells(row: Alert) -> tuple[str, ...]:
    seen_by = f"{_time(row.seen_at)} {row.seen_by}" if row.seen_at is not None else "no"
    return (str(row.id), _time(row.at), row.kind, row.ssid, row.lea, row.tracking, seen_by)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


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
