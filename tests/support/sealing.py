"""An exchange, and districts with keys that gpg made."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime

from broker.edge.pgp import openpgp
from broker.edge.settings.values import Limits
from tests.support.gpg import Gpg

NOW = datetime.now(UTC)
LIMITS = Limits()
RECORD = json.dumps({"packet": "student-record.v1", "grades": [os.urandom(8).hex() for _ in range(60)]}).encode()
SENDERS = ("rsa3072", "cv25519", "nistp256")


@dataclass(frozen=True)
class World:
    """An exchange, and one gpg home with the keys of three districts; `certificates` by algorithm."""

    gpg: Gpg
    key: openpgp.SecretKey
    fingerprints: dict[str, str]
    certificates: dict[str, bytes]

    def open(self, sealed: bytes, *senders: str) -> openpgp.Opened:
        certificates = [self.certificates[one] for one in senders or SENDERS]
        return openpgp.open_packet(sealed, self.key, certificates, LIMITS, datetime.now(UTC), lambda _: False)
