"""`satchel send` and `fetch`: the LEA's folders by SFTP, for those without a program for it.

Promises: works without a home, on the LEA's own machine; progress goes to standard error, and only to a terminal;
errors are one sentence that says what to do.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from broker.commands.common import JsonOption, fail, say
from broker.commands.passphrase import PassphraseOption, passphrase_of
from broker.core.errors import Deferred
from broker.edge import sftp_transfer
from broker.edge.sftp_client import Account, ClientError, Line
from broker.edge.sftp_transfer import Outcome

_SERVER = re.compile(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:\[\]]+))(?::(\d{1,5}))?")
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")

ServerOption = Annotated[str, typer.Option("--server", help="The exchange's SFTP server: host or host:port.")]
UserOption = Annotated[str, typer.Option("--user", help="Your LEA's id.")]
IdentityOption = Annotated[Path, typer.Option("--identity", help="Your private SSH key.")]
KnownHostsOption = Annotated[Path | None, typer.Option("--known-hosts", help="A known_hosts file with the server.")]
HostKeyOption = Annotated[str, typer.Option("--host-key", help="The server's key fingerprint, SHA256:…")]


def _account(
    server: str, user: str, identity: Path, known_hosts: Path | None, host_key: str, passphrase_file: Path | None
) -> Account:
    found = _SERVER.fullmatch(server)
    port = int(found[3] or 22) if found else 0
    if found is None or not 0 < port < 65536:
        fail("--server must be a host or host:port, such as exchange.example:2222.", 2)
    if host_key and not _FINGERPRINT.fullmatch(host_key):
        fail("--host-key must be a fingerprint: SHA256: and 43 letters, as `ssh-keygen -l` prints it.", 2)
    if not known_hosts and not host_key:
        fail("Say how to know the server: give --known-hosts FILE or --host-key SHA256:….", 2)
    passphrase = passphrase_of(passphrase_file)
    return Account(found[1] or found[2], port, user, identity, known_hosts, host_key, passphrase)


@contextmanager
def _progress() -> Iterator[sftp_transfer.Progress]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int, size: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=size)
            bars.update(tasks[name], completed=done, total=size)

        yield show


def _report(outcomes: Sequence[Outcome], done: str, nothing: str, as_json: bool) -> None:
    failed = [one for one in outcomes if one.error]
    if as_json:
        say(json.dumps([asdict(one) for one in outcomes]))
    else:
        for one in outcomes:
            if not one.error:
                say(f"{done} {one.name} ({one.size} bytes) as {one.path}")
        if not outcomes:
            say(nothing)
    if failed:
        fail("\n".join(one.error for one in failed))


def send(
    files: Annotated[list[Path], typer.Argument(help="Sealed files.")],
    server: ServerOption,
    user: UserOption,
    identity: IdentityOption,
    known_hosts: KnownHostsOption = None,
    host_key: HostKeyOption = "",
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put sealed files into your outbox; a broken line is built again, and goes on where it broke."""
    account = _account(server, user, identity, known_hosts, host_key, passphrase_file)
    missing = [path for path in files if not path.is_file()]
    if missing:
        fail(f"{missing[0]} is not a file; name the sealed files to send.")
    try:
        with Line(account) as line, _progress() as show:
            outcomes = sftp_transfer.send(line, files, show)
    except (ClientError, Deferred) as error:
        fail(str(error))
    _report(outcomes, "Sent", "Nothing to send.", as_json)


def fetch(
    into: Annotated[Path, typer.Option(help="The folder for inbox, receipts and directory.")],
    server: ServerOption,
    user: UserOption,
    identity: IdentityOption,
    known_hosts: KnownHostsOption = None,
    host_key: HostKeyOption = "",
    passphrase_file: PassphraseOption = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the files on the server as well.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Get what lies in your inbox and receipts, and everyone's public keys."""
    account = _account(server, user, identity, known_hosts, host_key, passphrase_file)
    try:
        with Line(account) as line, _progress() as show:
            outcomes = sftp_transfer.fetch(line, into, show, remove=not keep)
    except (ClientError, Deferred) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or into} cannot be written: {error.strerror}.")
    _report(outcomes, "Fetched", "Nothing new.", as_json)
