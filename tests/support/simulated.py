"""The synthetic state that the tests of `broker.simulate` look at, made once, and what is checked of it often."""

import math
from collections import defaultdict
from functools import cache

from broker.edge.schemas.contracts import Contracts
from broker.edge.settings import resources
from broker.simulate import state
from broker.simulate.blocks import Block
from broker.simulate.pairs import twins
from broker.simulate.people import Person, persons
from broker.simulate.rates import DEFAULT
from broker.simulate.state import State
from broker.simulate.years import Event, movements
from tests.support import documents

COUNT = 12_000
HARSH = DEFAULT.changed({"middle_in_first": 0.5, "upper_case": 0.5, "accents_dropped": 0.5, "first_typo": 0.5})
SEED = 11


@cache
def town() -> State:
    return state.make(seed=SEED)


@cache
def people() -> tuple[Person, ...]:
    return tuple(persons(COUNT, SEED))


@cache
def families() -> dict[str, list[Person]]:
    found: dict[str, list[Person]] = defaultdict(list)
    for person in people():
        found[person.family].append(person)
    return found


@cache
def years() -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in movements(people(), town(), SEED):
        found[event.person].append(event)
    return found


@cache
def pairs_of_twins() -> tuple[tuple[Block, Block], ...]:
    return tuple(twins(3000, SEED))


def about(found: int, rate: float, of: int) -> bool:
    """Within five standard deviations of what the rate lets expect."""
    return abs(found - rate * of) <= 5 * math.sqrt(of * rate * (1 - rate))


def check(blocks: list[Block]) -> None:
    """Each block fits `student.v1`, by the gate that every packet passes."""
    contracts = Contracts(resources.folder("schemas"))
    for at in range(0, len(blocks), 10_000):
        document = documents.enrollment()
        entry = document["students"][0]
        document["students"] = [entry | {"student": block} for block in blocks[at : at + 10_000]]
        contracts.check(document, 5)
