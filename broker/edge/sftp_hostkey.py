"""The server's own key.

Owns the file of the SSH host key. Promises: made once, Ed25519, readable by its owner only, on disk before it is used;
a key that others can read is refused rather than used.
"""

import base64
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from broker.edge.settings import SettingsError


@dataclass(frozen=True, slots=True)
class HostKey:
    """What clients are told: `fingerprint` as "SHA256:…", `line` as in known_hosts without the host."""

    fingerprint: str
    line: str


def fingerprint(blob: bytes) -> str:
    """The way OpenSSH prints a public key's SHA-256."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def generate() -> bytes:
    """A new private key in OpenSSH's format, without passphrase."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


def public_line(private: bytes) -> str:
    """`type base64` of a private key in OpenSSH's format. Raises ValueError."""
    key = load_ssh_private_key(private, None)
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(generate())
        opened.flush()
        os.fsync(opened.fileno())
    try:
        os.link(fresh, path)  # never over a key that another process has just made
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)


def ensure_host_key(path: Path) -> HostKey:
    """Read the host key, making it first where there is none. Raises SettingsError."""
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
