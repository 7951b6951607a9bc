"""mappings: what an LEA's own columns, codes and dates are to the exchange, kept by the state's operator.

Contract: a mapping is judged as a whole before any of it holds; it holds for what comes in from then on, and what held
before is kept, so that every packet is read by the mapping of its day.
"""

from broker.core.access import Action
from broker.core.actor import Actor
from broker.core.errors import NotDone, Refused
from broker.core.model import PartyKind
from broker.edge.ledger.engine import Writing, reading
from broker.edge.ledger.parties import directory, mappings
from broker.formats import tables
from broker.formats.mapping.rules import Rules, mark_of
from broker.parties.given import Given
from broker.parties.pages import House
from broker.verbs.acting import NotThere, recorded, verb

__all__ = ["Given", "Rules", "mapping_of", "remove_mapping", "set_mapping"]


@verb(Action.READ_DIRECTORY, is_for_leas=False)
def mapping_of(house: House, lea: str, *, actor: Actor) -> str:
    """The text of the LEA's mapping. Raises NotThere `no-party`, `no-mapping`."""
    with reading(house.engine) as connection:
        if directory.party(connection, lea) is None:
            raise NotThere("no-party", lea=lea)
        found = mappings.newest(connection, lea)
    if found is None or not found.text:
        raise NotThere("no-mapping", lea=lea)
    return found.text


@verb(Action.KEEP_DIRECTORY)
def set_mapping(house: House, lea: str, given: Given, why: str = "", *, actor: Actor) -> Rules:
    """Let the tables that the LEA sends from now on be read by this mapping, and return it. Raises NotDone
    `mapping-refused` with all faults of the file, `mapping-same`, `mapping-not-for`; NotThere."""
    content = given.read()
    try:
        rules = tables.mapping_of(content)
    except Refused as refused:
        said = f"{refused.pointer}: {refused.hint}" if refused.pointer else refused.hint
        raise NotDone("mapping-refused", file=given.name, said=said, refusal=refused.code) from None
    _put_mapping(house, lea, content.decode("utf-8-sig"), why, actor)
    return rules


@verb(Action.KEEP_DIRECTORY)
def remove_mapping(house: House, lea: str, why: str = "", *, actor: Actor) -> None:
    """Let the tables that the LEA sends from now on be read without a mapping. Raises NotThere `no-mapping`."""
    _put_mapping(house, lea, "", why, actor)


def _put_mapping(house: House, lea: str, text: str, why: str, actor: Actor) -> None:
    def change(connection: Writing) -> None:
        party = directory.party(connection, lea)
        if party is None:
            raise NotThere("no-party", lea=lea)
        if party.kind not in (PartyKind.DISTRICT, PartyKind.CHARTER):
            raise NotDone("mapping-not-for", lea=lea)
        before = mappings.newest(connection, lea)
        if (before.text if before else "") == text:
            raise NotDone("mapping-same", lea=lea) if text else NotThere("no-mapping", lea=lea)
        mappings.put(connection, party.id, house.clock().timestamp(), text)

    told = {"mark": mark_of(text)} if text else {}
    name = "set_mapping" if text else "remove_mapping"
    recorded(house, name, change, actor=actor, subject=lea, why=why, told=lambda _: told)
