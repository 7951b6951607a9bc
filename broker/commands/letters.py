"""`satchel keygen`, `seal`, `open`: the LEA's own keys and letters, for those without gpg.

Promises: a secret key is written with mode 0600, and nothing is ever overwritten; content reaches the disk only after
its signature was found good; a run that fails leaves no file; a passphrase is asked for or read from a file, never
taken from the command line.
"""

import json
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from broker.commands.common import JsonOption, fail, say
from broker.commands.passphrase import PassphraseOption, passphrase_of, read
from broker.core.codes import CODES
from broker.core.errors import Refused
from broker.edge import durable, keyring, openpgp, sftp_hostkey
from broker.edge.settings import Limits

_BLOCK = re.compile(rb"-----BEGIN PGP PUBLIC KEY BLOCK-----.*?-----END PGP PUBLIC KEY BLOCK-----[^\n]*\n?", re.DOTALL)
_ALGORITHMS: dict[str, keyring.Algorithm] = {"cv25519": "cv25519", "rsa3072": "rsa3072"}
_SECRET, _PUBLIC, _SSH = "secret.asc", "public.asc", "id_ed25519"

# The table of codes speaks to the sender of a packet; these are for who opens one.
_MEANINGS = {
    "not-for-exchange": "The message is not encrypted to this key.",
    "unknown-signer": "The message is signed by a key that is not in your directory folder.",
}
_REMEDIES = {
    "not-for-exchange": "Open it with the secret key whose public part the exchange has of you.",
    "unknown-signer": "Fetch your directory folder anew; if the key is still missing, tell the state.",
}

KeyOption = Annotated[Path, typer.Option("--key", help="Your secret OpenPGP key (secret.asc).")]


def refuse(path: Path, refused: Refused) -> NoReturn:
    """End the command with what stands against a file."""
    fail(f"{path}: {refused.sentence} [{refused.code}]")


def write_new(path: Path, content: bytes, mode: int) -> None:
    """A new file, whole or not there; never over another."""
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _write_new(folder, path.name, content, mode)
        finally:
            os.close(folder)
    except FileExistsError:
        fail(f"{path} is already there; move it away, or choose another name with --out.")
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}.")


def _write_new(folder: int, name: str, content: bytes, mode: int) -> None:
    temporary = f".{name}.{os.getpid()}.tmp"
    descriptor = durable.create_at(folder, temporary, mode)
    try:
        try:
            durable.write_all(descriptor, content)
            durable.sync(descriptor)
        finally:
            os.close(descriptor)
        durable.rename_new(folder, temporary, folder, name)
    except BaseException:
        os.unlink(temporary, dir_fd=folder)
        raise
    durable.sync(folder)


def _secret(path: Path, passphrase_file: Path | None) -> openpgp.SecretKey:
    armored, passphrase = read(path, Limits().certificate_bytes), passphrase_of(passphrase_file)
    try:
        return openpgp.load_secret(armored, passphrase)
    except Refused as refused:
        if refused.code != "key-locked" or passphrase is not None:
            refuse(path, refused)
    if not sys.stdin.isatty():
        fail(f"{path} is protected by a passphrase; give it with --passphrase-file.")
    try:
        return openpgp.load_secret(armored, typer.prompt(f"Passphrase of {path}", hide_input=True, err=True))
    except Refused as refused:
        refuse(path, refused)


def _now() -> datetime:
    return datetime.now(UTC)


def keygen(
    name: Annotated[str, typer.Option(help="Your LEA's name, as others will see it.")],
    out: Annotated[Path, typer.Option(help="The folder for the keys.")],
    algorithm: Annotated[str, typer.Option(help="cv25519 or rsa3072.")] = "cv25519",
    days: Annotated[int, typer.Option(min=0, max=36500, help="Until the key expires; 0: never.")] = 1095,
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
    private = sftp_hostkey.generate(passphrase)
    line = sftp_hostkey.public_line(private, passphrase)
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
    recipients = [_recipient(path, limits.certificate_bytes) for path in to]
    signer = _secret(key, passphrase_file)
    try:
        sealed = openpgp.seal(content, signer, recipients, _now())
    except Refused as refused:
        refuse(key, refused)
    write_new(target, sealed, 0o600)
    said = f"{target} is sealed; put it into your outbox."
    say(json.dumps({"file": str(target), "bytes": len(sealed), "signer": signer.fingerprint}) if as_json else said)


def _recipient(path: Path, most: int) -> bytes:
    certificate = read(path, most)
    try:
        keyring.check(certificate, _now())
    except Refused as refused:
        refuse(path, refused)
    return certificate


def open_(
    file: Annotated[Path, typer.Argument(help="The sealed file from your inbox.")],
    key: KeyOption,
    directory: Annotated[Path, typer.Option(help="The folder with everyone's public keys (*.asc).")],
    out: Annotated[Path | None, typer.Option(help="The opened file; FILE without .pgp otherwise.")] = None,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decrypt a packet, and keep it only if its signature is good."""
    limits = Limits()
    target = out or (file.with_suffix("") if file.suffix in {".pgp", ".gpg", ".asc"} else Path(f"{file}.opened"))
    if target.exists():
        fail(f"{target} is already there; move it away, or choose another name with --out.")
    known = _certificates(directory, limits.certificate_bytes)
    sealed = read(file, limits.sealed_bytes)
    try:
        opened = openpgp.open_packet(
            sealed, _secret(key, passphrase_file), list(known), limits, _now(), lambda _: False
        )
    except Refused as refused:
        remedy = _REMEDIES.get(
            refused.code, "Do not use it: fetch it again, and if that does not help, tell the state."
        )
        fail(f"{file}: {_MEANINGS.get(refused.code, CODES[refused.code].meaning)} {remedy} [{refused.code}]")
    write_new(target, opened.content, 0o600)
    signer = _signer(known, opened.signer)
    signed = opened.signed_at.isoformat() if opened.signed_at else ""
    if as_json:
        say(json.dumps({"file": str(target), "signer": opened.signer, "name": signer, "signed_at": signed}))
        return
    say(f"Good signature from {signer}, key {opened.signer}, {signed}.")
    say(f"{target} holds what they sent.")


def _certificates(directory: Path, most: int) -> dict[bytes, str]:
    """Every public key in the folder, with the name of its file. `all.asc` repeats what the others hold."""
    try:
        paths = sorted(directory.glob("*.asc"), key=lambda path: (path.name == "all.asc", path.name))
    except OSError as error:
        fail(f"{directory} cannot be read: {error.strerror}.")
    known: dict[bytes, str] = {}
    for path in paths:
        content = read(path, most if path.name != "all.asc" else 64 * most)
        for block in _BLOCK.findall(content) or [content]:
            known.setdefault(block.strip() + b"\n", path.stem)
    if not known:
        fail(f"{directory} holds no public keys (*.asc); fetch your directory folder and name it with --directory.")
    return known


def _signer(known: dict[bytes, str], fingerprint: str) -> str:
    for certificate, name in known.items():
        try:
            info = keyring.inspect(certificate, _now())
        except Refused:
            continue  # not the key that has just been used
        if info.fingerprint == fingerprint:
            title = "".join(letter if letter.isprintable() else "?" for letter in (info.user_ids or ("?",))[0])
            return f"{title} ({name})"
    return "?"
