"""`satchel open`: a packet from the inbox, for users without gpg, and in forms that people can read.

Promises: content reaches the disk only after its signature was found good; nothing is ever overwritten; a run that
fails leaves no file; files are for their owner only (mode 0600).
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from broker.client.letters import KeyOption
from broker.client.opening import Directory, Signer, opened, opened_name, secret_key
from broker.client.readable import AsOption, Form, Made, StateOption, Unreadable, made, write
from broker.edge.pgp.openpgp import Opened, SecretKey
from broker.edge.settings.values import Limits
from broker.terminal.common import JsonOption, fail, say, warn
from broker.terminal.files import read
from broker.terminal.passphrase import PassphraseOption


class _Opener:
    """Opens files with one key; a passphrase is asked for once."""

    def __init__(self, key: Path, directory: Path, passphrase_file: Path | None) -> None:
        self._directory = Directory(directory, Limits())
        self._means = (key, passphrase_file)
        self._secret: SecretKey | None = None

    def open(self, file: Path) -> tuple[Opened, Signer]:
        """The content of a file, and who signed it; ends the command where the signature is not good."""
        sealed = read(file, Limits().sealed_bytes)
        self._secret = self._secret or secret_key(*self._means)
        return opened(file, sealed, self._secret, self._directory)


def open_(
    file: Annotated[Path, typer.Argument(help="The sealed file from your inbox.")],
    key: KeyOption,
    directory: Annotated[Path, typer.Option(help="The folder with everyone's public keys (*.asc).")],
    out: Annotated[Path | None, typer.Option(help="The opened file; FILE without .pgp otherwise.")] = None,
    as_: AsOption = None,
    state: StateOption = "UT",
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decrypt a packet, and keep it only if its signature is good."""
    target = out or opened_name(file)
    if target.exists():
        fail(f"{target} is already there; move it away, or choose another name with --out.")
    found, signer = _Opener(key, directory, passphrase_file).open(file)
    try:
        more = made(target, found.content, as_, signer, state) if as_ else Made({})
    except Unreadable as error:
        fail(f"{error} Nothing was written.")
    write({target: found.content, **more.files})
    name = signer.title
    signed = found.signed_at.isoformat() if found.signed_at else ""
    if as_json:
        told = {"file": str(target), "signer": found.signer, "name": name, "signed_at": signed}
        say(json.dumps(told | (more.told() if as_ else {})))
        return
    say(f"Good signature from {name}, key {found.signer}, {signed}.")
    say(f"{target} holds what they sent.")
    for line in more.lines():
        say(line)


def open_fetched(
    files: Sequence[Path],
    key: Path,
    directory: Path,
    passphrase_file: Path | None,
    forms: Sequence[Form],
    state: str,
    *,
    say: Callable[[str], None] = say,
) -> bool:
    """Open files that were fetched, each beside itself, and say so; whether all could be. A file that cannot be opened
    stops no other one. A file that has none of the forms, such as a table, is opened as it is."""
    opener, good = _Opener(key, directory, passphrase_file), True
    for file in files:
        try:
            found, signer = opener.open(file)
            target = opened_name(file)
            more = _made_or_told(target, found.content, forms, signer, state)
            write({target: found.content, **more.files})
        except typer.Exit:  # it was told why
            good = False
            continue
        say(f"{target} is from {signer.title}; the signature is good.")
        for line in more.lines():
            say(f"  {line}")
    return good


def _made_or_told(target: Path, content: bytes, forms: Sequence[Form], signer: Signer, state: str) -> Made:
    try:
        return made(target, content, forms, signer, state) if forms else Made({})
    except Unreadable as error:
        warn(str(error))
        return Made({})
