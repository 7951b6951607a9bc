"""Which secrets each part of the exchange holds: the one table by which `wiring` and the supervisor give them out.

Owns nothing but that table. Promises: a part gets the secrets listed here and no others; a part that faces the network
holds no key that could open packets, or sign in the exchange's name.
"""

from collections.abc import Mapping
from enum import StrEnum

from broker.edge.settings import passwords


class Secret(StrEnum):
    """A secret, by the name of its file in `keys/`, or of the environment variable that may hold it."""

    KEY = "exchange.key"  # opens packets, seals notices, signs receipts
    DIGEST = "digest.key"  # the keyed digest of documents, and the proof that a ledger is this home's
    HOST_KEY = "ssh_host_ed25519"  # by which LEAs recognise the SFTP server
    LEDGER = passwords.LEDGER  # the database's password, where it has one
    REDIS = passwords.REDIS


HELD: Mapping[str, frozenset[Secret]] = {
    "worker": frozenset({Secret.KEY, Secret.DIGEST, Secret.LEDGER, Secret.REDIS}),  # re-locks packets, seals notices
    "reader": frozenset({Secret.KEY, Secret.DIGEST}),  # beside a worker: opens packets, with neither ledger nor network
    "sweeper": frozenset({Secret.KEY, Secret.LEDGER, Secret.REDIS}),  # signs receipts, and seals notices
    "watcher": frozenset({Secret.LEDGER, Secret.REDIS}),  # takes files in unopened
    "sftp": frozenset({Secret.HOST_KEY, Secret.LEDGER}),  # faces the network
    "redis": frozenset(),
}
_COMMAND = frozenset({Secret.KEY, Secret.DIGEST, Secret.LEDGER, Secret.REDIS})  # of commands that work on packets


def held_by(part: str) -> frozenset[Secret]:
    """The secrets of this part; any other name means a command."""
    return HELD.get(part, _COMMAND)
