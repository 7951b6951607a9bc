"""`satchel send` of sealed files and `fetch`: the LEA's folders over SFTP, for users without an SFTP program.

Promises: works without a home, on the LEA's own machine; a file that the exchange would surely refuse is not sent;
progress goes to standard error, and only to a terminal; the command says what it waits for; errors are one sentence
that says what to do; Ctrl-C ends at once; `fetch` ends with what happened to each file, and with 5 where something new
was refused.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn

from broker.client import answers, fetched, outgoing
from broker.client.answers import SentPackets
from broker.client.readable import AsOption, Form, StateOption
from broker.core.errors import Deferred
from broker.core.files.outgoing import Recognised
from broker.edge.settings.values import Limits
from broker.edge.sftp.client import transfer
from broker.edge.sftp.client.line import Account, ClientError, Line
from broker.edge.sftp.client.transfer import Outcome
from broker.terminal import bars
from broker.terminal.common import REFUSED, JsonOption, fail, say, warn
from broker.terminal.passphrase import PassphraseOption, passphrase_of
from broker.terminal.patience import Patience

_SERVER = re.compile(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:\[\]]+))(?::(\d{1,5}))?")
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")

ServerOption = Annotated[str, typer.Option("--server", help="The exchange's SFTP server: host or host:port.")]
UserOption = Annotated[str, typer.Option("--user", help="Your LEA's id.")]
IdentityOption = Annotated[Path, typer.Option("--identity", help="Your private SSH key.")]
KnownHostsOption = Annotated[Path | None, typer.Option("--known-hosts", help="A known_hosts file with the server.")]
HostKeyOption = Annotated[str, typer.Option("--host-key", help="The server's key fingerprint, SHA256:…")]


def account_of(
    server: str, user: str, identity: Path, known_hosts: Path | None, host_key: str, passphrase_file: Path | None
) -> Account:
    """The account of these options; ends the command where they make none."""
    found = _SERVER.fullmatch(server)
    port = int(found[3] or 22) if found else 0
    if found is None or not 0 < port < 65536:
        fail("--server must be a host or host:port, such as exchange.example:2222.", 2)
    if host_key and not _FINGERPRINT.fullmatch(host_key):
        fail("--host-key must be a fingerprint: SHA256: and 43 letters, as `ssh-keygen -l` prints it.", 2)
    if not known_hosts and not host_key:
        fail(
            "Say by which key the server is known: give --host-key SHA256:…, which the state tells you, or"
            " --known-hosts FILE.",
            2,
        )
    passphrase = passphrase_of(passphrase_file)
    return Account(found[1] or found[2], port, user, identity, known_hosts, host_key, passphrase)


@contextmanager
def progress(patience: Patience) -> Iterator[transfer.Progress]:
    """Shows how far the present file is, and tells `patience` that something moves."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with bars.progress(*columns) as shown:
        task = shown.add_task("", total=None)  # one bar for the present file: thousands would fill the screen

        def show(name: str, done: int, size: int) -> None:
            patience.moved()
            shown.update(task, description=name, completed=done, total=size)

        yield show


def _patience(account: Account, left: str) -> Patience:
    return Patience(f"{account.host} port {account.port}", left)


def send_files(files: Sequence[Path], account: Account, *, as_json: bool) -> None:
    """Put sealed files into the outbox, and say so; ends the command where one of them must not or cannot be sent."""
    missing = [path for path in files if not path.is_file()]
    if missing:
        fail(f"{missing[0]} is not a file; name the sealed files to send.")
    recognised = {path: outgoing.unsent(path, Limits()) for path in files}
    _refuse([sentence for _, sentence in recognised.values()])
    patience = _patience(account, "What was sent in part is not taken in; send the same files again, and it goes on.")
    try:
        outcomes = patience.run(
            lambda: _send(account, {path: kind for path, (kind, _) in recognised.items()}, patience)
        )
    except (ClientError, Deferred) as error:
        fail(str(error))
    if as_json:
        say(json.dumps([_told(one) for one in outcomes]))
    else:
        for one in outcomes:
            if not one.error:
                say(f"Sent {one.name} ({one.size} bytes) as {one.path}")
    _refuse([one.error for one in outcomes])


