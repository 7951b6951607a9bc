"""Which home works with this ledger, and the mark of each LEA's inbox.

Owns `home` and `inbox_marks`. Promises: a ledger belongs to one home, and never to another one later; an LEA's inbox
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
    """The home that a ledger belongs to: its id, and a proof that only the home's keys can make."""

    id: str
    proof: str


def owner(connection: Reading) -> Owner | None:
    """The home that this ledger belongs to; None for a ledger that belongs to none yet."""
    found = connection.execute(select(home.c.home, home.c.proof)).first()
    return Owner(*found) if found else None


def bind(connection: Writing, new: Owner, at: float) -> None:
    """Bind the ledger to this home. For a second home the database raises an error."""
    connection.execute(insert(home), {"id": _ROW, "home": new.id, "proof": new.proof, "at": at})


def last_run(connection: Reading) -> str:
    """The id of the exchange's last start on this ledger; '' for none."""
    return str(connection.execute(select(home.c.run)).scalar() or "")


def begin_run(connection: Writing, run: str) -> None:
    """Record that the exchange starts."""
    connection.execute(update(home).values(run=run))


def unmarked(connection: Reading) -> list[LeaId]:
    """The present parties whose inbox has no mark."""
    known = parties.outerjoin(inbox_marks, inbox_marks.c.lea == parties.c.id)
    query = select(parties.c.id).select_from(known).where(inbox_marks.c.lea.is_(None), parties.c.removed_at.is_(None))
    return [LeaId(row.id) for row in connection.execute(query.order_by(parties.c.id))]


def present(connection: Reading) -> list[LeaId]:
    """The present parties, which have folders."""
    query = select(parties.c.id).where(parties.c.removed_at.is_(None)).order_by(parties.c.id)
    return [LeaId(row.id) for row in connection.execute(query)]


def marks(connection: Reading) -> Mapping[str, str]:
    """The mark of each inbox, by LEA."""
    return {row.lea: row.mark for row in connection.execute(select(inbox_marks.c.lea, inbox_marks.c.mark))}


def mark(connection: Reading, lea: str) -> str:
    """The mark of this LEA's inbox; '' for none."""
    return str(connection.execute(select(inbox_marks.c.mark).where(inbox_marks.c.lea == lea)).scalar() or "")


def put_mark(connection: Writing, lea: str, new: str, at: float) -> None:
    """Give the LEA's inbox this mark; it replaces any earlier one."""
    drop_mark(connection, lea)
    connection.execute(insert(inbox_marks), {"lea": lea, "mark": new, "at": at})


def drop_mark(connection: Writing, lea: str) -> None:
    """Remove the mark of the LEA's inbox."""
    connection.execute(delete(inbox_marks).where(inbox_marks.c.lea == lea))


class Marks:
    """The marks that this process last read: every delivery checks the mark of an inbox."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, str] = {}

    def known(self, lea: str) -> str:
        """The mark that was last read; '' where none was read yet."""
        return self._known.get(lea, "")

    def now(self, lea: str) -> str:
        """The mark that is right now; '' for none. It may have changed since this process started."""
        with reading(self._engine) as connection:
            self._known[lea] = mark(connection, lea)
        return self._known[lea]
