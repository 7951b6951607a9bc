"""Whatever is killed, and when: nothing is lost, and nothing happens twice."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis
from sqlalchemy import Engine, text

from broker.core.lanes import COSTLY
from broker.edge.ledger.engine import connect, reading
from broker.edge.settings.file import load as read_settings
from tests.bench import load
from tests.support import postgres
from tests.support.exchange import Exchange, said_by, satchel, wait_until
from tests.support.scale import larger

PACKETS = {"sqlite": larger(300, 10_000), "postgresql": larger(400, 4_000)}
SENDERS = 4


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    made = Exchange(tmp_path / "home", processes=2, stale_seconds=3.0)
    yield made
    made.close()


class Reader:
    """The receiving school: takes whatever appears in its inbox, and remembers how often."""

    def __init__(self, exchange: Exchange, desk: Path) -> None:
        self._exchange, self._desk = exchange, desk
        desk.mkdir()
        self.taken: Counter[str] = Counter()

    def take(self) -> None:
        for path in self._exchange.inbox("6G"):
            self.taken[path.name] += 1
            path.rename(self._desk / f"{path.name}.{self.taken[path.name]}")


def kill_one(exchange: Exchange, random_source: random.Random) -> str:
    """kill -9 of a random part, Redis among them."""
    name, pid = random_source.choice(sorted(exchange.parts().items()))
    os.kill(pid, signal.SIGKILL)
    return name


@pytest.fixture
def branch(tmp_path: Path) -> Iterator[Exchange]:
    with postgres.server() as url:
        made = Exchange(tmp_path / "home", ledger_url=url, processes=2, stale_seconds=3.0)
        yield made
        made.close()


@pytest.mark.grows
@pytest.mark.timeout(larger(280, 3600))
def test_kill_a_part_every_second_and_flush_redis_once(exchange: Exchange, tmp_path: Path) -> None:
    kill_and_flush(exchange, tmp_path, PACKETS["sqlite"], 8)


@pytest.mark.grows
@pytest.mark.timeout(larger(280, 3600))
@pytest.mark.long
def test_kill_a_part_every_second_beside_postgresql(branch: Exchange, tmp_path: Path) -> None:
    kill_and_flush(branch, tmp_path, PACKETS["postgresql"], 5)


def kill_and_flush(exchange: Exchange, tmp_path: Path, count: int, kills: int) -> None:
    """`count` packets, while at least `kills` parts are killed."""
    senders = [load.lea(f"0{number}", "district", "cv25519") for number in range(1, SENDERS + 1)]
    receiver = load.lea("6G", "charter", "cv25519")
    for one in [*senders, receiver]:
        exchange.add(one.id, one.certificate, one.kind)
    load.register(exchange, count, [one.id for one in senders], "6G")
    packets = [
        load.sealed(senders[number % SENDERS], "6G", exchange.certificate, 3_000, number) for number in range(count)
    ]
    exchange.up()
    reader = Reader(exchange, tmp_path / "desk")
    chance = random.Random(2026)
    killed: list[str] = []
    flushed = False
    dropped, last = 0, time.monotonic()

    def tick() -> bool:
        nonlocal dropped, last, flushed
        for number in range(dropped, min(dropped + 40, count if flushed else count // 2)):  # some come after it
            exchange.drop(senders[number % SENDERS].id, f"{number}.pgp", packets[number])
            dropped = number + 1
        reader.take()
        if time.monotonic() - last >= 1.0 and len(killed) < 40:
            killed.append(kill_one(exchange, chance))
            last = time.monotonic()
        if not flushed and len(killed) >= 4:
            flushed = flush(exchange)
        return len(reader.taken) >= count and len(killed) >= kills

    wait_until(tick, "all packets to be delivered", larger(200, 2000))
    assert flushed
    assert {name.split("-")[0] for name in killed} >= {"worker"}, killed

    wait_until(lambda: settled(exchange, reader, count), "every packet to be collected and told of", larger(60, 600))
    assert set(reader.taken.values()) == {1}, "a packet came twice"
    assert len(reader.taken) == count
    assert not [path for one in senders for path in exchange.folder(one.id, "outbox").iterdir()]
    check_receipts(exchange, [one.id for one in senders], count)
    assert exchange.down() == 0
    assert not [line for line in exchange.log.read_text().splitlines() if '"bug"' in line]


def flush(exchange: Exchange) -> bool:
    """FLUSHALL; False while Redis is being started again."""
    try:
        return bool(redis.Redis(unix_socket_path=str(exchange.home / "run" / "redis.sock")).flushall())
    except redis.ConnectionError:
        return False


def settled(exchange: Exchange, reader: Reader, count: int) -> bool:
    reader.take()
    status = exchange.status()
    return status["states"] == {"COLLECTED": count} and status["receipts_to_publish"] == 0


def check_receipts(exchange: Exchange, senders: list[str], count: int) -> None:
    """One receipt for each state of each packet, at both ends."""
    for lea in senders:
        states = Counter((said["tracking"], said["state"]) for said in exchange.receipts(lea))
        assert set(states.values()) == {1}
        each = Counter(state for _, state in states)
        assert each == dict.fromkeys(("RECEIVED", "ADMITTED", "DELIVERED", "COLLECTED"), count // SENDERS)
    received = Counter(
        said["state"] for path in exchange.folder("6G", "receipts").glob("*.asc") for said in [said_by(path)]
    )
    assert received == {"DELIVERED": count, "COLLECTED": count}


@pytest.mark.timeout(200)
def test_the_third_death_of_a_worker_refuses_the_packet_and_keeps_the_bytes(exchange: Exchange) -> None:
    """A large packet keeps a worker busy long enough to be killed while it has it, three times."""
    sender, receiver = load.lea("01", "district", "cv25519"), load.lea("6G", "charter", "cv25519")
    for one in (sender, receiver):
        exchange.add(one.id, one.certificate, one.kind)
    load.register(exchange, 6, ["01"], "6G")
    large = load.sealed(sender, "6G", exchange.certificate, 60_000_000, 5)
    exchange.up()
    exchange.drop("01", "large.pgp", large)
    engine = connect(read_settings(exchange.home))
    for death in range(1, 4):
        worker = wait_until(lambda death=death: at_work(engine, death), f"attempt {death}")
        pids = [pid for name, pid in exchange.parts().items() if name.startswith("worker")]
        os.kill(next(pid for pid in pids if runs_as(pid, worker)), signal.SIGKILL)
    for number in range(5):
        exchange.drop("01", f"{number}.pgp", load.sealed(sender, "6G", exchange.certificate, 3_000, number))
    said = exchange.wait_receipt("01", "large.pgp", "REFUSED")
    assert said["code"] == "poison"
    assert (exchange.home / "vault" / said["packet"]["sha256"][:2] / said["packet"]["sha256"]).read_bytes() == large
    wait_until(lambda: len(exchange.inbox("6G")) == 5, "the packets beside it")
    engine.dispose()


def at_work(engine: Engine, attempt: int) -> str:
    """The name of the worker that is at the large packet for the `attempt`-th time; '' if none is. The worker that
    first sees the packet only sets it aside for the one of the costly packets, and is gone in an instant: not that."""
    statement = text(
        "SELECT claim FROM packets WHERE size > 50000000 AND lane = :costly AND attempts = :attempt AND claim <> ''"
    )
    with reading(engine) as connection:
        claim = connection.execute(statement, {"costly": COSTLY, "attempt": attempt}).scalar()
    return str(claim or "").partition(":")[0]


def runs_as(pid: int, worker: str) -> bool:
    words = psutil.Process(pid).cmdline()
    return words[words.index("--number") + 1] == worker.rpartition("-")[2]


@pytest.mark.timeout(120)
def test_a_killed_supervisor_takes_its_parts_along_and_can_be_started_again(exchange: Exchange) -> None:
    exchange.up()
    assert exchange.process is not None
    parts = exchange.parts()
    assert any(name.startswith("redis") for name in parts)
    exchange.process.kill()
    exchange.process.wait()
    exchange.process = None
    exchange.up()
    # a part lets go of the home as the last thing it does but to end
    wait_until(lambda: not [name for name, pid in parts.items() if Path(f"/proc/{pid}").exists()], "they are gone", 5)
    second = satchel("up", *exchange.at, check=False)
    assert second.returncode == 1
    assert second.stderr == f"Another `satchel up` runs {exchange.home} already; stop it first.\n"
    assert exchange.down() == 0
