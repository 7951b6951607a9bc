"""What receivers said about packets that they received.

Owns `acknowledgements`, the search for a packet by the id of its document, and for those of which nothing was said.
Promises: append-only; no student's data and no free text.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, insert, or_, select

from broker.core.model import LeaId, PacketType, State, TrackingId
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.tables import acknowledgements, packet_ids, packets

_AT_ONCE = 200  # pairs in one query: SQLite limits the depth of a condition


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """One statement: in the packet `by`, `party` says that it has the packet `tracking`, or cannot use it.

    `at` is seconds since the epoch; `form` is acknowledgement.v1 or pesc; `status` is received or rejected; `code` is
    the receiver's reason, '' where it gave none; `courses` is how many courses it counted in a transcript, None where
    it did not say.
    """

    tracking: str
    by: str
    party: str
    at: float
    form: str
    status: str
    code: str = ""
    courses: int | None = None


_COLUMNS = [acknowledgements.c[name] for name in Acknowledgement.__dataclass_fields__]


def add(connection: Writing, said: Acknowledgement) -> None:
    """Write one statement."""
    connection.execute(insert(acknowledgements), asdict(said))


def about(connection: Reading, tracking: str) -> list[Acknowledgement]:
    """The statements about a packet, oldest first."""
    query = select(*_COLUMNS).where(acknowledgements.c.tracking == tracking).order_by(acknowledgements.c.id)
    return [Acknowledgement(*row) for row in connection.execute(query)]


class Unanswered(NamedTuple):
    """A packet of which its receiver has said nothing; `origin` is '' for one of the exchange's own."""

    tracking: TrackingId
    type: str
    origin: str


def unanswered(connection: Reading, party: str, own: Sequence[PacketType], limit: int) -> list[Unanswered]:
    """The newest packets that lie or lay in this party's inbox, and of which it has said nothing, oldest first; of the
    exchange's own those of the types `own`."""
    said = select(acknowledgements.c.id).where(
        acknowledgements.c.tracking == packets.c.tracking, acknowledgements.c.party == party
    )
    query = (
        select(packets.c.tracking, packets.c.type, packets.c.origin)
        .where(packets.c.receiver == party, packets.c.state.in_((State.DELIVERED, State.COLLECTED)))
        .where((packets.c.origin != "") | packets.c.type.in_(own))
        .where(packets.c.purged_at.is_(None), ~said.exists())
        .order_by(packets.c.tracking.desc())
        .limit(limit)
    )
    return [Unanswered(*row) for row in connection.execute(query)][::-1]


def with_document(connection: Reading, documents: Sequence[tuple[LeaId, str]]) -> list[str]:
    """The packets that brought one of these (sender, document id), oldest first."""
    found: set[str] = set()
    for start in range(0, len(documents), _AT_ONCE):
        # pair by pair: SQLite uses no index for a list of pairs
        named = or_(*map(_is_of, documents[start : start + _AT_ONCE]))
        found |= {row[0] for row in connection.execute(select(packet_ids.c.tracking).where(named))}
    return sorted(found)


def _is_of(document: tuple[LeaId, str]) -> ColumnElement[bool]:
    return and_(packet_ids.c.origin == document[0], packet_ids.c.packet_id == document[1])
