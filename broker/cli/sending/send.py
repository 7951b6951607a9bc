"""`satchel send`: sealed files, or all files of one folder.

Owns the options. Promises: sealed files need no key here, and a folder needs one; options that say nothing to what is
sent are refused.
"""

from pathlib import Path
from typing import Annotated

import typer

from broker.cli.sending import told
from broker.cli.sending.night import Night, found_in
from broker.client import transfer
from broker.client.journal import opened
from broker.client.own_mapping import MappingOption, mapping_text
from broker.client.sealing import Sealer
from broker.client.transfer import HostKeyOption, IdentityOption, KnownHostsOption, ServerOption, UserOption
from broker.edge.bounded.warden import NoWard
from broker.edge.home.folders import lea_id
from broker.edge.sftp.client.line import Account
from broker.terminal.common import JsonOption, fail
from broker.terminal.endings import sentence
from broker.terminal.passphrase import PassphraseOption
from broker.terminal.patience import Patience

_WAIT_SECONDS, _LONGEST_SECONDS = 300.0, 86_400.0


def send(
    files: Annotated[list[Path], typer.Argument(help="Sealed files, or one folder.", show_default=False)],
    server: ServerOption,
    user: UserOption,
    identity: IdentityOption,
    known_hosts: KnownHostsOption = None,
    host_key: HostKeyOption = "",
    key: Annotated[
        Path | None, typer.Option("--key", help="For a folder: your secret OpenPGP key.", show_default=False)
    ] = None,
    to: Annotated[
        list[Path] | None, typer.Option("--to", help="For a folder: the exchange's public key.", show_default=False)
    ] = None,
    wait: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=_LONGEST_SECONDS,
            help="For a folder: the most seconds to wait for receipts.",
            show_default=f"{_WAIT_SECONDS:.0f}",
        ),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            help="For a folder: where `satchel fetch` puts receipts, which are read, too.", show_default=False
        ),
    ] = None,
    mapping: MappingOption = None,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put sealed files, or the documents of a folder, into your outbox; if the connection breaks, Satchel makes a new
    one and goes on.

    Each document of a folder is checked and sealed first, and a faulty one is not sent. Then the command waits for the
    receipts, and tells what became of each file. Broken off, it goes on where it was when it is given again; nothing is
    sent twice. It ends with 0 where all is good, with 1 where a file was not sent or lines of it come back, with 2
    where one cannot be read, and with 5 where a receipt refuses one.
    """
    account = transfer.account_of(server, user, identity, known_hosts, host_key, passphrase_file)
    if not any(path.is_dir() for path in files):
        if key or to or into or mapping or wait is not None:
            fail("--key, --to, --into, --mapping and --wait are for a folder; sealed files are sent as they are.", 2)
        transfer.send_files(files, account, as_json=as_json)
        return
    if len(files) > 1:
        fail("Name one folder alone, or sealed files.", 2)
    if not key or not to:
        fail("To send a folder, give your secret key with --key, and the exchange's public key with --to.", 2)
    try:
        lea_id(user)
    except ValueError as error:
        fail(f"--user is no LEA's id: {error}.", 2)
    _send_folder(files[0], account, Sealer(key, to, passphrase_file), into, wait, mapping_text(mapping), as_json)


def _send_folder(
    folder: Path,
    account: Account,
    sealer: Sealer,
    into: Path | None,
    wait: float | None,
    mapping: str,
    as_json: bool,
) -> None:
    sealer.seal(b"{}")  # a key that cannot sign is told now, and not after a thousand checks
    patience = Patience(f"{account.host} port {account.port}", "The same command goes on where it was.")
    try:
        files = found_in(folder)
        with opened(folder, frozenset(path.name for path in files)) as journal:
            night = Night(account, journal, sealer, into / "receipts" if into else None, mapping)
            patience.run(lambda: night.run(files, _WAIT_SECONDS if wait is None else wait, patience))
    except NoWard:
        fail("The process that reads files did not start; see whether this computer has memory left, and try again.")
    except OSError as error:
        fail(sentence(error))
    told.tell(night, as_json=as_json)
