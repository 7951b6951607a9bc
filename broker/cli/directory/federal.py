"""`satchel exception add | list | end`: named legal exceptions to "no federal party".

Promises: an exception names one domain, its law, who decided and why, and is a line of the disclosure log (Utah
R277-484-6, 53E-9-308); when it ends, what it let in is taken back in the same transaction.
"""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from sqlalchemy import Connection

from broker import offline
from broker.cli.directory.federal_gate import take_back
from broker.core.access import Action, Role, judge
from broker.core.disclosure import Disclosure
from broker.core.parties import federal
from broker.core.review import By, is_one_line
from broker.edge.ledger import epoch
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import reading
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.parties import exceptions
from broker.edge.settings import federal_names
from broker.parties.pages import write_pages
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.terminal.given import WhoOption, WhyOption

_MOST_LAW = 200  # characters

DomainArgument = Annotated[str, typer.Argument(metavar="DOMAIN", help="A name of the internet, such as example.mil.")]


def add(
    domain: DomainArgument,
    law: Annotated[str, typer.Option(metavar="TEXT", help="The law that requires or allows it, with its section.")],
    who: WhoOption,
    why: WhyOption,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record that the law lets this federal name in, with all names under it."""
    services, by = offline.build(home), By(who, why)
    if not is_one_line(law, _MOST_LAW):
        fail(f"Say which law: one line of at most {_MOST_LAW} characters.", 2)
    try:
        name = federal.check_exception(domain, federal_names.load(services.settings.home))
    except ValueError as error:
        fail(str(error), 2)
    at = services.clock().timestamp()

    def record(connection: Connection) -> exceptions.LegalException:
        if any(one.domain == name for one in exceptions.standing(connection)):
            fail(f"There is an exception for {name} already; `satchel exception list` shows it.")
        made = exceptions.add(connection, name, law, by.why, by.who, at)
        purpose = f"{law}: {by.why}"
        disclosures.add(connection, [_line(at, Action.RECORD_EXCEPTION, name, by.who, purpose)])
        return made

    made = committed(services.engine, record)
    say(json.dumps(asdict(made)) if as_json else f"The exception for {name} is recorded; it is in the disclosure log.")


def list_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List every exception that was ever recorded, with its law."""
    services = offline.build(home)
    with reading(services.engine) as connection:
        known = exceptions.all_of(connection)
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
    """End an exception; keys that it let in are not valid any more, and nothing goes to them."""
    services, by = offline.build(home), By(who, why)
    name, at = federal.normal(domain), services.clock().timestamp()

    def put_an_end(connection: Connection) -> list[Disclosure]:
        one = next((one for one in exceptions.standing(connection) if one.domain == name), None)
        if one is None:
            fail(f"No exception stands for {name}; `satchel exception list` shows which do.")
        exceptions.end(connection, one.id, by.who, by.why, at)
        taken = take_back(services, connection, name)
        disclosures.add(connection, [_line(at, Action.END_EXCEPTION, name, by.who, by.why), *taken])
        epoch.advance(connection)  # what is being delivered now is looked at again
        return taken

    taken = committed(services.engine, put_an_end)
    write_pages(services)
    leas = sorted({line.party for line in taken})
    if as_json:
        say(json.dumps({"domain": name, "taken_back": [{"party": line.party, "what": line.what} for line in taken]}))
        return
    say(f"The exception for {name} is ended.")
    if leas:
        say(f"Keys are taken back from: {', '.join(leas)}. What goes to a party without a key waits.")


def _line(at: float, action: Action, domain: str, who: str, purpose: str) -> Disclosure:
    verdict = judge(Role.STATE_OPERATOR, action)
    return Disclosure(at, "", action, verdict.outcome, "", actor=who, what=domain, ground=verdict.word, purpose=purpose)
