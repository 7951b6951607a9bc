"""`satchel status`: how the exchange is, in numbers, and what needs a person.

Promises: reads only; no student data; ends with 0 when all is well, with 3 when the exchange is not running, with 4
when something needs a person, who is told what, and the command that shows it, one line each; `--json` has the same.
"""

import json
import time
from collections.abc import Iterable
from typing import Any, NoReturn

import typer
from sqlalchemy.exc import DBAPIError

from broker import offline
from broker.cli.exchange import needs
from broker.cli.exchange.needs import Need
from broker.core.days.state_time import StateTime
from broker.edge.home.apart import silent
from broker.edge.home.disk_room import free
from broker.edge.home.folders import Home
from broker.edge.ledger.cases import follow_ups
from broker.edge.ledger.engine import reading
from broker.edge.ledger.packets import keeping, views
from broker.edge.ledger.people import reviews
from broker.edge.queue import redis_versions
from broker.edge.settings import passwords
from broker.offline import Offline
from broker.parties import marks
from broker.processes.part import is_alive, is_held, read_beats
from broker.terminal.common import NEEDS_SOMEBODY, NOT_RUNNING, HomeOption, JsonOption, fail, say, warn


def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Counts by state, queues, the oldest waiting packet, and which parts are alive.

    Ends with 0 when all is well, with 3 when the exchange is not running, with 4 when something needs a person.
    """
    try:
        services = offline.build(home)
        for sentence in () if as_json else passwords.shown_to_others(services.settings):
            warn(sentence)
        whole = _gathered(services) | _server(services)
        found = needs.of(services, whole)
    except (offline.Unreachable, DBAPIError) as error:
        why = str(error) if isinstance(error, offline.Unreachable) else offline.said_of(error)
        if why is None:
            raise
        _unreachable(why, as_json)
    code = NEEDS_SOMEBODY if found else 0
    code = code if whole["running"] else NOT_RUNNING
    if as_json:
        say(json.dumps(whole | {"code": code, "needs": [one._asdict() for one in found]}))
    else:
        _tell(whole, found, services.time)
    raise typer.Exit(code)


def _unreachable(why: str, as_json: bool) -> NoReturn:
    """Without its ledger nothing can be told of the exchange."""
    if as_json:
        needs_it = {"what": why.removesuffix("."), "see": "satchel status"}
        say(json.dumps({"code": NEEDS_SOMEBODY, "needs": [needs_it]}))
    fail(why, NEEDS_SOMEBODY)


def _parts(home: Home, now: float) -> list[dict[str, Any]]:
    return [
        {"part": beat["part"], "pid": beat["pid"], "alive": is_alive(beat, now), "ready": beat["ready"]}
        for beat in read_beats(home.run)
    ]


def _gathered(services: Offline) -> dict[str, Any]:
    """All numbers, as JSON can have them."""
    from broker.edge.queue.queues import Queues  # the other commands need none

    now = time.time()
    with reading(services.engine) as connection:
        oldest = views.oldest_waiting(connection)
        questions, asked = reviews.count_open(connection)
        told: dict[str, Any] = {
            "states": views.counts(connection),
            "queues": Queues(services.settings).waiting(),
            "oldest_waiting_seconds": round(now - oldest, 3) if oldest else None,
            "receipts_to_publish": views.unpublished(connection),
            "reviews_open": questions,
            "reviews_since": asked,
            "transfers_to_open": follow_ups.count(connection),
            "inboxes_lost": marks.lost(connection, services.home, services.apart),
        }
        waiting = keeping.waiting(connection)
    parts = _parts(services.home, now)
    return told | {
        "disk": _disk(services),
        "full": dict(_full(services, waiting)),
        "silent": {lea: round(now - since, 3) for lea, since in silent(services.home).items()},
        "parts": parts,
        "running": is_held(services.home.run) or any(part["alive"] for part in parts),
    }


def _server(services: Offline) -> dict[str, Any]:
    """Which server keeps the queues; whoever looks is warned of an old one."""
    from broker.edge.queue.queues import Queues  # the other commands need none

    found = Queues(services.settings).server()
    if found and (sentence := redis_versions.fault(found)):
        warn(sentence)
    return {"redis": f"{found.name} {found.version}" if found else None}


def _disk(services: Offline) -> dict[str, Any]:
    spare, reserve = free(services.home.vault), services.settings.intake.reserve_bytes
    return {"free_bytes": spare, "reserve_bytes": reserve, "intake_waits": spare <= reserve}


def _full(services: Offline, waiting: Any) -> Iterable[tuple[str, dict[str, int]]]:
    of = services.settings.intake
    for lea, (files, size) in sorted(waiting.items()):
        if lea and (files >= of.waiting_files or size >= of.waiting_bytes):
            yield lea, {"files": files, "bytes": size}


def _tell(whole: dict[str, Any], found: list[Need], state: StateTime) -> None:
    if "states" in whole:
        _tell_ledger(whole, state)
    parts = whole["parts"]
    shown = ", ".join(f"{p['part']} {'alive' if p['alive'] else 'DEAD'}" for p in parts)
    say(f"Parts: {shown or 'not running'}")
    if not whole["running"]:
        say("The exchange is not running: satchel up")
    if found:
        say("Needs a person:")
    for one in found:
        say(f"  {one.what}: {one.see}")


def _tell_ledger(whole: dict[str, Any], state: StateTime) -> None:
    counts, oldest = whole["states"], whole["oldest_waiting_seconds"]
    say("Packets: " + (", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "none yet"))
    say(f"Oldest waiting: {'nothing waits' if oldest is None else f'{oldest:.1f} s'}")
    if whole["reviews_open"]:
        since = state.told(whole["reviews_since"])
        say(f"To decide: {whole['reviews_open']}, the oldest since {since}; `satchel review list` shows them")
    if whole["transfers_to_open"]:
        say(f"Transfers to open: {whole['transfers_to_open']} students of a large packet are worked by and by")
    say("Queues: " + ("not running" if whole["queues"] is None else json.dumps(whole["queues"])))
