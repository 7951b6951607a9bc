"""index: makes the index of the registry again, for a new identity model.

Contract: one transaction, with its line in the log of acts. Nobody may work with the former model meanwhile: the face
must make sure that no part of the exchange runs.
"""

from collections.abc import Callable
from typing import Protocol

from broker.core.access import Action
from broker.core.actor import Actor
from broker.edge.ledger.engine import Writing, reading
from broker.edge.ledger.people import registry
from broker.identity import registrar
from broker.identity.model import Model
from broker.verbs.acting import Room, recorded, verb

__all__ = ["Knowing"]

Told = Callable[[int, int], None]


class Knowing(Room, Protocol):
    """A room that has the identity model."""

    @property
    def model(self) -> Model:
        """The model."""


@verb(Action.KEEP_MODEL)
def make_index(room: Knowing, told: Told, *, actor: Actor) -> int:
    """Make the index again; returns how many students there are. `told` is called with how many are done, of how
    many."""
    return _made(room, told, actor)


@verb(Action.KEEP_MODEL)
def make_index_if_stale(room: Knowing, told: Told, *, actor: Actor) -> int | None:
    """Make the index again if it was made for another model; None where it was not."""
    with reading(room.engine) as connection:
        if not registrar.is_stale(connection, room.model):
            return None
    return _made(room, told, actor)


def _made(room: Knowing, told: Told, actor: Actor) -> int:
    def make(connection: Writing) -> int:
        whole = registry.count(connection)
        told(0, whole)
        return registrar.reindex(connection, room.model, lambda done: told(done, whole))

    return recorded(room, "make_index", make, actor=actor, told=lambda students: {"students": students})
