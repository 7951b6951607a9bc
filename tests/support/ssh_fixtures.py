"""Fixtures for the tests of SFTP: a house with two LEAs, a server over it, and a logged-in client of LEA 01."""

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
