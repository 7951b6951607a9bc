"""The SFTP process: the built-in server over the folders of all LEAs.

Promises: keys are read from the ledger at each login, so a change takes effect at once; what a client has collected is
recorded in the ledger before the client is answered; it faces the network, so it has neither the exchange's key nor
anything else that could open a packet or sign a receipt (`broker.held`).
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from broker import wiring
from broker.core.days.state_time import StateTime
from broker.core.errors import Deferred
from broker.edge.home.disk_room import Room
from broker.edge.home.folders import lea_id
from broker.edge.ledger.blame import NOT_KEPT, cause_of
from broker.edge.ledger.engine import reading
from broker.edge.ledger.parties import directory, suspensions
from broker.edge.sftp.server.server import SftpServer, State
from broker.outboxes.allowance import Shares
from broker.packets.services import Services
from broker.processes.part import Part, run
from broker.stages import collect

_MOMENT = 1.0
_HOW = {"sftp-read": collect.READ, "sftp-removed": collect.REMOVED}


class Standing(State):
    """What stops an LEA: the disk's reserve, its share of waiting files, or its own mount that hangs."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._room = Room(services.home.vault, services.settings.intake.reserve_bytes)
        self._shares = Shares(services)
        self._answered: dict[str, float] = {}
        self._looked, self._away = float("-inf"), frozenset[str]()

    def why_not(self, lea: str) -> str:
        """See State."""
        if self._room.spare() <= 0:
            return "The exchange's disk is nearly full, and it takes no files now; try again later."
        try:
            is_full = self._shares.is_full(lea)
        except Exception as error:
            if cause_of(error) not in NOT_KEPT:
                raise
            return ""  # the watcher decides whether there is room, when the ledger answers
        if is_full:
            return "Too many of your files have not come to their end; see your receipts, and send more when they have."
        return ""

    def check(self, lea: str) -> None:
        """See State; a folder that has just answered is trusted for a moment. A connection that was open when its LEA
        was suspended may do nothing more."""
        known = lea_id(lea)
        now = time.monotonic()
        if now - self._looked > _MOMENT:
            self._looked, self._away = now, self._suspended()
        if lea in self._away:
            raise Deferred("the LEA is suspended")
        if self._services.apart.is_apart(known) and now - self._answered.get(lea, 0.0) > _MOMENT:
            self._services.apart.ask(known, "probe")
            self._answered[lea] = now

    def _suspended(self) -> frozenset[str]:
        try:
            with reading(self._services.engine) as connection:
                return frozenset(suspensions.standing(connection))
        except Exception as error:
            if cause_of(error) not in NOT_KEPT:
                raise
            return self._away  # the last known answer, until the ledger answers


class LedgerHost:
    """What the server needs of the exchange."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @property
    def time(self) -> StateTime:
        """The state's zone."""
        return self._services.time

    def authorized_keys(self, lea: str) -> Sequence[str]:
        """The SSH public keys of this LEA. Raises Deferred: the connection is cut, and nothing is said about the
        key."""
        with self._noting(), reading(self._services.engine) as connection:
            return directory.ssh_keys_of(connection, lea)

    def root(self, lea: str) -> Path:
        """The LEA's folder."""
        return self._services.home.leas / lea_id(lea)

    def read_whole(self, lea: str, name: str) -> None:
        """The last byte of an inbox file is about to be sent."""
        with self._noting():
            collect.read_whole(self._services, lea, name.partition(".")[0])

    def collected(self, lea: str, name: str, how: str) -> None:
        """An inbox file was read to its end, or removed."""
        with self._noting():
            collect.run(self._services, lea, [name.partition(".")[0]], _HOW[how])

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """A ledger that fails is logged once; each client is told to try again. Raises Deferred."""
        services = self._services
        try:
            yield
        except Exception as error:
            if cause_of(error) not in NOT_KEPT:
                raise
            services.troubles.meet(services.log, "sftp", error)
            raise Deferred("the ledger cannot be asked now") from None
        services.troubles.over(services.log, "sftp")


def main() -> None:
    """Entry point of the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    services = wiring.build(parser.parse_args().home, "sftp")
    host_key = services.home.keys / "ssh_host_ed25519"
    server = SftpServer(
        services.settings.sftp, host_key, LedgerHost(services), services.settings.limits, Standing(services)
    )
    with Part(services.home.run, "sftp").living() as part:
        port = server.serve()
        (services.home.run / "sftp.port").write_text(f"{port}\n")
        part.ready(address=services.settings.sftp.address, port=port)
        part.stop.wait()
        server.stop()
        services.apart.close()


if __name__ == "__main__":
    run(main)
