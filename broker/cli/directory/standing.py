"""`satchel lea suspend`, `resume` and `rename`: suspend a party for some time, resume it, or give it another name.

Promises: each change has the operator's name, which is the account's by default; none loses or moves a party's data.
"""

from typing import Annotated

import typer

from broker import offline
from broker.cli.acting import operator
from broker.cli.directory.home import warn_of_nameless
from broker.terminal.common import HomeOption, say
from broker.terminal.given import WhoOrAccountOption, WhyOption
from broker.verbs import directory

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The party's id.")]


def suspend(lea: IdArgument, why: WhyOption, who: WhoOrAccountOption = "", home: HomeOption = None) -> None:
    """Suspend a party: no login, what it has sent stays where it is, what is for it waits."""
    services = offline.build(home)
    directory.suspend_party(services, lea, why, actor=operator(who))
    say(f"{lea} is suspended. It cannot log in; what it has sent stays where it is; what is for it waits.")
    if not services.settings.sftp.enabled:
        say("Its own keys for OpenSSH are kept out by `satchel sshd-config`: run it again.")


def resume(lea: IdArgument, why: WhyOption = "", who: WhoOrAccountOption = "", home: HomeOption = None) -> None:
    """End a suspension: everything goes on."""
    directory.resume_party(offline.build(home), lea, why, actor=operator(who))
    say(f"{lea} is a party as before. What it has sent, and what waits for it, goes on.")


def rename(
    lea: IdArgument,
    name: Annotated[str, typer.Option(help="The LEA's full name from now on.")],
    why: WhyOption = "",
    who: WhoOrAccountOption = "",
    home: HomeOption = None,
) -> None:
    """Give a party another name; its id stays."""
    done = directory.rename_party(offline.build(home), lea, name, why, actor=operator(who))
    said = f"{lea} is called {name} from now on. While its keys are shown as {done.before!r}"
    say(f"{said}, nobody else can be called so:")
    say(f"ask it for a key with the new name, and take that in by `satchel lea key {lea}`.")
    warn_of_nameless(done.nameless)
