"""A packet that is worked for longer than its lease stays with its worker: nobody else gets it meanwhile."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from broker.core.model import State
from broker.edge.ledger.engine import writing
from broker.edge.ledger.packets import packets
from broker.formats.opening import Circumstances, Outcome, Reader, Sealed
from broker.packets import leases
from broker.packets.services import Services
from broker.stages import admit
from tests.support import desk
from tests.support.exchange import wait_until
from tests.support.office import Office

LEASE = 0.6


@pytest.fixture
def office(tmp_path: Path, blank_url: str) -> Iterator[Office]:
    made = Office(tmp_path, "01", ledger_url=blank_url)
    yield made
    made.services.engine.dispose()


class Slow:
    """A reader that waits until it is told to go on."""

    is_patient = True

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.goes_on = threading.Event()
        self.read_how_often = 0

    def start(self) -> None:
        self._reader.start()

    def read(self, around: Circumstances, packets: Sequence[Sealed]) -> Mapping[int, Outcome]:
        self.read_how_often += 1
        assert self.goes_on.wait(30)
        return self._reader.read(around, packets)


def short(services: Services) -> Services:
    workers = replace(services.settings.workers, lease_seconds=LEASE)
    return replace(services, settings=replace(services.settings, workers=workers), tokens=set())


def others(office: Office, tracking: str) -> int:
    """How many packets another worker would get now."""
    now = office.services.clock().timestamp()
    with writing(office.services.engine) as connection:
        return len(packets.claim(connection, State.RECEIVED, [tracking], "other/worker-9:x", now, now + 1).rows)


def test_a_packet_in_work_is_not_given_to_another_worker(office: Office) -> None:
    tracking = office.drop("01", desk.enrollment("01", *desk.children(1)))
    reader = Slow(office.services.reader)
    services = replace(short(office.services), reader=reader)
    stop = threading.Event()
    keeper = threading.Thread(target=leases.keep_on, args=(services, stop))
    worker = threading.Thread(target=admit.run, args=(services, [tracking]))
    keeper.start()
    worker.start()
    try:
        wait_until(lambda: reader.read_how_often, "the begin of the work", 10)
        until = time.monotonic() + 4 * LEASE
        while time.monotonic() < until:
            assert others(office, tracking) == 0
            time.sleep(0.1)
    finally:
        reader.goes_on.set()
        worker.join()
        stop.set()
        keeper.join()
    assert (office.row(tracking).state, reader.read_how_often) == ("APPLIED", 1)
    assert services.tokens == set()


def test_a_dead_workers_packet_is_given_to_another_one(office: Office) -> None:
    tracking = office.drop("01", desk.enrollment("01", *desk.children(1)))
    services = short(office.services)
    now = services.clock().timestamp()
    with writing(services.engine) as connection:
        packets.claim(connection, State.RECEIVED, [tracking], "dead", now, now + LEASE)
    assert leases.keep(services) == 0
    wait_until(lambda: others(office, tracking), "the end of the lease", 10)
