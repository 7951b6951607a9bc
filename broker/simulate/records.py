"""Each LEA's view of a student: its own block, with its own number and its own errors.

Owns the view of one LEA. Promises: the LEA that a student leaves and the LEA to which the student comes wrote their
records independently; a student who moves to another LEA mostly has another address there, which counts as
`address_changed`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from broker.core.model import LeaId
from broker.simulate import places
from broker.simulate.blocks import Block, copied
from broker.simulate.errors import spoil
from broker.simulate.people import Person, local_id
from broker.simulate.rates import DEFAULT, Rates
from broker.simulate.state import State
from broker.simulate.years import Event

_NEW_HOME = 0.75  # of students who move to another LEA


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """A student in one LEA's system, as the LEA would send it. Repr hidden."""

    lea: LeaId
    school: str
    block: Block = field(repr=False)
    errors: tuple[str, ...]


class Records:
    """How the LEAs of a state record its students."""

    def __init__(self, among: State, seed: int, rates: Rates = DEFAULT) -> None:
        self._state = among
        self._random = Random(f"{seed}/records")
        self._rates = rates

    def of(self, number: int, person: Person, events: Sequence[Event]) -> Iterator[Record]:
        """One record for each LEA that the student enters, in that order. `number` counts the students from 1."""
        seen: set[LeaId] = set()
        for event in events:
            if event.event == "entry" and event.lea not in seen:
                seen.add(event.lea)
                yield self._record(number, person, event)

    def _record(self, number: int, person: Person, event: Event) -> Record:
        random = self._random
        block = person.block
        moved = event.lea != person.lea and event.why != "dual" and random.random() < _NEW_HOME
        if event.lea != person.lea:
            block = copied(block)
            block["local_id"] = local_id(number, event.lea)
        if moved:
            block["address"] = places.address(random, random.choice(self._state.leas[event.lea].towns))
        spoilt, errors = spoil(block, random, self._rates)
        if moved and not {"address_changed", "address_missing"} & set(errors):
            errors = (*errors, "address_changed")
        return Record(event.lea, event.school, spoilt, errors)
