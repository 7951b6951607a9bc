"""A real GnuPG home for tests: what an LEA has on its own machine.

Owns a short-lived key ring under /tmp (the agent's socket path must be short). Promises: no passphrases, no questions,
nothing left behind after `close`, and status output as text so that a test can look for GOODSIG.
"""

import shutil
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.tools import require_tool

# primary key, encryption subkey; the names are those of `gpg --quick-gen-key`
_ALGORITHMS = {
    "rsa2048": ("rsa2048", "rsa2048"),
    "rsa3072": ("rsa3072", "rsa3072"),
    "cv25519": ("ed25519", "cv25519"),
    "nistp256": ("nistp256", "nistp256"),
    "dsa2048": ("dsa2048", "elg2048"),
}


class GpgFailed(Exception):
    """gpg ended with an error; the message is its status and error output."""


class Gpg:
    """One GnuPG home. Use as a context manager, or call `close`."""

    def __init__(self) -> None:
        self.program = require_tool("gpg")
        self.home = Path(tempfile.mkdtemp(prefix="g", dir="/tmp"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop the agent of this home and remove the home."""
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=False, capture_output=True)
        shutil.rmtree(self.home, ignore_errors=True)

    def run(self, *args: str, stdin: bytes = b"", at: datetime | None = None) -> tuple[bytes, str]:
        """Run gpg with `args`: its output and its status lines plus errors. `at` fakes the clock."""
        clock = [f"--faked-system-time={at:%Y%m%dT%H%M%S}!"] if at else []
        command = [self.program, "--homedir", str(self.home), "--batch", "--yes", "--no-tty", "--quiet"]
        command += ["--pinentry-mode", "loopback", "--passphrase", "", "--trust-model", "always", "--status-fd", "2"]
        ended = subprocess.run([*command, *clock, *args], input=stdin, capture_output=True, timeout=120, check=False)
        status = ended.stderr.decode("utf-8", "replace")
        if ended.returncode:
            raise GpgFailed(f"gpg {' '.join(args)}: {status}")
        return ended.stdout, status

    def generate(self, uid: str, algo: str = "cv25519", expire: str = "0", at: datetime | None = None) -> str:
        """A signing primary key and an encryption subkey; the primary key's fingerprint.

        `algo` is one of rsa2048 rsa3072 cv25519 nistp256 dsa2048; `expire` as gpg takes it: 0, 30d, 2y, an ISO date.
        """
        primary, encryption = _ALGORITHMS[algo]
        _, status = self.run("--quick-gen-key", uid, primary, "sign,cert", expire, at=at)
        fingerprint = next(line.split()[3] for line in status.splitlines() if " KEY_CREATED " in line)
        self.run("--quick-add-key", fingerprint, encryption, "encr", expire, at=at)
        return fingerprint

    def add_key(self, fingerprint: str, algo: str, usage: str, expire: str = "0", at: datetime | None = None) -> None:
        """One more subkey, `usage` being `sign` or `encr`."""
        self.run("--quick-add-key", fingerprint, algo, usage, expire, at=at)

    def set_expire(self, fingerprint: str, expire: str, at: datetime | None = None) -> None:
        """Give the primary key and its subkeys another expiry."""
        listed = self.run("--with-colons", "--with-subkey-fingerprints", "--list-keys", fingerprint)[0].decode()
        _, *subkeys = [line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:")]
        self.run("--quick-set-expire", fingerprint, expire, at=at)
        # gpg's own "*" leaves out the subkeys that have expired already
        self.run("--quick-set-expire", fingerprint, expire, *subkeys, at=at)

    def export(self, fingerprint: str, armor: bool = True) -> bytes:
        """The public key."""
        return self.run(*(["--armor"] if armor else []), "--export", fingerprint)[0]

    def export_secret(self, fingerprint: str) -> bytes:
        """The secret key, armored, without a passphrase."""
        return self.run("--armor", "--export-secret-keys", fingerprint)[0]

    def import_(self, keys: bytes) -> None:
        """Take in public keys, secret keys or revocations."""
        self.run("--import", stdin=keys)

    def revoke(self, fingerprint: str) -> None:
        """Revoke the key with the certificate that gpg wrote when it made the key."""
        kept = self.home / "openpgp-revocs.d" / f"{fingerprint}.rev"
        # gpg puts a colon before the armour, so that nobody imports it by mistake
        self.import_(kept.read_bytes().replace(b"\n:-----BEGIN", b"\n-----BEGIN"))

    def seal(
        self,
        content: bytes,
        recipients: list[str],
        signer: str | None,
        *extra: str,
        stdin: bool | Path = True,
        at: datetime | None = None,
    ) -> bytes:
        """Sign and encrypt, as `gpg --sign --encrypt` does; signer None leaves the signature out.

        `stdin` True pipes the content in (partial lengths), False goes through a file, a Path is the file to use
        (`content` is then ignored). `extra` are further gpg options, such as `--armor` or `-z 0`.
        """
        args = [*extra, "--encrypt", *(arg for name in recipients for arg in ("--recipient", name))]
        args += ["--sign", "--local-user", signer] if signer else []
        if stdin is True:
            return self.run(*args, stdin=content, at=at)[0]
        source = stdin if isinstance(stdin, Path) else self.home / "content"
        if source.parent == self.home:
            source.write_bytes(content)
        return self.run(*args, "--output", "-", str(source), at=at)[0]

    def decrypt(self, sealed: bytes) -> tuple[bytes, str]:
        """The plaintext, and the status lines (GOODSIG, DECRYPTION_OKAY …)."""
        return self.run("--decrypt", stdin=sealed)

    def verify(self, signed: bytes) -> str:
        """The status lines of `gpg --verify` for a signed text."""
        return self.run("--verify", stdin=signed)[1]
