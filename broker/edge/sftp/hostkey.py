"""SSH keys: the server's own, and the rules for those of LEAs.

Owns the file of the SSH host key. Promises: it is made once, is Ed25519, is readable by its owner only, and is on disk
before it is used; a key that others can read is refused, not used.
"""

import base64
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
    load_ssh_public_key,
)

from broker.edge.home import durable
from broker.edge.settings.values import SettingsError

_ACCEPTED = frozenset({"ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ssh-rsa"})


@dataclass(frozen=True, slots=True)
class HostKey:
    """What clients may see: `fingerprint` as "SHA256:…", `line` as in known_hosts without the host."""

    fingerprint: str
    line: str


def fingerprint(blob: bytes) -> str:
    """The SHA-256 of a public key, as OpenSSH prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def line_fingerprint(line: str) -> str:
    """The fingerprint of an OpenSSH public key line."""
    return fingerprint(base64.b64decode(line.split()[1]))


def generate(passphrase: str | None = None) -> bytes:
    """A new private key in OpenSSH's format."""
    lock = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, lock)


def public_line(private: bytes, passphrase: str | None = None) -> str:
    """`type base64` for a private key in OpenSSH's format. Raises ValueError."""
    key = load_ssh_private_key(private, passphrase.encode() if passphrase else None)
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def check_line(line: str) -> str:
    """`type base64` of an LEA's public key line, if it may be used to log in. Raises ValueError with a sentence."""
    fields = line.split()
    if len(fields) < 2 or fields[0] not in _ACCEPTED:
        raise ValueError("The key is none of ed25519, ecdsa (nistp256, nistp384) or rsa; make one with ssh-keygen.")
    try:
        key = load_ssh_public_key(" ".join(fields[:2]).encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("The key is not one line of an OpenSSH public key file (.pub).") from None
    if isinstance(key, RSAPublicKey) and key.key_size < 2048:
        raise ValueError("The RSA key is shorter than 2048 bits; make a new one with `ssh-keygen -t ed25519`.")
    return " ".join(fields[:2])


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    fresh = f".{path.name}.{secrets.token_hex(4)}"
    try:
        durable.replace_at(folder, fresh, generate(), 0o600, flush=True)
        try:
            durable.rename_new(folder, fresh, folder, path.name)
        except FileExistsError:
            os.unlink(fresh, dir_fd=folder)  # another process has just made one
        durable.sync(folder)
    finally:
        os.close(folder)


def ensure_host_key(path: Path) -> HostKey:
    """Read the host key; where there is none, make it first. Raises SettingsError."""
    try:
        if not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"{path} can be read by others; run `chmod 600 {path}`, or remove it for a new key.")
        line = public_line(path.read_bytes())
    except ValueError:
        raise SettingsError(f"{path} is no OpenSSH private key without passphrase; remove it for a new one.") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be used as the SFTP server's key: {error.strerror}.") from None
    return HostKey(fingerprint(base64.b64decode(line.split()[1])), line)
