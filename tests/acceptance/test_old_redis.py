"""`satchel status` says which queue server runs, and warns of one that lacks a fix."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from broker.cli.main import build
from broker.edge.queue import redis_versions
from broker.edge.queue.queues import Queues
from broker.edge.queue.redis_versions import Server
from broker.edge.settings import file
from tests.support.exchange import Exchange, satchel


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """It runs on the server that came with the Python packages, as on a machine that has none of its own."""
    made = Exchange(tmp_path_factory.mktemp("redis") / "home", enabled=False, processes=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "/nonexistent")
        made.up()
    yield made
    made.close()


def test_it_says_which_one_runs_and_warns_if_that_is_old(exchange: Exchange) -> None:
    server = Queues(file.load(exchange.home)).server()
    assert server is not None
    said = satchel("status", "--json", *exchange.at)
    assert json.loads(said.stdout)["redis"] == f"{server.name} {server.version}"
    fault = redis_versions.fault(server)
    assert said.stderr.count("The queue's server") == bool(fault)
    assert fault in " ".join(said.stderr.split())


def test_an_old_one_is_told_with_what_to_do(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Queues, "server", lambda _: Server("redis", "6.2.14", "/opt/redis/redis-server"))
    words = ["status", *exchange.at]
    shown = CliRunner().invoke(build(words), words)
    assert shown.exit_code in (0, 4)
    assert "redis 6.2.14, which is older than 6.2.24 (CVE-2026-81934): install" in " ".join(shown.stderr.split())


def test_without_one_nothing_is_said_of_it(tmp_path: Path) -> None:
    made = Exchange(tmp_path / "home")
    assert json.loads(satchel("status", "--json", *made.at, check=False).stdout)["redis"] is None
