"""Fixtures for the tests of SFTP: a house with two LEAs, a server over it, a logged-in client, and a hasty intake."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from paramiko import SFTPClient as Client

from tests.support.ssh import House, Running, running


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "home")


@pytest.fixture
def served(house: House) -> Iterator[Running]:
    with running(house) as one:
        yield one


@pytest.fixture
def sftp(served: Running) -> Iterator[Client]:
    with served.client() as client:
        yield client


class Intake(threading.Thread):
    """Takes every visible file at once, as the exchange does, and keeps what it saw."""

    def __init__(self, house: House) -> None:
        super().__init__(daemon=True)
        self.house = house
        self.taken: dict[str, bytes] = {}
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.002):
            for name in self.house.visible():
                path = self.house.outbox() / name
                self.taken[name] = path.read_bytes()
                path.unlink()

    def __enter__(self) -> "Intake":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


@pytest.fixture
def intake(house: House) -> Iterator[Intake]:
    with Intake(house) as one:
        yield one
