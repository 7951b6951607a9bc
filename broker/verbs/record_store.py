"""record_store: which parts the Student Record Store holds, without their content.

Contract: reads only; numbers, sizes and times, and no content.
"""

from dataclasses import dataclass

from broker.core.access import Action
from broker.core.actor import Actor
from broker.edge.ledger.cases import backpacks
from broker.edge.ledger.cases.backpacks import Part
from broker.edge.ledger.engine import reading
from broker.edge.ledger.people import registry
from broker.verbs.acting import NotThere, Room, verb
from broker.verbs.paging import Page

__all__ = ["Held", "Part", "list_parts", "of_student"]


@dataclass(frozen=True, slots=True)
class Held:
    """Every part ever held about one student, by LEA, oldest content first; `current` are the tracking ids of the parts
    that nothing has replaced."""

    parts: tuple[Part, ...]
    current: frozenset[str]


@verb(Action.READ_REPORTS)
def list_parts(room: Room, *, actor: Actor, lea: str = "", before: str = "", size: int = 100) -> Page[Part, str]:
    """A page of the parts that came into the record store, after the tracking id `before`, newest first: about every
    student, or from one LEA."""
    with reading(room.engine) as connection:
        found = backpacks.listing(connection, lea, size + 1, before)
        return Page.of(found, size, backpacks.count(connection, lea), lambda one: one.tracking)


@verb(Action.READ_REPORTS)
def of_student(room: Room, ssid: str, *, actor: Actor) -> Held:
    """What is held about the student for whom this number stands. Raises NotThere `no-student`."""
    with reading(room.engine) as connection:
        if registry.standing(connection, ssid) is None:
            raise NotThere("no-student", ssid=ssid)
        parts = tuple(backpacks.versions(connection, ssid))
    return Held(parts, frozenset(one.tracking for one in backpacks.standing(parts)))
