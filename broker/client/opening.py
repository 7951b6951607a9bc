"""Opening packets on the LEA's own computer: its secret key, everyone's public keys, and who signed.

Promises: content is returned only after its signature was found good; a passphrase is prompted for or read from a file;
a failure is one sentence for the person who opens the packet, not for its sender.
"""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import typer

from broker.core.codes import CODES
from broker.core.errors import Refused
from broker.edge.home.published import PARTIES
from broker.edge.pgp import keyring, openpgp
from broker.edge.settings.values import Limits
from broker.terminal.common import fail
from broker.terminal.files import read
from broker.terminal.passphrase import passphrase_of

_BEGIN, _END = b"-----BEGIN PGP PUBLIC KEY BLOCK-----", b"-----END PGP PUBLIC KEY BLOCK-----"
_ALL = "all"  # the directory's file that repeats the others

# The table of codes addresses the sender of a packet; these sentences are for the person who opens one.
_MEANINGS = {
    "not-for-exchange": "The file is not sealed for this key.",
    "unknown-signer": "The file is signed with a key that is not in your directory folder.",
    "not-openpgp": "The file is neither a sealed packet nor a document that was opened.",
    "not-sealed": "The file is signed, but not encrypted.",
}
_REMEDIES = {
    "not-for-exchange": "Open it with the secret key whose public part the exchange has of you.",
    "unknown-signer": "Fetch your directory folder again; if the key is still missing, tell the state.",
}
_DO_NOT_USE = "Do not use it: fetch it again, and if that does not help, tell the state."


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed: the party's id and name, by the exchange's own list of keys (`parties.json` in the directory). The
    text in a key is only its owner's word, and is not shown; without the list, or where the key is not in it, the id is
    the name of the key's file, and there is no name."""

    party: str
    name: str = ""

    @property
    def title(self) -> str:
        """How the party is shown."""
        return f"{self.name} ({self.party})" if self.name else self.party


class Directory:
    """The folder with everyone's public keys."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._listed = _listed(folder / PARTIES, limits.certificate_bytes * 64)
        self.certificates: dict[bytes, str] = {}
        for path in self._paths(folder):
            content = read(path, limits.certificate_bytes * (64 if path.stem == _ALL else 1))
            for block in _blocks(content) or [content.strip()]:
                self.certificates.setdefault(block + b"\n", path.stem)
        if not self.certificates:
            fail(f"{folder} holds no public keys (*.asc); fetch your directory folder and name it with --directory.")

    @staticmethod
    def _paths(folder: Path) -> list[Path]:
        try:
            return sorted(folder.glob("*.asc"), key=lambda path: (path.stem == _ALL, path.name))
        except OSError as error:
            fail(f"{folder} cannot be read: {error.strerror}.")

    @cached_property
    def _marks(self) -> dict[bytes, str]:
        """The fingerprint of each readable key: other files in the folder do no harm."""
        found = {certificate: _fingerprint(certificate) for certificate in self.certificates}
        return {certificate: mark for certificate, mark in found.items() if mark}

    @property
    def keys(self) -> list[bytes]:
        """The public keys that can be read."""
        return list(self._marks)

    @cached_property
    def _signers(self) -> dict[str, Signer]:
        """Signers by the fingerprint of the primary key."""
        found: dict[str, Signer] = {}
        for certificate, mark in self._marks.items():  # keys from `all.asc` come last
            found.setdefault(mark, self._listed.get(mark) or Signer(self.certificates[certificate]))
        return found

    def signer(self, fingerprint: str) -> Signer:
        """To whom this key belongs. Raises KeyError for one that is not here."""
        return self._signers[fingerprint]

    def name(self, party: str) -> str:
        """A party's name; its id where the list has none."""
        return next((one.name for one in self._listed.values() if one.party == party), "") or party


def _blocks(content: bytes) -> list[bytes]:
    """Each armoured key of a file; one without its end is skipped, and does not swallow the next one."""
    parts = (part.partition(_END) for part in content.split(_BEGIN)[1:])
    return [_BEGIN + key + end for key, end, _ in parts if end]


def _fingerprint(certificate: bytes) -> str | None:
    try:
        return keyring.inspect(certificate, datetime.now(UTC)).fingerprint
    except Refused:
        return None  # an unreadable key has signed nothing


def _listed(path: Path, most: int) -> dict[str, Signer]:
    """To whom each fingerprint belongs; empty where the folder has no list, because it was fetched long ago."""
    if not path.exists():
        return {}
    try:
        return {
            str(mark): Signer(_plain(one["id"]), _plain(one["name"]))
            for one in json.loads(read(path, most))
            for mark in one["keys"]
        }
    except (ValueError, TypeError, KeyError, RecursionError):
        fail(f"{path} is not the list of parties that the exchange made; fetch your directory folder again.")


def _plain(text: object) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in str(text))


def secret_key(path: Path, passphrase_file: Path | None) -> openpgp.SecretKey:
    """The user's own key; its passphrase comes from the file, or from a prompt."""
    armored, passphrase = read(path, Limits().certificate_bytes), passphrase_of(passphrase_file)
    try:
        return openpgp.load_secret(armored, passphrase)
    except Refused as refused:
        if refused.code == "key-unreadable":
            fail(f"{path} holds no secret key that can be read; give your secret.asc with --key. [{refused.code}]")
        if refused.code != "key-locked" or passphrase is not None:
            fail(f"{path}: {refused.sentence} [{refused.code}]")
    if not sys.stdin.isatty():
        fail(f"{path} is protected by a passphrase; give it with --passphrase-file.")
    try:
        return openpgp.load_secret(armored, typer.prompt(f"Passphrase of {path}", hide_input=True, err=True))
    except Refused as refused:
        fail(f"{path}: {refused.sentence} [{refused.code}]")


def opened_name(file: Path) -> Path:
    """Where the content of a sealed file goes, unless the user says otherwise."""
    return file.with_suffix("") if file.suffix in {".pgp", ".gpg", ".asc"} else Path(f"{file}.opened")


def opened(path: Path, sealed: bytes, key: openpgp.SecretKey, directory: Directory) -> tuple[openpgp.Opened, Signer]:
    """The content of a sealed file, and who signed it; ends the command where the signature is not good."""
    try:
        found = openpgp.open_packet(sealed, key, directory.keys, Limits(), datetime.now(UTC), lambda _: False)
    except Refused as refused:
        meaning = _MEANINGS.get(refused.code, CODES[refused.code].meaning)
        fail(f"{path}: {meaning} {_REMEDIES.get(refused.code, _DO_NOT_USE)} [{refused.code}]")
    return found, directory.signer(found.signer)
