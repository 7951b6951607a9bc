"""What is known of students: who each is, under which numbers, where it is and was, and whether a flag stands on it.

Owns the one look for all that follows from an event. Promises: reads only; what is read of many students takes as many
statements as what is read of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from broker.edge.ledger.engine import Reading
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.people import flags, registry, stays
from broker.edge.ledger.people.registry import Person
from broker.edge.ledger.tables import students

_AT_ONCE = 500


@dataclass(frozen=True, slots=True, repr=False)
class KnownStudent:
    """One student. `person` is None where nobody has the number; `numbers` are all of the student's, first the one that
    stands for it; `places` are its stays, the oldest entry first. Repr hidden."""

    person: Person | None = field(repr=False)
    numbers: tuple[str, ...]
    places: tuple[EnrollmentRow, ...]
    is_flagged: bool

    @property
    def ssid(self) -> str:
        """The number that stands for the student."""
        return self.numbers[0]


def of(connection: Reading, ssids: Sequence[str]) -> dict[str, KnownStudent]:
    """The students whom these numbers stand for, by each of these numbers."""
    found: dict[str, KnownStudent] = {}
    flagged = set(flags.numbers(connection).values()) if ssids else set()
    for start in range(0, len(ssids), _AT_ONCE):
        found |= _of_some(connection, ssids[start : start + _AT_ONCE], flagged)
    return found


def of_one(connection: Reading, ssid: str) -> KnownStudent:
    """The student whom this number stands for."""
    return of(connection, [ssid])[ssid]


def _of_some(connection: Reading, ssids: Sequence[str], flagged: set[str]) -> dict[str, KnownStudent]:
    people = registry.people(connection, ssids)
    kept = {one: people[one].merged_into or one if one in people else one for one in ssids}
    stand = list(dict.fromkeys(kept.values()))
    people |= registry.people(connection, [one for ssid, one in kept.items() if one != ssid])
    merged: dict[str, list[str]] = {one: [] for one in stand}
    query = select(students.c.merged_into, students.c.ssid).where(students.c.merged_into.in_(stand))
    query = query.where(students.c.merged_into != "")
    for into, number in connection.execute(query.order_by(students.c.ssid)):
        merged[into].append(number)
    places = stays.of_many(connection, stand)
    return {
        ssid: KnownStudent(people.get(one), (one, *merged[one]), tuple(places.get(one, ())), is_flagged=one in flagged)
        for ssid, one in kept.items()
    }
