"""A number that shows whether anything changed that decides where packets go.

Owns `registry_epoch`, one number that every change of an enrollment, a merge or a flag increases. Promises: a worker
that reads it before deciding where packets go, and calls `settle` in the transaction that delivers them, delivers none
by outdated facts.

The number also keeps writers in one order, so that on PostgreSQL no two of them deadlock. Every transaction takes what
it needs in this order: the students (`registry.lock`), this number, packets (in the order of their tracking ids),
documents' ids, then everything else. A transaction that registers or changes students first takes the students and this
number exclusively (`registry.lock` does both). A transaction that moves packets first shares this number (`settle`),
and must not take the students afterwards. So a transaction that changes students runs alone, in whatever order it takes
rows; transactions that share the number touch only packets of their own.
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
    """The number now; no other transaction changes it before this one ends."""
    query = select(registry_epoch.c.n).where(_MINE).with_for_update(read=True)
    found: int = connection.execute(query).scalar_one()
    return found


def hold(connection: Writing) -> None:
    """Keep other transactions from settling or changing the number before this one ends."""
    connection.execute(select(registry_epoch.c.n).where(_MINE).with_for_update())


def advance(connection: Writing) -> None:
    """Record that something changed."""
    connection.execute(update(registry_epoch).where(_MINE).values(n=registry_epoch.c.n + 1))
