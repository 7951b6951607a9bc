"""`satchel keygen` and `seal`: the LEA's own keys and letters, for users without gpg.

Promises: a secret key is written with mode 0600, and nothing is ever overwritten; a run that fails leaves no file; a
passphrase is prompted for or read from a file, never taken from the command line.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from broker.client import outgoing
from broker.client.sealing import Sealer
from broker.edge.pgp import keyring
from broker.edge.settings.values import Limits
from broker.edge.sftp import hostkey
from broker.terminal.common import JsonOption, fail, say
from broker.terminal.files import read, write_new
from broker.terminal.passphrase import PassphraseOption, passphrase_of

_ALGORITHMS: dict[str, keyring.Algorithm] = {"cv25519": "cv25519", "rsa3072": "rsa3072"}
_SECRET, _PUBLIC, _SSH = "secret.asc", "public.asc", "id_ed25519"

KeyOption = Annotated[Path, typer.Option("--key", help="Your secret OpenPGP key (secret.asc).")]


def _now() -> datetime:
    return datetime.now(UTC)


def keygen(
    name: Annotated[str, typer.Option(help="Your LEA's name, as the state knows it.")],
    out: Annotated[Path, typer.Option(help="The folder for the keys.")],
    algorithm: Annotated[str, typer.Option(help="cv25519 or rsa3072.")] = "cv25519",
    days: Annotated[int, typer.Option(min=0, max=36500, help="After so many days the key ends; 0: never.")] = 1095,
    ssh: Annotated[bool, typer.Option("--ssh", help="Make an SSH key for SFTP too.")] = False,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make your LEA's key pair."""
    if algorithm not in _ALGORITHMS:
        fail(f"--algorithm must be one of: {', '.join(_ALGORITHMS)}.", 2)
    if not name.strip() or not name.isprintable() or len(name) > 200:
        fail("--name must be a text of 1 to 200 printable characters.", 2)
    made = [_SECRET, _PUBLIC, *([_SSH, f"{_SSH}.pub"] if ssh else [])]
    taken = [out / one for one in made if (out / one).exists()]
    if taken:
        fail(f"{taken[0]} is already there, and keys are never overwritten; choose another folder with --out.")
    passphrase = passphrase_of(passphrase_file)
    secret = keyring.generate(name.strip(), _ALGORITHMS[algorithm], _now(), days or None, passphrase)
    public = keyring.public(secret)
    fingerprint = keyring.inspect(public, _now()).fingerprint
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        fail(f"{out} cannot be made: {error.strerror}.")
    write_new(out / _SECRET, secret, 0o600)
    write_new(out / _PUBLIC, public, 0o644)
    told = {"fingerprint": fingerprint, "secret": str(out / _SECRET), "public": str(out / _PUBLIC)}
    if ssh:
        told |= _ssh_pair(out / _SSH, passphrase)
    if as_json:
        say(json.dumps(told))
        return
    say(f"Your key {fingerprint} is in {out}. Keep {_SECRET} to yourself, with a copy in a safe.")
    say(f"Send {' and '.join(one for one in made if one in (_PUBLIC, f'{_SSH}.pub'))} to the state.")


def _ssh_pair(path: Path, passphrase: str | None) -> dict[str, str]:
    private = hostkey.generate(passphrase)
    line = hostkey.public_line(private, passphrase)
    write_new(path, private, 0o600)
    write_new(path.with_name(f"{path.name}.pub"), f"{line}\n".encode(), 0o644)
    return {"ssh_key": str(path), "ssh_public": line}


def seal(
    file: Annotated[Path, typer.Argument(help="The document.")],
    key: KeyOption,
    to: Annotated[list[Path], typer.Option("--to", help="The exchange's public key (exchange.asc).")],
    out: Annotated[Path | None, typer.Option(help="The sealed file; FILE.pgp without it.")] = None,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign a document with your key and encrypt it for the exchange."""
    limits = Limits()
    target = out or file.with_name(f"{file.name}.pgp")
    content = read(file, limits.content_bytes)
    if wrong := outgoing.unsealed(file, content):
        fail(wrong)
    sealer = Sealer(key, to, passphrase_file)
    sealed = sealer.seal(content)
    write_new(target, sealed, 0o600)
    said = f"{target} is sealed; put it into your outbox."
    say(json.dumps({"file": str(target), "bytes": len(sealed), "signer": sealer.fingerprint}) if as_json else said)
