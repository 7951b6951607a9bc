"""Whether anything changed that can lead a packet elsewhere.

Owns `registry_epoch`, one number that every change of an enrollment, a merge or a flag counts up. Promises: who reads
it before deciding where packets go, and `settle`s it in the transaction that delivers them, delivers none by old facts.

It is also what keeps writers in one order, so that on PostgreSQL no two of them wait for each other. Every transaction
takes what it needs of these, in this order: the students (`registry.lock`), this number, packets (in the order of their
tracking ids), documents' ids, and then all else. Who registers or changes students takes the students and this number
for itself alone before anything else (`registry.lock` does both); who moves packets shares this number (`settle`)
first, and must not come back for the students. So who changes students is alone with whatever it touches, in whatever
order; and those who share it touch packets of their own.
"""

from sqlalchemy import select, update

from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.tables import registry_epoch

_MINE = registry_epoch.c.id == 1


def now(connection: Reading) -> int:
    """The number now."""
    found: int = connection.execute(select(registry_epoch.c.n).where(_MINE)).scalar_one()
    return found


def settle(connection: Writing) -> int:
    """The number now; nobody else changes it before this transaction ends."""
    query = select(registry_epoch.c.n).where(_MINE).with_for_update(read=True)
    found: int = connection.execute(query).scalar_one()
    return found


def hold(connection: Writing) -> None:
    """Nobody else settles or changes the number before this transaction ends."""
    connection.execute(select(registry_epoch.c.n).where(_MINE).with_for_update())


def advance(connection: Writing) -> None:
    """Something has changed."""
    connection.execute(update(registry_epoch).where(_MINE).values(n=registry_epoch.c.n + 1))
