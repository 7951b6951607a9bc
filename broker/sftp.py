"""The SFTP process: the built-in server over the folders of all LEAs.

Promises: keys are read from the ledger at each login, so that a change takes effect at once; what a reader has taken is
noted in the ledger before the client is answered.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from broker import wiring
from broker.core.errors import Deferred
from broker.edge.folders import lea_id
from broker.edge.ledger import directory
from broker.edge.ledger.blame import NOT_KEPT, cause_of
from broker.edge.ledger.engine import reading
from broker.edge.sftp_server import SftpServer
from broker.part import Part, run
from broker.stages import collect
from broker.stages.services import Services

_HOW = {"sftp-read": collect.READ, "sftp-removed": collect.REMOVED}


class LedgerHost:
    """What the server asks of the exchange."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def authorized_keys(self, lea: str) -> Sequence[str]:
        """The SSH public keys of this LEA. Raises Deferred: the line is cut, and nothing is said of the key."""
        with self._noting(), reading(self._services.engine) as connection:
            return directory.ssh_keys_of(connection, lea)

    def root(self, lea: str) -> Path:
        """The LEA's folder."""
        return self._services.home.leas / lea_id(lea)

    def read_whole(self, lea: str, name: str) -> None:
        """The last byte of an inbox file is about to go out."""
        with self._noting():
            collect.read_whole(self._services, lea, name.partition(".")[0])

    def collected(self, lea: str, name: str, how: str) -> None:
        """An inbox file was read to its end, or removed."""
        with self._noting():
            collect.run(self._services, lea, [name.partition(".")[0]], _HOW[how])

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """A sick ledger is told of once; each client is told to try again. Raises Deferred."""
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
    server = SftpServer(services.settings.sftp, host_key, LedgerHost(services), services.settings.limits)
    with Part(services.home.run, "sftp").living() as part:
        port = server.serve()
        (services.home.run / "sftp.port").write_text(f"{port}\n")
        part.ready(address=services.settings.sftp.address, port=port)
        part.stop.wait()
        server.stop()


if __name__ == "__main__":
    run(main)
