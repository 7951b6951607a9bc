"""`satchel packets`, `packet`: show what happened to packets.

Promises: reads only; no student data; `--json` everywhere.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from broker import offline
from broker.cli.acting import operator
from broker.core.days.state_time import StateTime
from broker.core.model import State
from broker.terminal import given, tables
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.verbs import packets as verbs
from broker.verbs.packets import History, Line, Published, Step, Wanted

_MOST_ALIKE = 20
_A_DAY = "a day, such as 2026-11-23"


def packets(
    state: Annotated[str, typer.Option(help="Only packets in this state.")] = "",
    lea: Annotated[str, typer.Option(help="Only packets from or to this LEA.")] = "",
    file: Annotated[str, typer.Option(help="Only packets with this text in their file name.")] = "",
    day: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Only packets received on this day (UTC).")] = "",
    ssid: Annotated[str, typer.Option(help="Only packets about the student with this number.")] = "",
    tracking: Annotated[str, typer.Option(help="Only packets whose tracking id begins with this.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most this many, newest first.")] = 100,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List packets, newest first."""
    if state and state.upper() not in State.__members__:
        fail(f"--state must be one of: {', '.join(State)}.", 2)
    on = given.day(day, "--day", _A_DAY) if day else None
    services = offline.build(home)
    wanted = Wanted(state.upper(), lea, file, _span(services.time, on) if on else None, ssid, tracking.lower())
    rows = verbs.list_packets(services, wanted, actor=operator(), size=limit).rows
    if as_json:
        say(json.dumps([asdict(one) for one in rows]))
        return
    if not rows:
        say("No packet fits these options." if any(wanted) else "There is no packet yet.")
        return
    _list(rows, services.time)


def _span(time: StateTime, day: date) -> tuple[float, float]:
    try:
        return time.begins(day), time.ends(day)
    except OverflowError:  # the last possible day
        fail(f"--day must be {_A_DAY}.", 2)


def _when(at: float | None, time: StateTime) -> str:
    return time.told(at, "milliseconds") if at else ""


def _list(rows: Sequence[Line], time: StateTime) -> None:
    columns = ("tracking", "type", "from", "to", "state", "why", "received", "file")
    cells = (
        (
            row.tracking,
            row.type,
            row.origin or "exchange",
            row.receiver,
            row.state,
            row.code or row.held_for,
            _when(row.received_at, time),
            row.source_name,
        )
        for row in rows
    )
    tables.show(columns, cells)


def packet(
    tracking: Annotated[
        str, typer.Argument(help="The tracking id, or its beginning: it is the first part of the names of files.")
    ],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the history of one packet."""
    services, actor, wanted = offline.build(home), operator(), Wanted(tracking=_bare(tracking))
    begins = verbs.list_packets(services, wanted, actor=actor, size=_MOST_ALIKE).rows if tracking else ()
    if len(begins) > 1:
        _list(begins, services.time)
        more = f" (the newest {_MOST_ALIKE})" if len(begins) == _MOST_ALIKE else ""
        fail(f"{len(begins)} packets{more} have a tracking id that begins with {tracking}; give more of it.")
    found = verbs.show(services, begins[0].tracking if begins else tracking, actor=actor)
    if as_json:
        say(json.dumps(asdict(found.packet) | {name: [asdict(one) for one in some] for name, some in _lists(found)}))
        return
    _tell(found, services.time)


def _lists(found: History) -> Iterable[tuple[str, Sequence[Step | Published]]]:
    return ("events", found.steps), ("receipts", found.receipts)


def _bare(tracking: str) -> str:
    """The tracking id in what may be a file's whole name."""
    return tracking.rpartition("/")[2].partition(".")[0].lower()


def _tell(found: History, time: StateTime) -> None:
    one = found.packet
    say(f"{one.tracking}  {one.type or 'not opened yet'}  {one.size} bytes  sha256 {one.sha256}")
    say(f"from {one.origin or 'the exchange'} to {one.receiver or 'not known yet'}: now {one.state}")
    if one.source_name:
        say(f"dropped as {tables.plain(one.source_name)}")
    if one.deferrals and State(one.state) in (State.RECEIVED, State.ADMITTED, State.ROUTED):
        say(f"set back {one.deferrals} times; the next try is at {_when(one.due_at, time)}")
    for step in found.steps:
        say(f"  {_when(step.at, time)}  {step.after}" + (f" ({step.why})" if step.why else ""))
    for receipt in found.receipts:
        say(f"  receipt {receipt.n} {receipt.state} for {receipt.party}")
