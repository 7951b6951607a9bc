"""The process that reads packets for a worker: only here are hostile bytes opened, verified and parsed.

Promises: it has no ledger and no network, and of the secrets only the keys that opening needs (`broker.held`); the
process that starts it watches it from outside and may end it at any moment (`broker.edge.bounded`), and it ends with
that process.
"""

import argparse
from pathlib import Path

from broker.edge import log
from broker.edge.bounded import ward
from broker.edge.digest import Digester
from broker.edge.home.folders import Home
from broker.edge.pgp import openpgp
from broker.edge.schemas.contracts import Contracts
from broker.edge.settings import file
from broker.edge.settings.resources import folder as data_folder
from broker.edge.settings.values import Settings
from broker.formats.reader import Desk, work_of
from broker.offline import harden
from handlers.registry import needed_of


def desk(chosen: Settings) -> Desk:
    """What reading the packets of this home needs. Raises OSError, and Refused for faults of its keys."""
    keys = Home(chosen.home).keys
    limits = chosen.limits
    return Desk(
        settings=chosen,
        key=openpgp.load_secret((keys / "exchange.key").read_bytes()),
        contracts=Contracts(data_folder("schemas"), chosen.identity.ssid_digits, limits.students_per_enrollment),
        digest=Digester((keys / "digest.key").read_bytes()),
        needed=needed_of,
    )


def main() -> None:
    """Entry point of the process; the three descriptors are those of `ward.serve`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("descriptors", type=int, nargs=3)
    chosen = parser.parse_args()
    control, arena, state = chosen.descriptors
    harden()  # before it has the keys; forked processes inherit this
    log.begin("reader")
    log.watch_over()
    ward.serve(control, arena, state, work_of(desk(file.load(chosen.home))))


if __name__ == "__main__":
    main()
