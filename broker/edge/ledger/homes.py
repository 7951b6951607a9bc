"""Which home works with this ledger, and by which mark each LEA's inbox is known.

Owns `home` and `inbox_marks`. Promises: a ledger belongs to one home, and is never given to another one; an LEA's inbox
has one mark at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, select, update

from broker.core.model import LeaId
from broker.edge.ledger.engine import Reading, Writing, reading
from broker.edge.ledger.tables import home, inbox_marks, parties

_ROW = 1


@dataclass(frozen=True, slots=True)
class Owner:
    """The home that a ledger belongs to: its id, and the proof that only its keys make of it."""

    id: str
    proof: str


def owner(connection: Reading) -> Owner | None:
    """The home that this ledger belongs to; None for a ledger that belongs to none yet."""
    found = connection.execute(select(home.c.home, home.c.proof)).first()
    return Owner(*found) if found else None


def bind(connection: Writing, new: Owner, at: float) -> None:
    """The ledger belongs to this home from now on. A second home is the database's own error."""
    connection.execute(insert(home), {"id": _ROW, "home": new.id, "proof": new.proof, "at": at})


def last_run(connection: Reading) -> str:
    """Which start of the exchange was the last one on this ledger; '' for none."""
    return str(connection.execute(select(home.c.run)).scalar() or "")


def begin_run(connection: Writing, run: str) -> None:
    """The exchange starts."""
    connection.execute(update(home).values(run=run))


def unmarked(connection: Reading) -> list[LeaId]:
    """The parties of today whose inbox has no mark."""
    known = parties.outerjoin(inbox_marks, inbox_marks.c.lea == parties.c.id)
    query = select(parties.c.id).select_from(known).where(inbox_marks.c.lea.is_(None), parties.c.removed_at.is_(None))
    return [LeaId(row.id) for row in connection.execute(query.order_by(parties.c.id))]


def present(connection: Reading) -> list[LeaId]:
    """The parties of today, who have folders."""
    query = select(parties.c.id).where(parties.c.removed_at.is_(None)).order_by(parties.c.id)
    return [LeaId(row.id) for row in connection.execute(query)]


def marks(connection: Reading) -> Mapping[str, str]:
    """The mark of each inbox, by LEA."""
    return {row.lea: row.mark for row in connection.execute(select(inbox_marks.c.lea, inbox_marks.c.mark))}


def mark(connection: Reading, lea: str) -> str:
    """The mark of this LEA's inbox; '' for none."""
    return str(connection.execute(select(inbox_marks.c.mark).where(inbox_marks.c.lea == lea)).scalar() or "")


def put_mark(connection: Writing, lea: str, new: str, at: float) -> None:
    """The LEA's inbox is known by this mark from now on, and by no earlier one."""
    drop_mark(connection, lea)
    connection.execute(insert(inbox_marks), {"lea": lea, "mark": new, "at": at})


def drop_mark(connection: Writing, lea: str) -> None:
    """The LEA's inbox is known by no mark any more."""
    connection.execute(delete(inbox_marks).where(inbox_marks.c.lea == lea))


class Marks:
    """The marks as this process has last seen them: an inbox is asked for its mark at every delivery."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, str] = {}

    def known(self, lea: str) -> str:
        """The mark that was right at the last look; '' where none was seen yet."""
        return self._known.get(lea, "")

    def now(self, lea: str) -> str:
        """The mark that is right now; '' for none. It may have been given anew while this process lives."""
        with reading(self._engine) as connection:
            self._known[lea] = mark(connection, lea)
        return self._known[lea]
