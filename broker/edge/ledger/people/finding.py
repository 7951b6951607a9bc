"""Finds students by what a person knows of them: parts of a name, the birth date, an LEA's own number.

Owns this search, which serves people; `broker.identity` decides who is who. Promises: accents, case and hyphens do not
matter; every name that a student ever had is searched; results are bounded, in the order of the numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Select, select

from broker.core.model import Name
from broker.edge.ledger.engine import Reading
from broker.edge.ledger.people import evidence, registry
from broker.edge.ledger.people.registry import Person
from broker.edge.ledger.tables import enrollments, student_features, students

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known: '' and () for nothing. `words` are parts of names, `birth_date` an ISO date, `lea` the LEA whose
    number `local_id` is, or where the student is or was. Repr hidden."""

    words: Sequence[str] = field(default=(), repr=False)
    birth_date: str = field(default="", repr=False)
    local_id: str = field(default="", repr=False)
    lea: str = ""


def find(connection: Reading, asked: Asked, key: Callable[[str], str], most: int) -> list[Person]:
    """Up to `most` students that match. `key` gives the letters by which names are compared."""
    keys = [key(word) for word in asked.words]
    found: list[Person] = []
    after = ""
    while len(found) < most:
        query = _numbers(asked, keys).where(students.c.ssid > after).limit(_AT_ONCE)
        page = [str(row[0]) for row in connection.execute(query)]
        for ssid in page:
            person = registry.person(connection, ssid)
            if person is not None and all(_has(connection, person, one, key) for one in keys):
                found.append(person)
        if len(page) < _AT_ONCE:
            break
        after = page[-1]
    return found[:most]


def _numbers(asked: Asked, keys: Sequence[str]) -> Select[tuple[str]]:
    """Students who may match: the index holds each name's letters in one text with everything else that is compared."""
    query = select(students.c.ssid).distinct().order_by(students.c.ssid)
    if asked.birth_date:
        query = query.where(students.c.birth_date == asked.birth_date)
    if asked.local_id or asked.lea:
        places = select(enrollments.c.ssid)
        places = places.where(enrollments.c.local_id == asked.local_id) if asked.local_id else places
        places = places.where(enrollments.c.lea == asked.lea) if asked.lea else places
        kept = select(students.c.ssid).where(students.c.merged_into.in_(places), students.c.merged_into != "")
        query = query.where(students.c.ssid.in_(places) | students.c.ssid.in_(kept))
    for one in keys:
        named = select(student_features.c.ssid).where(student_features.c.data.contains(one, autoescape=True))
        query = query.where(students.c.ssid.in_(named))
    return query


def _has(connection: Reading, person: Person, wanted: str, key: Callable[[str], str]) -> bool:
    told = [Name(person.first, person.last, person.middle, person.suffix)]
    told += [one.value for one in evidence.names(connection, person.ssid) if isinstance(one.value, Name)]
    return any(wanted in key(part) for name in told for part in (name.first, name.middle, name.last))
