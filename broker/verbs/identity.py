"""identity: reads the whole registry, to compare a roster with it or to learn the identity model from it.

Contract: students are in the memory of this process and nowhere else; the ledger is read page by page. Learning writes
a line in the log of acts at its end, so that nobody waits for it meanwhile.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from broker.core.access import Action
from broker.core.actor import Actor
from broker.edge.ledger.engine import reading
from broker.identity import registrar
from broker.identity.bulk import linker
from broker.identity.bulk import train as training
from broker.identity.bulk.matching import Matching
from broker.identity.bulk.registry import Registry, Told
from broker.identity.bulk.train import Trained
from broker.identity.model import Model
from broker.offline import Offline
from broker.verbs.acting import recorded, verb

__all__ = ["Known", "Told", "Trained", "learn", "read_into"]

Begin = Callable[[int], Told]  # called with how many names there are; returns a function for how many are read


@dataclass(frozen=True, slots=True)
class Known:
    """The students in the registry: the SSID of each one in the order of their positions, from 0 on, and the SSID that
    stands for each merged one."""

    numbers: Sequence[str]
    merged: Mapping[str, str]


@verb(Action.READ_REGISTRY)
def read_into(room: Offline, matching: Matching, begin: Begin, *, actor: Actor) -> Known:
    """Pass the students of the registry to the comparison. Raises registrar.StaleIndex."""
    with reading(room.engine) as connection:
        registrar.check_index(connection, matching.model)
        registry = Registry(connection)
        matching.registry(linker.tables(matching.model, registry.entries(begin(registry.count()))))
        return Known(registry.numbers, registry.merged())


@verb(Action.KEEP_MODEL)
def learn(room: Offline, model: Model, begin: Begin, step: Callable[[str], None], *, actor: Actor) -> Trained:
    """Learn from the registry everything but how the records of one student differ; `step` is called with each step
    that is done. Raises registrar.StaleIndex."""
    with reading(room.engine) as connection:
        registrar.check_index(connection, model)
        registry = Registry(connection)
        entries = registry.entries(begin(registry.count()))
        trained = training.train(model, linker.tables(model, entries), None, step)
    facts = {"students": trained.students, "pairs": trained.pairs}
    return recorded(room, "learn", lambda _: trained, actor=actor, told=lambda _: facts)
