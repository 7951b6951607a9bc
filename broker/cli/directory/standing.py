"""`satchel lea suspend`, `resume` and `rename`: a party for a time kept out, let in again, or called otherwise.

Promises: somebody says who and why; each is one transaction; nothing of a party is lost or moved by any of them.
"""

from typing import Annotated

import typer
from sqlalchemy import Connection

from broker import offline
from broker.cli.directory import federal_gate
from broker.cli.directory.home import check_free, check_name, nameless, warn_of_nameless
from broker.cli.students.disclosures import account
from broker.core.model import LeaId
from broker.core.review import By
from broker.edge.ledger.again import committed
from broker.edge.ledger.parties import directory, removals, suspensions
from broker.edge.settings import federal_names
from broker.parties import keys
from broker.parties.pages import write_pages
from broker.terminal.common import HomeOption, fail, say
from broker.terminal.given import WhoOrAccountOption, WhyOption

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The party's id.")]


def _check(connection: Connection, lea: str) -> None:
    if directory.party(connection, lea) is None:
        fail(f"{lea} is not in the directory; `satchel lea list` shows who is.")
    if lea in removals.standing(connection):
        fail(f"{lea} was removed; `satchel lea add {lea}` takes it in again.")


def suspend(lea: IdArgument, why: WhyOption, who: WhoOrAccountOption = "", home: HomeOption = None) -> None:
    """Suspend a party: no login, what it has sent stays where it is, what is for it waits."""
    by, services = By(who or account(), why), offline.build(home)

    def change(connection: Connection) -> None:
        _check(connection, lea)
        if not suspensions.suspend(connection, LeaId(lea), services.clock().timestamp(), by.who, by.why):
            fail(f"{lea} is suspended already; `satchel lea resume {lea}` ends it.")

    committed(services.engine, change)
    say(f"{lea} is suspended. It cannot log in; what it has sent stays where it is; what is for it waits.")
    if not services.settings.sftp.enabled:
        say("Its own keys for OpenSSH are kept out by `satchel sshd-config`: run it again.")


def resume(lea: IdArgument, why: WhyOption = "", who: WhoOrAccountOption = "", home: HomeOption = None) -> None:
    """End a suspension: everything goes on."""
    by, services = (who or account(), why), offline.build(home)

    def change(connection: Connection) -> None:
        _check(connection, lea)
        if not suspensions.resume(connection, LeaId(lea), services.clock().timestamp(), *by):
            fail(f"{lea} is not suspended.")

    committed(services.engine, change)
    say(f"{lea} is a party as before. What it has sent, and what waits for it, goes on.")


def rename(
    lea: IdArgument,
    name: Annotated[str, typer.Option(help="The LEA's full name from now on.")],
    why: WhyOption = "",
    who: WhoOrAccountOption = "",
    home: HomeOption = None,
) -> None:
    """Give a party another name; its id stays."""
    check_name(name)
    services = offline.build(home)
    names = federal_names.load(services.settings.home)

    def change(connection: Connection) -> str:
        _check(connection, lea)
        known = directory.party(connection, lea)
        before = known.name if known else ""
        if before == name:
            fail(f"{lea} is called so already.")
        check_free(keys.others(connection, services), lea, name)
        federal_gate.enter(services, connection, lea, [federal_gate.name_of(names, lea, name)])
        directory.rename(connection, LeaId(lea), name, services.clock().timestamp(), who or account(), why)
        return before

    shown = nameless(services)
    with federal_gate.guarded(services):
        before = committed(services.engine, change)
    write_pages(services)
    say(f"{lea} is called {name} from now on. While its keys are shown as {before!r}, nobody else can be called so:")
    say(f"ask it for a key with the new name, and take that in by `satchel lea key {lea}`.")
    warn_of_nameless(services, shown)
