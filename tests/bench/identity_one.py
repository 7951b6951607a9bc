"""One student at a time against a whole registry: how long `match.find` takes, and how often it is right.

Prints JSON lines: how the registry was built, then p50 and p99 in milliseconds with a cold and with a warm cache. Cold:
a fresh connection, and the operating system was told to drop its pages of the database file (`posix_fadvise` DONTNEED,
which needs no rights and concerns this file only); the first queries pay for the disk. Warm: the same again. Then the
pages of SQLite's file that a look-up reads, which no other program on the machine changes: `from_nothing` where the
connection remembers no page, `with_cache` where it remembers as many as it may.
"""

import argparse
import json
import os
import random
import shutil
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

from sqlalchemy import Engine, text

from broker.core.model import LeaId, Party, PartyKind, Ssid, Student
from broker.edge.ledger.engine import connect, reading, writing
from broker.edge.ledger.migrate import migrate
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import registry
from broker.edge.ledger.people.registry import Source
from broker.edge.settings.values import Settings
from broker.formats.documents import to_student
from broker.identity import match, models, registrar
from broker.identity.model import Model
from broker.simulate.errors import spoil
from broker.simulate.people import Person, persons

ROOT = Path(__file__).resolve().parents[2]
STATE = 656_000
_AT_ONCE = 50_000  # students in one transaction
_BUILD_CACHE_KB = 400_000


def say(measure: str, **figures: Any) -> None:
    """One JSON line."""
    print(json.dumps({"measure": measure} | figures), flush=True)


def number_of(place: int) -> Ssid:
    """A number for the student in this place; in no order, as allocated ones are in none."""
    return Ssid(f"{1_000_000_000 + place * 7_368_787 % 999_999_937 * 9}")


def build(engine: Engine, model: Model, count: int, asked: int, seed: int) -> list[tuple[str, Person]]:
    """Fill the registry with `count` students, if it is empty; some of them, evenly spread, to ask for."""
    kept: list[tuple[str, Person]] = []
    every = max(1, count // asked)

    def numbered() -> Iterator[tuple[Ssid, Student]]:
        for place, person in enumerate(persons(count, seed)):
            ssid = number_of(place)
            if place % every == 0 and len(kept) < asked:
                kept.append((ssid, person))
            yield ssid, replace(person.student, ssid=None)

    with writing(engine) as connection:
        if registry.page(connection, "", 1):
            deque(numbered(), maxlen=0)
            return kept
        directory.add_party(connection, Party(LeaId("01"), "LEA", PartyKind.DISTRICT), 0.0)
    students = numbered()
    while some := list(islice(students, _AT_ONCE)):
        with writing(engine) as connection:
            if connection.dialect.name == "sqlite":
                connection.execute(text(f"PRAGMA cache_size = -{_BUILD_CACHE_KB}"))
            registrar.bring_in(connection, model, some, Source(LeaId("01"), "", 0.0))
    engine.dispose()  # and with it the large cache
    return kept


def questions(kept: Sequence[tuple[str, Person]], seed: int) -> list[tuple[str, Student]]:
    """Records of known students with the errors that records have, and as many of students whom nobody has."""
    dice = random.Random(seed)
    known = [(ssid, to_student(spoil(person.block, dice)[0])) for ssid, person in kept]
    unknown = [("", person.student) for person in persons(len(kept), seed + 1)]
    asked = [(ssid, replace(student, ssid=None)) for ssid, student in known + unknown]
    dice.shuffle(asked)
    return asked


def forget(path: Path) -> None:
    """Have the operating system drop its pages of this file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def ask(engine: Engine, model: Model, asked: Sequence[tuple[str, Student]]) -> tuple[list[float], Counter[str]]:
    """Milliseconds of each look-up, and what came of it."""
    times, outcomes = [], Counter[str]()
    with reading(engine) as connection:
        match.find(connection, model, asked[0][1], "01")  # statements are made once a process
        for ssid, student in asked:
            began = time.perf_counter()
            finding = match.find(connection, model, student, "01")
            times.append(1000 * (time.perf_counter() - began))
            right = "" if finding.ssid is None else " right" if finding.ssid == ssid else " wrong"
            outcomes[f"{'known' if ssid else 'unknown'} {finding.answer}{right}"] += 1
    return times, outcomes


def measure(engine: Engine, model: Model, path: Path, asked: Sequence[tuple[str, Student]], students: int) -> None:
    """Cold, then warm."""
    for cache in ("cold", "warm"):
        if cache == "cold":
            engine.dispose()
            forget(path)
        times, outcomes = ask(engine, model, asked)
        cuts = quantiles(times, n=1000)
        say(
            "identity_one",
            cache=cache,
            students=students,
            asked=len(times),
            p50_ms=round(cuts[499], 3),
            p99_ms=round(cuts[989], 3),
            most_ms=round(max(times), 3),
            goal_p99_ms=1.0,
            outcomes=dict(sorted(outcomes.items())),
        )


def count_pages(engine: Engine, model: Model, asked: Sequence[tuple[str, Student]], students: int) -> None:
    """Say how many pages a look-up reads, from nothing and with the cache of a connection that has worked before."""
    found: dict[str, list[int]] = {"from_nothing": [], "with_cache": []}
    with reading(engine) as connection:
        match.find(connection, model, asked[0][1], "01")
        for _, student in asked:
            connection.exec_driver_sql("PRAGMA shrink_memory")
            found["from_nothing"].append(_pages(lambda one=student: match.find(connection, model, one, "01")))
        for place, (_, student) in enumerate(asked):
            read = _pages(lambda one=student: match.find(connection, model, one, "01"))
            if place >= len(asked) // 2:  # the first half fills the cache
                found["with_cache"].append(read)
    for cache, pages in found.items():
        cuts = quantiles(pages, n=100)
        say("identity_pages", cache=cache, students=students, mean=round(mean(pages), 1), p99=round(cuts[98], 1))


def _pages(look_up: Callable[[], object]) -> int:
    """The reads of this process, less those that counting takes."""
    before, own = _reads(), _reads()
    look_up()
    return _reads() - own - (own - before)


def _reads() -> int:
    return int(Path("/proc/self/io").read_text().partition("syscr:")[2].split()[0])


def main(arguments: Sequence[str] | None = None) -> None:
    """Build a registry, ask, tell, and remove it again."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--students", type=int, default=50_000, help=f"in the registry; a state has {STATE}")
    parser.add_argument("--asked", type=int, default=2000, help="students to look up, and as many unknown ones")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="a folder to build the registry in and to keep, or to use again")
    chosen = parser.parse_args(arguments)
    # beside the project, where homes are kept: /tmp may be another kind of file system
    folder = chosen.keep or Path(tempfile.mkdtemp(prefix=".bench-", dir=ROOT))
    try:
        run(folder, chosen.students, min(chosen.asked, chosen.students), chosen.seed)
    finally:
        if not chosen.keep:
            shutil.rmtree(folder)


def run(folder: Path, students: int, asked: int, seed: int) -> None:
    """The measurement."""
    model, engine = models.load(None), connect(Settings(home=folder))
    path = folder / "ledger.db"
    migrate(engine)
    began = time.perf_counter()
    kept = build(engine, model, students, asked, seed)
    seconds = time.perf_counter() - began
    with reading(engine) as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    say("identity_registry", students=students, seconds=round(seconds, 1), bytes=path.stat().st_size)
    asked_for = questions(kept, seed)
    measure(engine, model, path, asked_for, students)
    count_pages(engine, model, asked_for, students)
    engine.dispose()


if __name__ == "__main__":
    main()
