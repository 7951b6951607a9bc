"""`satchel status`, `packets`, `packet`: to see what happened.

Promises: reads only; no student data; `--json` everywhere.
"""

import json
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from broker import offline
from broker.commands.common import HomeOption, JsonOption, fail, say, warn
from broker.core.model import State
from broker.edge import passwords, redis_versions
from broker.edge.apart import silent
from broker.edge.ledger import follow_ups, keeping, reviews, views
from broker.edge.ledger.engine import reading
from broker.edge.room import free
from broker.part import is_alive, read_beats
from broker.stages import marks

_PIPED_COLUMNS = 200


def _when(at: float | None) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds") if at else ""


def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Counts by state, queues, the oldest waiting packet, and which parts are alive."""
    from broker.edge.queues import Queues  # the other commands need none

    services = offline.build(home)
    for sentence in passwords.shown_to_others(services.settings):
        warn(sentence)
    queues = Queues(services.settings)
    server = queues.server()
    if server and (sentence := redis_versions.fault(server)):
        warn(sentence)
    now = time.time()
    with reading(services.engine) as connection:
        counts = views.counts(connection)
        oldest = views.oldest_waiting(connection)
        unpublished = views.unpublished(connection)
        questions, asked = reviews.count_open(connection)
        students = follow_ups.count(connection)
        lost = marks.lost(connection, services.home, services.apart)
        waiting = keeping.waiting(connection)
    of = services.settings.intake
    full = {
        lea: {"files": files, "bytes": size}
        for lea, (files, size) in sorted(waiting.items())
        if lea and (files >= of.waiting_files or size >= of.waiting_bytes)
    }
    spare = free(services.home.vault)
    disk = {"free_bytes": spare, "reserve_bytes": of.reserve_bytes, "intake_waits": spare <= of.reserve_bytes}
    parts = [
        {"part": beat["part"], "pid": beat["pid"], "alive": is_alive(beat, now), "ready": beat["ready"]}
        for beat in read_beats(services.home.run)
    ]
    whole = {
        "states": counts,
        "redis": f"{server.name} {server.version}" if server else None,
        "queues": queues.waiting(),
        "oldest_waiting_seconds": round(now - oldest, 3) if oldest else None,
        "receipts_to_publish": unpublished,
        "reviews_open": questions,
        "transfers_to_open": students,
        "inboxes_lost": lost,
        "disk": disk,
        "full": full,
        "silent": {lea: round(now - since, 3) for lea, since in silent(services.home).items()},
        "parts": parts,
    }
    if as_json:
        say(json.dumps(whole))
        return
    say("Packets: " + (", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "none yet"))
    say(f"Oldest waiting: {f'{now - oldest:.1f} s' if oldest else 'nothing waits'}")
    if questions:
        say(f"To decide: {questions}, the oldest since {_when(asked)}; `satchel review list` shows them")
    if students:
        say(f"Transfers to open: {students} students of a large packet are worked by and by")
    if lost:
        say(
            f"Inboxes that are not there, or not the known ones: {', '.join(lost)}; nothing is put there or counts as"
            f" collected. Mount them, or `satchel lea inbox`"
        )
    if disk["intake_waits"]:
        say(f"Disk: {spare} bytes are free, and {of.reserve_bytes} are the reserve: nothing is taken in; make room")
    for lea, has in full.items():
        say(f"LEA {lea}: {has['files']} of its files have not ended; its outbox waits until that is less")
    for lea, since in silent(services.home).items():
        say(f"LEA {lea}: its folder does not answer since {_when(since)}; see that its mount is up")
    say("Queues: " + ("not running" if whole["queues"] is None else json.dumps(whole["queues"])))
    say("Parts: " + (", ".join(f"{p['part']} {'alive' if p['alive'] else 'DEAD'}" for p in parts) or "not running"))


def packets(
    state: Annotated[str, typer.Option(help="Only packets in this state.")] = "",
    lea: Annotated[str, typer.Option(help="Only packets from or to this LEA.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, newest first.")] = 100,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List packets, newest first."""
    if state and state.upper() not in State.__members__:
        fail(f"--state must be one of: {', '.join(State)}.", 2)
    services = offline.build(home)
    with reading(services.engine) as connection:
        rows = views.listing(connection, state.upper(), lea, limit)
    if as_json:
        say(json.dumps(rows))
        return
    table = Table(Column("tracking", no_wrap=True, min_width=36), "type", "from", "to", "state", "why", "received")
    for row in rows:
        why = row["code"] or row["held_for"]
        table.add_row(
            row["tracking"],
            row["type"],
            row["origin"] or "exchange",
            row["receiver"],
            row["state"],
            why,
            _when(row["received_at"]),
        )
    console = Console()
    if not console.is_terminal:  # whoever reads a pipe wants whole ids, and not 80 columns
        console.width = _PIPED_COLUMNS
    console.print(table)


def packet(
    tracking: Annotated[str, typer.Argument(help="The tracking id: the first part of a file's name.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the history of one packet."""
    services = offline.build(home)
    with reading(services.engine) as connection:
        found = views.history(connection, tracking)
    if found is None:
        fail(f"There is no packet {tracking}; `satchel packets` lists them.")
    if as_json:
        say(json.dumps(found))
        return
    _tell(found)


def _tell(found: dict[str, Any]) -> None:
    say(f"{found['tracking']}  {found['type'] or 'not opened yet'}  {found['size']} bytes  sha256 {found['sha256']}")
    say(f"from {found['origin'] or 'the exchange'} to {found['receiver'] or 'not known yet'}: now {found['state']}")
    for step in found["events"]:
        say(f"  {_when(step['at'])}  {step['after']}" + (f" ({step['why']})" if step["why"] else ""))
    for paper in found["receipts"]:
        say(f"  receipt {paper['n']} {paper['state']} for {paper['party']}")
