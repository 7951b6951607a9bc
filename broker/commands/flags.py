"""`satchel student flag | unflag` and `satchel alerts [list] | seen`: missing children, by the state's operator.

Promises: a flag is set and lifted only by somebody who says who and why (Utah 53A-11-502), each in one transaction; no
student's name is printed; alerts that nobody has seen come first, and stay so until somebody says that they were seen.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy import Connection

from broker import offline, wiring
from broker.commands.common import HomeOption, JsonOption, fail, say
from broker.core.review import By
from broker.edge.ledger import flags as ledger
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.flags import Alert
from broker.stages import missing
from broker.stages.services import Services

_PIPED_COLUMNS = 200
_MOST_SEEN = 1000

SsidArgument = Annotated[str, typer.Argument(metavar="SSID", help="The student's number.")]
WhoOption = Annotated[str, typer.Option(metavar="NAME", help="Who decides: your own name.")]
WhyOption = Annotated[str, typer.Option(metavar="TEXT", help="Why, in one line, without a student's name.")]


def flag(
    ssid: SsidArgument, who: WhoOption, why: WhyOption, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Flag a student as missing: nothing is sent on about the student, and the state hears of every request."""
    done = _decide(missing.put, ssid, who, why, home)
    if as_json:
        say(json.dumps({"ssid": done.ssid, "flagged": True}))
        return
    say(f"The student {done.ssid} is flagged. Nothing about the student is sent on until the flag is lifted.")


def unflag(
    ssid: SsidArgument, who: WhoOption, why: WhyOption, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Lift the flag of a student who is found: what was held goes on."""
    done = _decide(missing.lift, ssid, who, why, home)
    if as_json:
        say(json.dumps({"ssid": done.ssid, "flagged": False, "resumed": list(done.resumed)}))
        return
    say(f"The flag of the student {done.ssid} is lifted. Packets that were held and go on now: {len(done.resumed)}.")


def _decide(
    verb: Callable[[Services, Connection, str, str, str], missing.Done],
    ssid: str,
    who: str,
    why: str,
    home: Path | None,
) -> missing.Done:
    by = By(who, why)
    services = wiring.build(offline.build(home).settings.home, "flags")
    with writing(services.engine) as connection:
        return verb(services, connection, ssid, by.who, by.why)


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
    console = Console()
    if not console.is_terminal:
        console.width = _PIPED_COLUMNS
    console.print(table)
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
    with writing(services.engine) as connection:
        marked = ledger.seen(connection, ids, by.who, services.clock().timestamp())
        unseen = len(ledger.alerts_of(connection, is_seen=False))
    if as_json:
        say(json.dumps({"seen": marked, "unseen": unseen}))
        return
    say(f"{marked} marked as seen; {unseen} are left that nobody has seen.")
