"""Many workers and commands at the same students on PostgreSQL: they take turns, and none is the victim of another."""

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from broker.edge.ledger.engine import connect, reading
from broker.edge.settings.file import load as read_settings
from tests.bench import load
from tests.support import desk, postgres
from tests.support.exchange import Exchange, satchel, wait_until

LEAS = ("01", "02", "03")
PAIRS = 2  # of students who are merged and parted again and again
MOVERS = 8
BECAUSE = ("--who", "Jo Field", "--why", "the same child", "--sure")


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    with postgres.server() as url:
        made = Exchange(tmp_path / "home", ledger_url=url, processes=4, enabled=False)
        try:
            yield made
        finally:
            made.close()


def deadlocks(exchange: Exchange) -> list[str]:
    """What PostgreSQL says of transactions that it broke off because two waited for each other."""
    url = read_settings(exchange.home).ledger.url
    engine = connect(read_settings(exchange.home))
    with reading(engine) as connection:
        counted = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        found = int(connection.execute(counted).scalar_one())
    engine.dispose()
    said = postgres.log(url).partition("deadlock detected")[2] if found else ""
    return [f"{found} deadlocks", said[:5000]] if found else []


def numbers(exchange: Exchange) -> dict[str, str]:
    """Each student's SSID, by the local id."""
    engine = connect(read_settings(exchange.home))
    with reading(engine) as connection:
        rows = connection.execute(text("SELECT local_id, ssid FROM enrollments")).all()
    engine.dispose()
    return {row[0]: row[1] for row in rows}


@pytest.mark.timeout(280)
def test_workers_and_merges_at_the_same_students_never_wait_for_each_other(exchange: Exchange) -> None:
    work_beside_merges(exchange, rounds=1, days=3)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_for_longer_the_same_holds(exchange: Exchange) -> None:
    work_beside_merges(exchange, rounds=6, days=20)


def work_beside_merges(exchange: Exchange, rounds: int, days: int) -> None:
    """Two at a time merge and part students from the command line, so many `rounds`; each student moves on each of
    these `days`."""
    leas = {one: load.lea(one, "district", "cv25519") for one in LEAS}
    for one in leas.values():
        exchange.add(one.id, one.certificate, one.kind)
    movers = desk.children(MOVERS)
    exchange.up()
    drops = iter(range(1_000_000))

    def drop(lea: str, *documents: dict[str, object]) -> None:
        for document in documents:
            exchange.drop(lea, f"{next(drops)}.pgp", load.letter(leas[lea], exchange.certificate, document))

    drop("01", desk.enrollment("01", *movers, date="2026-08-17"))
    wait_until(lambda: len(numbers(exchange)) == MOVERS, "the students to be enrolled")
    known = numbers(exchange)
    ssids = [known[one["local_id"]] for one in movers]

    def merges(first: int) -> list["subprocess.CompletedProcess[str]"]:
        """Two of the students are made one, and two again, from the command line."""
        done = []
        for _ in range(rounds):
            for pair in range(first, PAIRS, 2):
                kept, other = ssids[2 * pair], ssids[2 * pair + 1]
                done.append(satchel("student", "merge", kept, other, *BECAUSE, *exchange.at, check=False))
                done.append(satchel("student", "unmerge", kept, other, *BECAUSE[:4], *exchange.at, check=False))
        return done

    def traffic() -> None:
        """Each student moves on by a packet of its own, and records about it come from everywhere meanwhile."""
        for day, lea in enumerate(LEAS[1:] + LEAS * days, 1):
            if day > days:
                return
            for number, one in enumerate(movers):
                drop(lea, desk.enrollment(lea, one, date=f"2026-09-{day:02}"))
                drop(LEAS[number % 3], desk.record(LEAS[number % 3], one))
            turned = day % MOVERS
            mixed = movers[turned:] + movers[:turned]
            drop(lea, desk.enrollment(lea, *mixed, date=f"2026-10-{day:02}"))

    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(merges, 0), pool.submit(merges, 1)]
        pool.submit(traffic).result()
        ended = [one for some in running for one in some.result()]
    exchange.quiet()
    failed = [one.stderr[-500:] for one in ended if one.returncode]
    lines = [json.loads(line) for line in exchange.log.read_text().splitlines() if line.startswith("{")]
    dropped = [one for one in lines if one.get("event") in ("batch failed", "round failed", "bug", "trouble")]
    poisoned = [one for one in exchange.packets() if one["code"] == "poison"]
    assert (deadlocks(exchange), dropped, failed, poisoned) == ([], [], [], [])
