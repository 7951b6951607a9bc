"""`satchel sshd-config`: the same folders served by a real OpenSSH.

Promises: prints a whole sshd_config whose first lines tell what to do once as root; writes the LEAs' key files only
where it is asked to.
"""

from pathlib import Path
from typing import Annotated

import typer

from broker import offline
from broker.cli.directory.federal_gate import check_settings
from broker.edge.home.durable import write_atomic
from broker.edge.ledger.engine import reading
from broker.edge.ledger.parties import directory, removals
from broker.edge.sftp import sshd_config
from broker.terminal.common import HomeOption, fail, say


def generate(
    keys: Annotated[Path, typer.Option(help="The folder for the LEAs' key files, which their accounts can read.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 22,
    address: Annotated[str, typer.Option(help="The IP address to listen on; all of them without it.")] = "",
    home: HomeOption = None,
) -> None:
    """Print an sshd_config that serves every LEA's folder by OpenSSH, and write the LEAs' key files."""
    services = offline.build(home)
    check_settings(services)
    with reading(services.engine) as connection:
        lines = {one.id: directory.ssh_keys_of(connection, one.id) for one in removals.present(connection)}
    users = [sshd_config.system_user(lea) for lea in lines]
    try:
        strict = services.settings.sftp.post_quantum_only
        text = sshd_config.generate(
            services.settings.home, users, keys.absolute(), port, address, post_quantum_only=strict
        )
        keys.mkdir(mode=0o755, exist_ok=True)
        for lea, known in lines.items():
            write_atomic(keys / lea, sshd_config.authorized_keys(known).encode(), 0o644)
    except ValueError as error:
        fail(f"{error}")
    except OSError as error:
        fail(f"{keys} cannot be written: {error.strerror}.")
    say(text.rstrip("\n"))
