"""disclosures: the disclosure log: who was given or refused which data about whom, and on what ground (34 CFR 99.32).

Contract: reading the log first writes a line of it, and shows nothing where that line cannot be written. Only the state
reads here; an LEA gets what it may know in a notice (`broker.records.told`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from broker.core.access import Action
from broker.core.actor import Actor
from broker.core.disclosure import Disclosure
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import Engine, Reading, Writing, reading
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import registry
from broker.verbs.acting import NotThere, Room, noted, verb

__all__ = ["Disclosure", "Log"]


@dataclass(frozen=True, slots=True)
class Log:
    """Lines of the log, oldest first, with the names of the parties by their ids."""

    lines: Iterable[Disclosure]
    names: Mapping[str, str]


@verb(Action.READ_DISCLOSURES, is_for_leas=False)
def read_disclosures(room: Room, ssid: str, why: str, *, actor: Actor) -> Log:
    """All of one student's lines, with the line of this reading. Raises NotThere `no-student`."""

    def look(connection: Writing) -> Log:
        if registry.person(connection, ssid) is None:
            raise NotThere("no-student", ssid=ssid)
        at = room.clock().timestamp()
        noted(connection, [ssid], Action.READ_DISCLOSURES, at, actor=actor, why=why)
        return Log(tuple(disclosures.about(connection, ssid)), _names(connection))

    return committed(room.engine, look)


@verb(Action.READ_DISCLOSURES, is_for_leas=False)
def stream_disclosures(room: Room, why: str, *, actor: Actor) -> Log:
    """Everybody's lines. They are read page by page as the caller takes them, and only once."""

    def note(connection: Writing) -> Mapping[str, str]:
        noted(connection, [""], Action.READ_DISCLOSURES, room.clock().timestamp(), actor=actor, why=why)
        return _names(connection)

    names = committed(room.engine, note)
    return Log(_all(room.engine), names)


def _all(engine: Engine) -> Iterator[Disclosure]:
    with reading(engine) as connection:
        yield from disclosures.all_of(connection)


def _names(connection: Reading) -> Mapping[str, str]:
    return {party.id: party.name for party in directory.all_parties(connection)}
