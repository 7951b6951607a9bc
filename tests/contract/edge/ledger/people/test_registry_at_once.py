"""Many workers at one registry, over SQLite and PostgreSQL: one number for each student."""

import random
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from broker.core.model import LeaId, Name, Party, PartyKind, Ssid, Student
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import registry
from broker.edge.ledger.people.registry import Source
from broker.identity import match, models, registrar, ssid
from broker.identity.answer import Answer
from broker.identity.model import Model
from broker.simulate.people import persons
from broker.simulate.rates import DEFAULT
from tests.support import ledgers
from tests.support.scale import larger

NOW = 1_800_000_000.0
FIRST = Source(LeaId("01"), "packet-1", NOW)


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load(None)


@pytest.fixture
def engine(engine: Engine) -> Engine:
    with writing(engine) as connection:
        for lea in ("01", "6G"):
            directory.add_party(connection, Party(LeaId(lea), lea, PartyKind.DISTRICT), NOW)
    return engine


WORKERS, PACKET = 16, 25


@pytest.mark.grows
def test_sixteen_workers_give_every_student_one_number(
    engine: Engine, ledger_url: str, tmp_path: Path, model: Model
) -> None:
    """Every fifth report is a student's second; packets of 25; numbers are drawn from few, so that some are drawn
    twice."""
    students = larger(1200, 5000)
    reported = students * 5 // 4
    rates = DEFAULT.changed({"twins": 0.0})
    people = [(person.id, person.student) for person in persons(students, 11, rates)]
    dice = random.Random(12)
    others = [(Ssid(f"{n}"), person.student) for n, person in enumerate(persons(500, 13, rates))]
    with writing(engine) as connection:
        registrar.bring_in(connection, model, others, FIRST)
        connection.execute(text("ANALYZE"))  # PostgreSQL's plans of a minute ago are those for empty tables
    reports = people + [(who, in_capitals(student)) for who, student in dice.sample(people, reported - students)]
    dice.shuffle(reports)
    waiting = [reports[start : start + PACKET] for start in range(0, reported, PACKET)]
    given: list[tuple[str, str]] = []
    errors: list[Exception] = []

    def work() -> None:
        own, numbers = ledgers.again(tmp_path, ledger_url), random.Random()
        try:
            while waiting:
                given.extend(settle(own, model, waiting.pop(), numbers))
        except Exception as error:  # noqa: BLE001
            errors.append(error)
        finally:
            own.dispose()

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len({number for _, number in given}) == len({who for who, _ in given}) == len(set(given))
    assert len(given) > 0.97 * reported
    with reading(engine) as connection:
        assert registry.count(connection) == len(others) + len(set(given))


def in_capitals(student: Student) -> Student:
    name = student.legal_name
    return replace(student, legal_name=Name(name.first.upper(), name.last.upper(), name.middle.upper(), name.suffix))


def settle(
    engine: Engine, model: Model, packet: list[tuple[str, Student]], numbers: random.Random
) -> list[tuple[str, str]]:
    """What an enrollment does, in one transaction: find, or give a number; a review gives none."""
    done: list[tuple[str, str]] = []
    with writing(engine) as connection:
        registry.lock(connection)
        for who, student in packet:
            unnumbered = replace(student, ssid=None, local_id="")
            finding = match.find(connection, model, unnumbered, "01")
            number = finding.ssid
            if finding.answer is Answer.NONE:
                number = registrar.register(
                    connection, model, unnumbered, lambda: ssid.allocate(numbers.randrange, 6), FIRST
                )
            if number:
                done.append((who, number))
    return done
