"""Documents are signed with the LEA's key and encrypted to the exchange.

Promises: what the exchange could not open, or would not know the signer of, is refused before anything is sealed.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from broker.client import outgoing
from broker.client.opening import secret_key
from broker.core.errors import Refused
from broker.edge.pgp import keyring, openpgp
from broker.edge.settings.values import Limits
from broker.terminal.common import fail
from broker.terminal.files import read


def refuse(path: Path, refused: Refused) -> NoReturn:
    """End the command with the fault of a file."""
    fail(f"{path}: {refused.sentence} [{refused.code}]")


class Sealer:
    """Seals with the key in the file `key` to those in the files `to`. Making it may ask for the key's passphrase, and
    ends the command where the keys are not fit for that."""

    def __init__(self, key: Path, to: Sequence[Path], passphrase_file: Path | None) -> None:
        limits = Limits()
        self.recipients = [_recipient(path, limits.certificate_bytes) for path in to]
        if wrong := outgoing.wrong_recipients(to, limits):
            fail(wrong)
        self._path = key
        self._signer = secret_key(key, passphrase_file)
        self.fingerprint = self._signer.fingerprint
        if wrong := outgoing.wrong_signer(self.fingerprint, to, limits):
            fail(wrong)

    def seal(self, content: bytes) -> bytes:
        """The sealed content; ends the command where the key cannot sign."""
        try:
            return openpgp.seal(content, self._signer, self.recipients, datetime.now(UTC))
        except Refused as refused:
            refuse(self._path, refused)


def _recipient(path: Path, most: int) -> bytes:
    certificate = read(path, most)
    try:
        keyring.check(certificate, datetime.now(UTC))
    except Refused as refused:
        refuse(path, refused)
    return certificate
