"""`satchel lea mapping`: what an LEA's own columns, codes and dates are to the exchange.

Promises: a faulty file changes nothing, and all its faults are told; what held before is kept in the ledger.
"""

from pathlib import Path
from typing import Annotated

import typer

from broker import offline
from broker.cli.acting import operator
from broker.formats.mapping.reading import MOST_BYTES
from broker.terminal.common import HomeOption, fail, say
from broker.terminal.files import read
from broker.terminal.given import WhoOrAccountOption, WhyOption
from broker.verbs.installation import mappings
from broker.verbs.installation.mappings import Given


def mapping(
    lea: Annotated[str, typer.Argument(metavar="ID", help="The LEA's id.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Its mapping.toml; without it, the present one is shown.")
    ] = None,
    is_removed: Annotated[bool, typer.Option("--remove", help="End the mapping.")] = False,
    why: WhyOption = "",
    who: WhoOrAccountOption = "",
    home: HomeOption = None,
) -> None:
    """Show an LEA's mapping, or enter a new one: what its own columns, codes and dates are to the exchange."""
    if file and is_removed:
        fail("Give a file, or --remove.", 2)
    services, actor = offline.build(home), operator(who)
    if is_removed:
        mappings.remove_mapping(services, lea, why, actor=actor)
        say(f"{lea} has no mapping any more. What it has sent is read as before.")
    elif file is None:
        say(mappings.mapping_of(services, lea, actor=actor).rstrip("\n"))
    else:
        given = Given(str(file), lambda: read(file, MOST_BYTES, "take out what is not used"))
        rules = mappings.set_mapping(services, lea, given, why, actor=actor)
        say(f"{lea} has this mapping now, with the mark {rules.mark}. What comes in from now on is read by it.")
