"""The first identity: exact agreement or a person's decision. The seam for the trained model.

Owns the answers `match`, `review`, `none`. Promises: a match needs the SSID with birth date and last name, or the exact
legal name and birth date of exactly one student; anything near that is a review; a false match is the error to fear.
An SSID in a packet is a claim to be checked, not a fact (DESIGN section 6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from broker.core.model import Ssid, Student
from broker.edge.ledger import registry
from broker.edge.ledger.registry import Person
from broker.identity.normalise import key


class Answer(StrEnum):
    """What the identity says of a student."""

    MATCH = "match"
    REVIEW = "review"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer, with the student's number for a match and the candidates' numbers for a review."""

    answer: Answer
    ssid: Ssid | None = None
    candidates: tuple[Ssid, ...] = ()


def _by_number(student: Student, found: Person | None) -> Finding:
    if found is None:
        return Finding(Answer.NONE)
    agrees = found.birth_date == student.birth_date.isoformat() and found.key_last == key(student.legal_name.last)
    return Finding(Answer.MATCH, found.ssid) if agrees else Finding(Answer.REVIEW, None, (found.ssid,))


def _is_exact(student: Student, person: Person) -> bool:
    name = student.legal_name
    return (key(name.first), key(name.middle), key(name.last), key(name.suffix)) == (
        person.key_first,
        person.key_middle,
        person.key_last,
        key(person.suffix),
    )


def _is_near(student: Student, person: Person) -> bool:
    """Same birth date, and the last name, or first and middle name: a twin, a namesake, or the very same child."""
    name = student.legal_name
    if person.key_last == key(name.last):
        return True
    return bool(name.middle) and person.key_middle == key(name.middle)


def decide(student: Student, candidates: Sequence[Person]) -> Finding:
    """The answer for a student without a number, given those born on the day who share the first or last name."""
    exact = [person for person in candidates if _is_exact(student, person)]
    if len(exact) == 1:
        return Finding(Answer.MATCH, exact[0].ssid)
    near = tuple(person.ssid for person in candidates if _is_near(student, person))
    return Finding(Answer.REVIEW, None, near) if near else Finding(Answer.NONE)


def find(connection: Connection, student: Student) -> Finding:
    """Who is this student, by what the registry has now?"""
    if student.ssid:
        return _by_number(student, registry.person(connection, student.ssid))
    name = student.legal_name
    born = student.birth_date.isoformat()
    return decide(student, registry.born_on(connection, born, key(name.first), key(name.middle), key(name.last)))
