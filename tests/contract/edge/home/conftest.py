"""What the tests of a home's folders share."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broker.edge.home.folders import OUTBOX, Home
from broker.edge.home.outbox import Outboxes
from broker.edge.home.watch import Watch
from broker.edge.settings.values import Limits
from broker.edge.vault import DirectoryVault
from tests.support.watched import LEA, Heard


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create()
    made.create_lea(LEA)
    return made


@pytest.fixture
def box(home: Home) -> Path:
    return home.folder(LEA, OUTBOX)


@pytest.fixture
def outboxes(home: Home) -> Outboxes:
    return Outboxes(home, Limits())


@pytest.fixture
def vault(home: Home) -> Iterator[DirectoryVault]:
    made = DirectoryVault(home.vault)
    yield made
    made.close()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    made = {name: tmp_path / name for name in ("outbox", "inbox", "outbox2")}
    for path in made.values():
        path.mkdir()
    return made


@pytest.fixture
def watching(folders: dict[str, Path], heard: Heard) -> Iterator[Callable[..., Watch]]:
    """Start a Watch over one LEA; every thread must be gone at the end."""
    before = set(threading.enumerate())
    started: list[Watch] = []

    def start(mode: str) -> Watch:
        watch = Watch(mode, poll_seconds=0.05)
        started.append(watch)
        watch.start({LEA: folders["outbox"]}, heard.on_hint, {LEA: folders["inbox"]}, heard.on_removed)
        return watch

    yield start
    for watch in started:
        watch.stop()
        assert not watch.alive()
    assert set(threading.enumerate()) <= before
