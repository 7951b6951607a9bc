"""`satchel status`: the state of the exchange in numbers, and what needs a person.

Promises: reads only; no student data; ends with 0 when all is well, with 3 when the exchange is not running, with 4
when something needs a person: then it prints one line for each, with the command that shows it; `--json` has the same.
"""

import json
from dataclasses import asdict
from typing import NoReturn

import typer

from broker import offline
from broker.cli.acting import operator
from broker.cli.exchange.needs import Said, said
from broker.core.days.state_time import StateTime
from broker.edge.queue import redis_versions
from broker.edge.settings import passwords
from broker.terminal.common import NEEDS_SOMEBODY, NOT_RUNNING, HomeOption, JsonOption, fail, say, warn
from broker.verbs.installation import status as verbs
from broker.verbs.installation.status import Numbers


def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show packets by state, the oldest that waits, the queues, which parts are alive, and what needs a person.

    Ends with 0 when all is well, with 3 when the exchange is not running, with 4 when something needs a person.
    """
    try:
        services = offline.build(home)
        for sentence in () if as_json else passwords.shown_to_others(services.settings):
            warn(sentence)
        found = verbs.show(services, actor=operator())
    except Exception as error:
        why = str(error) if isinstance(error, offline.Unreachable) else offline.said_of(error)
        if why is None:
            raise
        _unreachable(why, as_json)
    if found.server and (sentence := redis_versions.fault(found.server)):
        warn(sentence)
    wants = [said(one) for one in found.needs]
    code = (NEEDS_SOMEBODY if wants else 0) if found.numbers.running else NOT_RUNNING
    if as_json:
        redis = {"redis": f"{found.server.name} {found.server.version}" if found.server else None}
        more = {"code": code, "needs": [one._asdict() for one in wants]}
        say(json.dumps(asdict(found.numbers) | redis | more))
    else:
        _tell(found.numbers, wants, services.time)
    raise typer.Exit(code)


def _unreachable(why: str, as_json: bool) -> NoReturn:
    """End the command: without its ledger nothing is known about the exchange."""
    if as_json:
        needs_it = {"what": why.removesuffix("."), "see": "satchel status"}
        say(json.dumps({"code": NEEDS_SOMEBODY, "needs": [needs_it]}))
    fail(why, NEEDS_SOMEBODY)


def _tell(numbers: Numbers, wants: list[Said], state: StateTime) -> None:
    _tell_ledger(numbers, state)
    shown = ", ".join(f"{one.part} {'alive' if one.alive else 'DEAD'}" for one in numbers.parts)
    say(f"Parts: {shown or 'not running'}")
    if not numbers.running:
        say("The exchange is not running; start it with `satchel up`.")
    if wants:
        say("Needs a person:")
    for one in wants:
        say(f"  {one.what}: {one.see}")


def _tell_ledger(numbers: Numbers, state: StateTime) -> None:
    counts, oldest = numbers.states, numbers.oldest_waiting_seconds
    say("Packets: " + (", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "none yet"))
    say(f"Oldest waiting: {'nothing waits' if oldest is None else f'{oldest:.1f} s'}")
    if numbers.reviews_open:
        since = state.told(numbers.reviews_since or 0.0)
        say(f"To decide: {numbers.reviews_open}, the oldest since {since}; `satchel review list` shows them")
    if numbers.transfers_to_open:
        say(f"Transfers to open: {numbers.transfers_to_open}, for students of a large packet, a few at a time")
    say("Queues: " + ("not running" if numbers.queues is None else json.dumps(numbers.queues)))
