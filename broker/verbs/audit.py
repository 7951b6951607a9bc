"""audit: what operators and other people did that concerns no one student (`broker.edge.ledger.log.acts`).

Contract: reads only. What concerns a student is in the disclosure log (`broker.verbs.disclosures`).
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
    """A page of the log, the newest line first: of one verb (`name`), or of one person (`who`), where given."""
    with reading(room.engine) as connection:
        found = acts.page(connection, before, size + 1, name, who)
        return Page.of(found, size, acts.count(connection, name, who), lambda act: act.n)
