"""The database ends its connections, again and again: nothing is refused for it, and it is told once."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from broker.core.lanes import COSTLY
from broker.edge.ledger.engine import connect, reading
from broker.edge.settings.file import load as read_settings
from tests.bench import load
from tests.support import postgres
from tests.support.exchange import Exchange, wait_until

LOST = 4  # attempts at the large packet that lose their connection: more than deaths would refuse it
MATES = 5


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    with postgres.server() as url:
        made = Exchange(tmp_path / "home", ledger_url=url, processes=1, enabled=False)
        try:
            yield made
        finally:
            made.close()


def in_hand(engine: Engine, lane: int = 0) -> str:
    """The claim of the worker that is at the large packet now, in this lane or a later one; '' if none is."""
    with reading(engine) as connection:
        claimed = text("SELECT claim FROM packets WHERE size > 50000000 AND claim_until > 0 AND lane >= :lane")
        return str(connection.execute(claimed, {"lane": lane}).scalar() or "")


def end_connections(engine: Engine) -> None:
    """Of all parts of the exchange."""
    with reading(engine) as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


def lose(engine: Engine) -> None:
    """The large packet is claimed once more, and while it is worked the connections end."""
    wait_until(lambda: in_hand(engine), "the large packet to be claimed")
    time.sleep(0.1)  # the transaction that claims it has ended: the look-ups of the work are next
    end_connections(engine)
    wait_until(lambda: not in_hand(engine), "the claim to be given back")


@pytest.mark.long
@pytest.mark.timeout(280)
def test_a_worker_that_is_stopped_in_order_does_not_count_also_where_it_is_killed_then(tmp_path: Path) -> None:
    """As a machine that is switched off does it: first it asks, and then it does not wait for long."""
    exchange = Exchange(tmp_path / "home", processes=1, enabled=False)
    try:
        sender, receiver = load.lea("01", "district", "cv25519"), load.lea("6G", "charter", "cv25519")
        for one in (sender, receiver):
            exchange.add(one.id, one.certificate, one.kind)
        load.register(exchange, 1, ["01"], "6G")
        exchange.up()
        engine = connect(read_settings(exchange.home))
        exchange.drop("01", "large.pgp", load.sealed(sender, "6G", exchange.certificate, 60_000_000, 0))
        for _ in range(LOST):
            wait_until(lambda: in_hand(engine, lane=COSTLY), "the large packet to be claimed")
            worker = next(one["pid"] for one in exchange.status()["parts"] if one["part"] == "worker-costly")
            os.kill(worker, signal.SIGTERM)
            wait_until((exchange.home / "run" / "worker-costly.owed").exists, "it to be noted what is owed")
            os.kill(worker, signal.SIGKILL)
            wait_until(lambda: not in_hand(engine), "the claim to be given back")
        engine.dispose()
        said = exchange.wait_receipt("01", "large.pgp", "REFUSED", "DELIVERED")
        assert said["state"] == "DELIVERED", said
    finally:
        exchange.close()


@pytest.mark.timeout(280)
@pytest.mark.long
def test_a_large_packet_whose_connection_ends_at_each_attempt_is_delivered_in_the_end(exchange: Exchange) -> None:
    sender, receiver = load.lea("01", "district", "cv25519"), load.lea("6G", "charter", "cv25519")
    for one in (sender, receiver):
        exchange.add(one.id, one.certificate, one.kind)
    load.register(exchange, MATES + 1, ["01"], "6G")
    exchange.up()
    engine = connect(read_settings(exchange.home))
    exchange.drop("01", "large.pgp", load.sealed(sender, "6G", exchange.certificate, 60_000_000, MATES))
    for number in range(MATES):
        exchange.drop("01", f"{number}.pgp", load.sealed(sender, "6G", exchange.certificate, 3_000, number))
    for _ in range(LOST):
        lose(engine)
    engine.dispose()
    said = exchange.wait_receipt("01", "large.pgp", "REFUSED", "DELIVERED")
    assert said["state"] == "DELIVERED", said
    wait_until(lambda: len(exchange.inbox("6G")) == MATES + 1, "the packets beside it")
    assert {one["state"] for one in exchange.packets()} == {"DELIVERED"}
    assert exchange.down() == 0
    lines = [json.loads(line) for line in exchange.log.read_text().splitlines() if line.startswith("{")]
    told = [(one["event"], one.get("what")) for one in lines if one["level"] in ("error", "warning")]
    assert not [
        one for one in lines if one["event"] in ("bug", "batch failed", "a part had died and was started again")
    ]
    assert 1 <= told.count(("trouble", "batch")) <= LOST, told
