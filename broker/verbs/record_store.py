"""record_store: what the Student Record Store holds, without what is in it.

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
    """Every part ever held of one student, by LEA, the oldest content first; `current` are the tracking ids of those
    that nothing has replaced."""

    parts: tuple[Part, ...]
    current: frozenset[str]


@verb(Action.READ_REPORTS)
def list_parts(room: Room, *, actor: Actor, lea: str = "", before: str = "", size: int = 100) -> Page[Part, str]:
    """A page of what came into the record store behind the tracking id `before`, the newest first: of every student,
    or what one LEA has sent."""
    with reading(room.engine) as connection:
        found = backpacks.listing(connection, lea, size + 1, before)
        return Page.of(found, size, backpacks.count(connection, lea), lambda one: one.tracking)


@verb(Action.READ_REPORTS)
def of_student(room: Room, ssid: str, *, actor: Actor) -> Held:
    """What is held of the student whom this number stands for. Raises NotThere `no-student`."""
    with reading(room.engine) as connection:
        if registry.standing(connection, ssid) is None:
            raise NotThere("no-student", ssid=ssid)
        parts = tuple(backpacks.versions(connection, ssid))
    return Held(parts, frozenset(one.tracking for one in backpacks.standing(parts)))
