"""`satchel lea remove`: a party leaves the exchange.

Promises: somebody says who and why; what is still open with the party is shown, and then it takes `--force`; all of it
is one transaction, so that there is no moment at which it has keys and is gone; nothing is deleted.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer
from sqlalchemy import Connection

from broker import offline
from broker.cli.students.disclosures import account
from broker.core.days.state_time import told_in_utc
from broker.core.model import LeaId
from broker.core.review import By
from broker.edge.ledger.again import committed
from broker.edge.ledger.parties import directory, removals
from broker.edge.ledger.parties.removals import Left
from broker.parties.pages import write_pages
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.terminal.given import WhoOrAccountOption, WhyOption


def remove(
    lea: Annotated[str, typer.Argument(metavar="ID", help="The party's id.")],
    why: WhyOption,
    who: WhoOrAccountOption = "",
    is_forced: Annotated[
        bool, typer.Option("--force", help="Also with students enrolled there, or transfers open.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a party leave: no login, nothing new to or from it; what it did stays."""
    by = By(who or account(), why)
    services = offline.build(home)
    now = services.clock()

    def let_go(connection: Connection) -> Left:
        if directory.party(connection, lea) is None:
            fail(f"{lea} is not in the directory; `satchel lea list` shows who is.")
        if lea in removals.standing(connection):
            fail(f"{lea} was removed already; `satchel lea add {lea}` takes it in again.")
        today = services.settings.today(services.time.day(now))
        left = removals.left(connection, LeaId(lea), today)
        if (left.students or left.transfers) and not is_forced:
            fail(f"{lea} is not removed: {'; '.join(_open(lea, left))}. {_FIRST} --force removes it all the same.")
        removals.remove(connection, LeaId(lea), by.who, by.why, now.timestamp())
        return left

    left = committed(services.engine, let_go)
    write_pages(services)
    if as_json:
        say(json.dumps({"id": lea, "removed_at": told_in_utc(now)} | asdict(left)))
        return
    say(f"{lea} is removed. It cannot log in, and nothing new goes to it or is taken from it. Its folder stays.")
    for line in _open(lea, left):
        say(f"  {line[0].upper()}{line[1:]}.")


_FIRST = "Let it send the exits of its students, and end its transfers with `satchel transfers cancel`."


def _open(lea: str, left: Left) -> Iterator[str]:
    """What is still open, in words."""
    if left.students:
        yield f"{_many(left.students, 'student')} enrolled there"
    if left.transfers:
        yield f"{_many(left.transfers, 'transfer')} open (`satchel transfers --lea {lea}`)"
    if left.packets_to_it:
        yield f"{_many(left.packets_to_it, 'packet', ' for it')} not taken"
    if left.packets_from_it:
        yield f"{_many(left.packets_from_it, 'packet', ' of it')} on the way"


def _many(count: int, what: str, which: str = "") -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}{which} {'is' if count == 1 else 'are'}"
