"""`satchel exception add | list | end`: named legal exceptions to "no federal party".

Promises: an exception names one domain, its law, who decided and why (Utah R277-484-6, 53E-9-308).
"""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from broker import offline
from broker.cli.acting import operator
from broker.cli.directory.paged import every
from broker.core.actor import Actor
from broker.terminal.common import HomeOption, JsonOption, say
from broker.terminal.given import WhoOption, WhyOption
from broker.verbs import exceptions

DomainArgument = Annotated[str, typer.Argument(metavar="DOMAIN", help="An internet domain, such as example.mil.")]


def add(
    domain: DomainArgument,
    law: Annotated[str, typer.Option(metavar="TEXT", help="The law that requires or allows it, with its section.")],
    who: WhoOption,
    why: WhyOption,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record that a law allows this federal domain, with all domains under it."""
    made = exceptions.record_exception(offline.build(home), domain, law, why, actor=Actor(who))
    told = f"The exception for {made.domain} is recorded; it is in the disclosure log."
    say(json.dumps(asdict(made)) if as_json else told)


def list_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List all exceptions, also those that have ended, with their laws."""
    services, actor = offline.build(home), operator()
    known = list(every(0, lambda after: exceptions.list_exceptions(services, actor=actor, after=after)))
    if as_json:
        say(json.dumps([asdict(one) for one in known]))
        return
    for one in known:
        say(f"{one.domain}: {one.law}. Recorded {services.time.day(one.at)} by {one.who}: {one.why}")
        if one.ended_at is not None:
            say(f"  Ended {services.time.day(one.ended_at)} by {one.ended_by}: {one.ended_why}")
    if not known:
        say("No exception was ever recorded.")


def end(
    domain: DomainArgument, who: WhoOption, why: WhyOption, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """End an exception: the keys that it allowed are no longer valid, and nothing is sealed to them."""
    done = exceptions.end_exception(offline.build(home), domain, why, actor=Actor(who))
    if as_json:
        say(json.dumps({"domain": done.domain, "taken_back": [asdict(one) for one in done.lost]}))
        return
    say(f"The exception for {done.domain} is ended.")
    if leas := sorted({one.party for one in done.lost}):
        say(f"These parties have lost keys: {', '.join(leas)}. Packets for a party without a key wait.")
