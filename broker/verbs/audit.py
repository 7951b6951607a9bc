"""audit: what operators and others did that concerns no single student (`broker.edge.ledger.log.acts`).

Contract: reads only. Acts that concern a student are in the disclosure log (`broker.verbs.disclosures`).
"""

from broker.core.access import Action
from broker.core.actor import Actor
from broker.edge.ledger.engine import reading
from broker.edge.ledger.log import acts
from broker.edge.ledger.log.acts import Act
from broker.verbs.acting import Room, verb
from broker.verbs.paging import Page

__all__ = ["Act", "list_acts"]


@verb(Action.READ_AUDIT)
def list_acts(
    room: Room, *, actor: Actor, before: int | None = None, size: int = 100, name: str = "", who: str = ""
) -> Page[Act, int]:
    """A page of the log, newest line first; only one verb (`name`) or one person (`who`), where given."""
    with reading(room.engine) as connection:
        found = acts.page(connection, before, size + 1, name, who)
        return Page.of(found, size, acts.count(connection, name, who), lambda act: act.n)
