"""Hostile bytes of every kind in one LEA's outbox, beside another LEA's enrollments: refused, kept, and nobody's delay.

Limits are generous, for the machine is shared; what was measured is printed (`pytest -s`).
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from broker.core.codes import NOT_KEPT
from broker.edge.pgp import openpgp
from tests.bench import load
from tests.support import desk, hostile
from tests.support.exchange import Exchange, wait_until
from tests.support.scale import larger

BAD, GOOD = "01", "02"
GENEROUS = 30.0  # seconds for what should take less than 3
CPU, FIRST = 0.4, 0.2  # seconds of the processor; some of the kinds need more
ENOUGH = 1.2  # for ten thousand lines, on a machine that does other things, too
ENDED = {"REFUSED", "APPLIED", "DELIVERED", "HELD", "DUPLICATE"}
# Lines of requests at fault are answered line by line, as honest ones are.
ANSWERED = {name for name in hostile.DOCUMENTS if "lines with" in name or "cells with" in name}

pytestmark = pytest.mark.slow


class Bench:
    """A running exchange with one LEA that is hostile and one that is not."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.exchange = Exchange(root / "home", **({"enabled": False, "processes": 2} | settings))
        self.leas = {lea: load.lea(lea, "district", "cv25519") for lea in (BAD, GOOD)}
        for lea in self.leas.values():
            self.exchange.add(lea.id, lea.certificate)
        self.exchange.up()
        self._number = 0

    def key(self, lea: str) -> openpgp.SecretKey:
        return openpgp.load_secret(self.leas[lea].secret)

    def enroll(self, lea: str) -> str:
        """Drop an honest enrollment of a new student; its file's name."""
        self._number += 1
        document = desk.enrollment(lea, *desk.children(1, self._number))
        name = f"honest-{self._number}.pgp"
        content = desk.as_bytes(document)
        self.exchange.drop(lea, name, openpgp.seal(content, self.key(lea), [self.exchange.certificate]))
        return name

    def end(self, lea: str, file: str) -> dict[str, Any] | None:
        about = [one for one in self.exchange.receipts(lea) if one["packet"].get("file") == file]
        return next((one for one in about if one["state"] in ENDED), None)

    def wait_end(self, lea: str, file: str) -> dict[str, Any]:
        found: dict[str, Any] = wait_until(
            lambda: self.end(lea, file), lambda: f"{file}; {self.exchange.log.read_text()[-2000:]}", 240
        )
        return found

    def kept(self) -> int:
        """How many packets' bytes the vault has."""
        return sum(1 for _ in (self.exchange.home / "vault").glob("??/*"))

    def workers(self) -> dict[str, int]:
        return {name: pid for name, pid in self.exchange.parts().items() if name.startswith("worker")}

    def log(self, event: str) -> list[str]:
        return [line for line in self.exchange.log.read_text().splitlines() if f'"event": "{event}"' in line]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(**settings: Any) -> Bench:
        made.append(Bench(tmp_path, **settings))
        return made[-1]

    yield make
    for one in made:
        one.exchange.close()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One exchange for every kind in turn, whose parts must all be there at the end."""
    made = Bench(tmp_path_factory.mktemp("kinds"), read_cpu_seconds=ENOUGH, read_first_cpu_seconds=FIRST)
    workers = made.workers()
    assert len(workers) == 3  # two, and one for what is costly
    try:
        yield made
        assert made.workers() == workers
        assert made.wait_end(BAD, made.enroll(BAD))["state"] == "APPLIED"
        bad = ("bug", "batch failed", "a part had died and was started again")
        assert {event: made.log(event) for event in bad} == {event: [] for event in bad}
    finally:
        made.exchange.close()


# what costs seconds, and where another kind that stays keeps the same part of the reading busy
LATER = {
    *("names", "long names with escaped colons", "escapes", "a student with many aliases", "armour of headers"),
    *("a CSV of cells with line ends", "a CSV of quotation marks", "XML of comments", "XML of character references"),
}
KINDS = [*hostile.DOCUMENTS, *hostile.MESSAGES]


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=pytest.mark.long) if one in LATER else one for one in KINDS], ids=KINDS
)
def test_every_kind_in_turn_beside_an_honest_enrollment(here: Bench, name: str) -> None:
    content = hostile.every_kind(here.exchange.certificate, here.key(BAD))[name]()
    file = f"REQ_{BAD}_20260817_{len(name)}.csv.pgp" if "CSV" in name else f"{name}.pgp"
    kept = here.kept()
    here.exchange.drop(BAD, file, content)
    began = time.monotonic()
    assert here.wait_end(GOOD, here.enroll(GOOD))["state"] == "APPLIED"
    seconds = time.monotonic() - began
    ended = here.wait_end(BAD, file)
    print(f"{name:45s} {ended.get('code', ''):18s} honest enrollment answered after {seconds:5.2f} s")
    assert seconds < GENEROUS
    assert ended["state"] == ("APPLIED" if name in ANSWERED else "REFUSED"), ended
    assert ended.get("code") == "too-costly" or name != "names with escaped colons"
    if ended.get("code") not in NOT_KEPT:  # what was found before a seal may be in the clear
        assert here.kept() >= kept + 2  # the enrollment, and this


def _costly() -> bytes:
    """A document whose reading takes more than a second of the processor, and no more than a few."""
    return ("{" + ",".join(f'"\\u003a{number}":0' for number in range(400_000)) + "}").encode()


def test_many_costly_packets_of_one_lea_keep_only_that_lea_waiting(bench: Callable[..., Bench]) -> None:
    here = bench(read_cpu_seconds=CPU, read_first_cpu_seconds=FIRST)
    content, key = _costly(), here.key(BAD)
    files = [f"costly-{number}.pgp" for number in range(larger(8, 20))]
    for file in files:
        here.exchange.drop(BAD, file, openpgp.seal(content, key, [here.exchange.certificate]))
    wait_until(lambda: here.log("put aside"), "the first that is put aside", 60)
    began = time.monotonic()
    assert here.wait_end(GOOD, here.enroll(GOOD))["state"] == "APPLIED"
    seconds = time.monotonic() - began
    print(f"beside {len(files)} costly packets an enrollment is answered after {seconds:.2f} s")
    assert seconds < GENEROUS
    left = [file for file in files if here.end(BAD, file) is None]
    assert len(left) > len(files) // 2  # it did not wait for them
    assert {here.wait_end(BAD, file)["code"] for file in files} == {"too-costly"}
    assert len(here.log("not read")) <= 2 * len(files)  # each was begun twice: among others, and by itself


def test_a_packet_whose_reading_outlives_its_lease_is_read_once(bench: Callable[..., Bench]) -> None:
    here = bench(lease_seconds=1.0, read_first_cpu_seconds=0.1)
    here.exchange.drop(BAD, "long.pgp", openpgp.seal(_costly(), here.key(BAD), [here.exchange.certificate]))
    reader = wait_until(lambda: _reading(here), "the reader of the costly lane at work", 60)
    reader.suspend()  # a machine that has no time for it, for longer than the lease
    time.sleep(2.5)
    reader.resume()
    ended = here.wait_end(BAD, "long.pgp")
    assert ended["code"] == "unknown-type"
    assert [one["state"] for one in here.exchange.receipts(BAD)] == ["RECEIVED", "REFUSED"]
    assert len(here.log("put aside")) == 1


def _reading(here: Bench) -> psutil.Process | None:
    """A process that reads for the costly lane, which is known by its lower priority, and has begun to."""
    for pid in here.exchange.readers().values():
        for one in psutil.Process(pid).children():
            if one.nice() > os.nice(0) and one.cpu_times().user > 0.1:
                return one
    return None


def test_no_reader_outlives_a_worker_that_is_killed(bench: Callable[..., Bench]) -> None:
    here = bench()
    assert here.wait_end(GOOD, here.enroll(GOOD))["state"] == "APPLIED"
    workers = here.workers()
    readers = [psutil.Process(pid) for pid in here.exchange.readers().values()]
    assert len(readers) >= len(workers)
    for pid in workers.values():
        psutil.Process(pid).kill()
    gone, alive = psutil.wait_procs(readers, 30)
    assert alive == []
    assert len(gone) == len(readers)
    assert here.wait_end(GOOD, here.enroll(GOOD))["state"] == "APPLIED"
    readers = [psutil.Process(pid) for pid in here.exchange.readers().values()]
    here.exchange.down()
    assert psutil.wait_procs(readers, 30)[1] == []
