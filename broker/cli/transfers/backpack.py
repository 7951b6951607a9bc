"""`satchel backpack list | show`: which parts the Student Record Store holds, without their content.

Promises: reads only; numbers, sizes and times, and no content; `--json` everywhere.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from broker import offline
from broker.cli.acting import operator
from broker.core.days.state_time import StateTime, told_in_utc
from broker.terminal import tables
from broker.terminal.common import HomeOption, JsonOption, say
from broker.verbs import record_store
from broker.verbs.record_store import Part


def list_(
    lea: Annotated[str, typer.Option(help="Only what this LEA has sent.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most this many, newest first.")] = 100,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the backpacks in the record store, newest first."""
    services = offline.build(home)
    found = record_store.list_parts(services, actor=operator(), lea=lea, size=limit)
    parts = [_told(one, one.ended_at is None) for one in found.rows]
    if as_json:
        say(json.dumps(parts))
    else:
        _table(parts, services.time)


def show(
    ssid: Annotated[str, typer.Argument(metavar="SSID", help="The student's number.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every version of one student's backpack, by LEA, and which versions are current."""
    services = offline.build(home)
    held = record_store.of_student(services, ssid, actor=operator())
    parts = [_told(one, one.tracking in held.current) for one in held.parts]
    if as_json:
        say(json.dumps(parts))
    elif not parts:
        say(f"The record store holds nothing of {ssid}.")
    else:
        _table(parts, services.time)
        say(f"{len(held.current)} of {len(parts)} are current, {sum(one.size for one in held.parts)} bytes in all.")


def _told(part: Part, is_current: bool) -> dict[str, Any]:
    times = {"at": told_in_utc(part.at), "ended_at": "" if part.ended_at is None else told_in_utc(part.ended_at)}
    return asdict(part) | times | {"current": is_current}


def _table(parts: Iterable[dict[str, Any]], state: StateTime) -> None:
    rows = []
    for one in parts:
        year = str(one["school_year"] or "")
        current = "yes" if one["current"] else "no"
        shown = [
            one["ssid"],
            one["lea"],
            str(one["version"]),
            one["mode"],
            state.told(datetime.fromisoformat(one["at"])),
            year,
            str(one["size"]),
            current,
        ]
        rows.append([*shown, one["tracking"]])
    tables.show(("SSID", "LEA", "version", "mode", "of", "school year", "bytes", "current", "tracking"), rows)
