"""A school year: who enters which school when, who leaves, and who is in two LEAs at once.

Owns the moves. Promises: the events of a student come in the order in which they happened; days are weekdays of the
year; an exit names the last day, an entry the first. Entry codes are left empty, because Utah's are not published; only
exit codes with a known meaning are used.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Literal

from broker.core.model import LeaId, PartyKind
from broker.simulate.people import YEAR, Person
from broker.simulate.rates import DEFAULT, Rates
from broker.simulate.state import Lea, State
from broker.simulate.tables import Table

Why = Literal["year", "arrival", "move", "late-exit", "dual"]

_FIRST_DAY = (8, 12)  # month and day; each LEA begins within two weeks of it
_DAYS = 195  # weekdays from then to the end of May
_BEGIN_WITHIN = 10
_ONE_MOVE = ((_BEGIN_WITHIN + 1, 150),)  # the weekdays between which the move happens
_TWO_MOVES = ((_BEGIN_WITHIN + 1, 70), (100, 150))  # far enough apart that even a late exit comes before move two
_GAP = 5  # at most so many weekdays between two schools
_LATE = 20  # at most so many weekdays by which an exit is late
_TWICE = 0.1  # of movers
# Where movers go; an assumption. TD: within the district; TS: to another district; TR: to a charter; TO: out of the
# state; IN: from out of the state, without an exit here.
_KINDS = Table({"TD": 0.3, "TS": 0.33, "TR": 0.14, "TO": 0.11, "IN": 0.12})


@dataclass(frozen=True, slots=True)
class Event:
    """One line of an LEA's report. `why` is the truth about it: `late-exit` marks an exit that should have been
    earlier."""

    date: date
    person: str
    lea: LeaId
    school: str
    event: Literal["entry", "exit"]
    code: str
    why: Why


def movements(
    people: Iterable[Person], among: State, seed: int, rates: Rates = DEFAULT, *, year: int = YEAR
) -> Iterator[Event]:
    """The events of all students, one student after the other, in the order of `people`.

    `among` is the state for which the people were made, `year` the calendar year in which the school year ends.
    """
    calendar = Calendar(among, seed, rates, year)
    for person in people:
        yield from calendar.of(person)


class Calendar:
    """The days of one school year, and what happens on them."""

    def __init__(self, among: State, seed: int, rates: Rates = DEFAULT, year: int = YEAR) -> None:
        self._state = among
        self._random = Random(f"{seed}/years")
        self._rates = rates
        first = date(year - 1, *_FIRST_DAY)
        every = (first + timedelta(n) for n in range(_DAYS * 2))
        self._days = [day for day in every if day.weekday() < 5][:_DAYS]
        self._begins = {lea: int(self._random.random() * _BEGIN_WITHIN) for lea in among.leas}

    def of(self, person: Person) -> list[Event]:
        """Everything that happens to one student, in order; at least an entry."""
        random = self._random
        here = self._state.leas[person.lea]
        if random.random() >= self._rates.movers:
            return [self._enter(person, here, person.school, self._begins[here.id], "year"), *self._dual(person, here)]
        spans = _TWO_MOVES if random.random() < _TWICE else _ONE_MOVE
        kinds = [_KINDS.draw(random) for _ in spans]
        days = [first + int(random.random() * (last - first)) for first, last in spans]
        if kinds[0] == "IN":
            events = [self._enter(person, here, person.school, days[0], "arrival")]
        else:
            events = [self._enter(person, here, person.school, self._begins[here.id], "year")]
            events += self._move(person, kinds[0], days[0], events[0])
        if len(kinds) == 2 and events[-1].event == "entry":
            events += self._move(person, kinds[1], days[1], events[-1])
        return sorted(events, key=lambda one: one.date)

    def _move(self, person: Person, kind: str, day: int, last: Event) -> list[Event]:
        """An exit and, unless the student leaves the state, an entry. A student with no other place to go leaves the
        state."""
        random = self._random
        here = self._state.leas[last.lea]
        there, school = self._where(person, kind, here, last.school)
        if there is None:
            return [self._leave(person, here, last.school, day, "TO", "move")]
        entry = day + 1 + int(random.random() * _GAP)
        code = "TD" if there is here else "TR" if there.kind is PartyKind.CHARTER else "TS"
        late = there is not here and random.random() < self._rates.late_exit
        leaves = entry + int(random.random() * _LATE) if late else day
        return [
            self._leave(person, here, last.school, leaves, code, "late-exit" if late else "move"),
            self._enter(person, there, school, entry, "move"),
        ]

    def _where(self, person: Person, kind: str, here: Lea, school: str) -> tuple[Lea | None, str]:
        """The LEA and school for a move of this kind; where there is none, for the nearest kind."""
        random = self._random
        if kind == "TD" and (other := here.other_school(person.grade, school, random.random())):
            return here, other
        for _ in range(20 if kind != "TO" else 0):
            charter = self._state.charter(random, person.grade) if kind == "TR" else None
            there = charter or self._state.district(random)
            if there is not here and (found := there.school(person.grade, random.random())):
                return there, found
        return None, ""

    def _dual(self, person: Person, here: Lea) -> list[Event]:
        """A second LEA at the same time: legal, but not in kindergarten (Utah R277-419-5)."""
        if person.grade == 0 or self._random.random() >= self._rates.dual:
            return []
        there, school = self._where(person, "TS", here, person.school)
        if there is None:
            return []
        return [self._enter(person, there, school, _BEGIN_WITHIN + int(self._random.random() * 30), "dual")]

    def _enter(self, person: Person, lea: Lea, school: str, day: int, why: Why) -> Event:
        return Event(self._days[day], person.id, lea.id, school, "entry", "", why)

    def _leave(self, person: Person, lea: Lea, school: str, day: int, code: str, why: Why) -> Event:
        return Event(self._days[day], person.id, lea.id, school, "exit", code, why)
