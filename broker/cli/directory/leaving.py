"""`satchel lea remove`: a party leaves the exchange.

Promises: a removal has a reason and the operator's name, which is the account's by default; what is still open with
the party is shown, and then `--force` is needed.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from broker import offline
from broker.cli.acting import operator
from broker.core.days.state_time import told_in_utc
from broker.core.errors import NotDone
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.terminal.given import WhoOrAccountOption, WhyOption
from broker.verbs import directory
from broker.verbs.directory import Left, Removed


def remove(
    lea: Annotated[str, typer.Argument(metavar="ID", help="The party's id.")],
    why: WhyOption,
    who: WhoOrAccountOption = "",
    is_forced: Annotated[
        bool, typer.Option("--force", help="Remove it even if students are enrolled there, or transfers are open.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a party: it cannot log in, nothing new goes to it or comes from it, and its history stays."""
    done = _done(offline.build(home), lea, why, who, is_forced)
    if as_json:
        say(json.dumps({"id": lea, "removed_at": told_in_utc(done.at)} | asdict(done.left)))
        return
    say(f"{lea} is removed. It cannot log in, and nothing new goes to it or is taken from it. Its folder stays.")
    for line in _open(lea, done.left):
        say(f"  {line[0].upper()}{line[1:]}.")


def _done(services: offline.Offline, lea: str, why: str, who: str, is_forced: bool) -> Removed:
    """End the command with everything that is still open, where something is."""
    try:
        return directory.remove_party(services, lea, why, actor=operator(who), is_forced=is_forced)
    except NotDone as error:
        left = error.facts.get("left")
        if not isinstance(left, Left):
            raise
        fail(f"{lea} is not removed: {'; '.join(_open(lea, left))}. {_FIRST} --force removes it anyway.")


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
