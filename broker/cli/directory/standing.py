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
    """Suspend a party: it cannot log in, the packets that it sent stay where they are, and packets for it wait."""
    services = offline.build(home)
    directory.suspend_party(services, lea, why, actor=operator(who))
    say(f"{lea} is suspended. It cannot log in; the packets that it sent stay where they are; packets for it wait.")
    if not services.settings.sftp.enabled:
        say("OpenSSH lets it in until you run `satchel sshd-config` again.")


def resume(lea: IdArgument, why: WhyOption = "", who: WhoOrAccountOption = "", home: HomeOption = None) -> None:
    """End a suspension: the party can log in, and all its packets go on."""
    directory.resume_party(offline.build(home), lea, why, actor=operator(who))
    say(f"{lea} is a party as before. The packets that it sent, and those that wait for it, go on.")


def rename(
    lea: IdArgument,
    name: Annotated[str, typer.Option(help="The LEA's full name from now on.")],
    why: WhyOption = "",
    who: WhoOrAccountOption = "",
    home: HomeOption = None,
) -> None:
    """Give a party another name; its id stays."""
    done = directory.rename_party(offline.build(home), lea, name, why, actor=operator(who))
    say(
        f"{lea} is called {name} from now on. Its keys still show the name {done.before!r}, which nobody else can have."
    )
    say(f"Ask it for a key with the new name, and enter that with `satchel lea key {lea}`.")
    warn_of_nameless(done.nameless)