def _refuse(sentences: Sequence[str]) -> None:
    if any(sentences):
        fail("\n".join(filter(None, sentences)))


def _told(one: Outcome) -> dict[str, Any]:
    return {"name": one.name, "path": one.path, "size": one.size, "error": one.error}


def _send(account: Account, recognised: Mapping[Path, Recognised], patience: Patience) -> list[Outcome]:
    """Check with the exchange's key in the directory that it can open the files; then send them, and note what was
    sent."""
    most = Limits().certificate_bytes
    with Line(account, say=warn) as line, progress(patience) as show:
        keys = [transfer.small(line, f"/directory/{name}.asc", most) for name in ("exchange", account.user)]
        _refuse([outgoing.misaddressed(path, one, *keys) for path, one in recognised.items()])
        outcomes = transfer.send(line, list(recognised), show)
    sent = SentPackets(account)
    for path, one in zip(recognised, outcomes, strict=True):
        if not one.error:
            sent.add(path, PurePosixPath(one.path).name)
    return outcomes


def fetch(
    into: Annotated[Path, typer.Option(help="The folder for inbox, receipts and directory.")],
    server: ServerOption,
    user: UserOption,
    identity: IdentityOption,
    known_hosts: KnownHostsOption = None,
    host_key: HostKeyOption = "",
    passphrase_file: PassphraseOption = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the files on the server as well.")] = False,
    is_opening: Annotated[bool, typer.Option("--open", help="Open what has come, each file beside itself.")] = False,
    as_: AsOption = None,
    key: Annotated[Path | None, typer.Option("--key", help="With --open: your secret OpenPGP key.")] = None,
    key_passphrase_file: Annotated[
        Path | None, typer.Option(help="With --open: a file with the passphrase of that key.")
    ] = None,
    state: StateOption = "UT",
    as_json: JsonOption = False,
) -> None:
    """Get what is in your inbox and receipts, and everyone's public keys.

    Ends with what became of each file that you sent; with exit code 5 where a new receipt refuses one.
    """
    if is_opening == (key is None) or (as_ and not is_opening):
        fail("To open what has come, give --open and --key; --as goes with them.", 2)
    account = account_of(server, user, identity, known_hosts, host_key, passphrase_file)
    patience = _patience(account, "What was fetched is here; fetch again, and it goes on.")
    try:
        outcomes, waiting = patience.run(lambda: _fetch(account, into, patience, keep))
    except (ClientError, Deferred) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or into} cannot be written: {error.strerror}.")
    found = fetched.of(account, into, outcomes, waiting)
    if as_json:
        say(json.dumps({"fetched": [_told(one) for one in outcomes], "results": answers.as_json(found)}))
    else:
        fetched.tell(outcomes, found)
    is_open = key is None or _open(outcomes, into, key, key_passphrase_file, as_ or [], state, as_json=as_json)
    _refuse([one.error for one in outcomes])
    if not is_open:
        raise typer.Exit(1)
    if any(one.is_refused for one in found):
        raise typer.Exit(REFUSED)


def _fetch(account: Account, into: Path, patience: Patience, keep: bool) -> tuple[list[Outcome], list[str]]:
    with Line(account, say=warn) as line, progress(patience) as show:
        outcomes = transfer.fetch(line, into, show, remove=not keep)
        try:
            return outcomes, transfer.waiting(line)
        except (
            ClientError
        ):  # a server that does not let outboxes be listed: what was noted as sent is known all the same
            return outcomes, []


def _open(
    outcomes: Sequence[Outcome],
    into: Path,
    key: Path,
    passphrase_file: Path | None,
    forms: Sequence[Form],
    state: str,
    *,
    as_json: bool,
) -> bool:
    from broker.client.open import open_fetched  # fetching alone should not wait for what it needs

    new = [Path(one.path) for one in outcomes if not one.error and not one.was_here]
    packets = [path for path in new if path.parent.name == "inbox" and path.suffix == ".pgp"]
    return not packets or open_fetched(
        packets, key, into / "directory", passphrase_file, forms, state, say=warn if as_json else say
    )
