"""The watcher dies while it takes a file out of an outbox: wherever that is, the file is one packet."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import select

from broker.core.flow import Stage
from broker.edge.home import discard
from broker.edge.ledger.engine import reading
from broker.edge.ledger.tables.packets import packets
from broker.edge.pgp import openpgp
from broker.packets import batch
from broker.processes.watcher import Watcher
from broker.processes.worker import RUNS
from tests.support import desk
from tests.support.deaths import Killed
from tests.support.office import Office

A = "01"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, A)
    yield made
    made.services.engine.dispose()


class Deadly:
    """The module `os` for the one who takes files away: this function of it kills, and `first` is done before."""

    def __init__(self, name: str, first: Callable[..., None] = lambda *_, **__: None) -> None:
        self._name, self._first = name, first

    def __getattr__(self, name: str) -> Any:
        return self._dies if name == self._name else getattr(os, name)

    def _dies(self, *args: Any, **named: Any) -> None:
        self._first(*args, **named)
        raise Killed


def watched(office: Office) -> None:
    """A watcher is started, and works until its outbox is empty."""
    box = office.exchange.folder(A, "outbox")
    watcher = Watcher(office.services)
    watcher.start()
    try:
        for _ in range(60):
            watcher.turn()
            if not list(box.iterdir()):
                return
    finally:
        watcher.stop()
    raise AssertionError(f"left in the outbox: {[path.name for path in box.iterdir()]}")


def entered(office: Office) -> list[tuple[str, str, str]]:
    """The packets, in their order: the tracking id, the file's name, and the state."""
    rows = select(packets.c.tracking, packets.c.source_name, packets.c.state).order_by(packets.c.tracking)
    with reading(office.services.engine) as connection:
        return [tuple(row) for row in connection.execute(rows)]


@pytest.mark.parametrize("place", ["rename", "unlink"])
@pytest.mark.parametrize("state", ["RECEIVED", "DUPLICATE", "REFUSED"])
def test_a_file_that_was_entered_is_one_packet(office: Office, place: str, state: str) -> None:
    box = office.exchange.folder(A, "outbox")
    content = b"no packet"
    if state == "RECEIVED":
        document = json.dumps(desk.enrollment(A, *desk.children(1))).encode()
        content = openpgp.seal(document, openpgp.load_secret(office.leas[A].secret), [office.exchange.certificate])
    if state == "DUPLICATE":
        (box / "earlier.pgp").write_bytes(content)
        watched(office)
    (box / "file.pgp").write_bytes(content)
    with patch.object(discard, "os", Deadly(place)), pytest.raises(Killed):
        watched(office)
    if state == "REFUSED":
        batch.run(office.services, RUNS[Stage.ADMIT], [tracking for tracking, *_ in entered(office)])
    before = entered(office)
    assert before[-1][1:] == ("file.pgp", state)
    watched(office)
    assert entered(office) == before


def test_a_file_that_comes_under_the_name_at_that_moment_is_a_packet_too(office: Office) -> None:
    """It is hidden in place of the one that was taken in, and the watcher dies."""
    box = office.exchange.folder(A, "outbox")
    (box / "file.pgp").write_bytes(b"one")

    def replaced(name: str, hidden: str, **_: Any) -> None:
        (box / "new").write_bytes(b"two")
        (box / "new").rename(box / "file.pgp")
        (box / name).rename(box / hidden)

    with patch.object(discard, "os", Deadly("rename", replaced)), pytest.raises(Killed):
        watched(office)
    watched(office)
    first, second = entered(office)
    assert first[1] == "file.pgp"
    assert second[1].startswith("recovered-")
