"""Whether anything changed that can lead a packet elsewhere.

Owns `registry_epoch`, one number that every change of an enrollment, a merge or a flag counts up. Promises: who reads
it before deciding where packets go, and `settle`s it in the transaction that delivers them, delivers none by old facts.
"""

from sqlalchemy import Connection, select, update

from broker.edge.ledger.tables import registry_epoch

_MINE = registry_epoch.c.id == 1


def now(connection: Connection) -> int:
    """The number now."""
    found: int = connection.execute(select(registry_epoch.c.n).where(_MINE)).scalar_one()
    return found


def settle(connection: Connection) -> int:
    """The number now; nobody else changes it before this transaction ends."""
    query = select(registry_epoch.c.n).where(_MINE).with_for_update(read=True)
    found: int = connection.execute(query).scalar_one()
    return found


def advance(connection: Connection) -> None:
    """Something has changed."""
    connection.execute(update(registry_epoch).where(_MINE).values(n=registry_epoch.c.n + 1))
