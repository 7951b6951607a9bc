"""`satchel sshd-config`: the same folders served by a real OpenSSH.

Promises: prints a whole sshd_config whose first lines say what root must do once; writes the LEAs' key files only into
the folder that is given.
"""

from pathlib import Path
from typing import Annotated

import typer

from broker import offline
from broker.cli.acting import operator
from broker.terminal.common import HomeOption, say
from broker.verbs.installation.openssh import write_sshd_config


def generate(
    keys: Annotated[Path, typer.Option(help="The folder for the LEAs' key files, which their accounts can read.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 22,
    address: Annotated[str, typer.Option(help="The IP address to listen on; without it, all addresses.")] = "",
    home: HomeOption = None,
) -> None:
    """Print an sshd_config that serves every LEA's folder by OpenSSH, and write the LEAs' key files."""
    say(write_sshd_config(offline.build(home), keys, port, address, actor=operator()).rstrip("\n"))
