"""What an exchange has written down, read back by a test to be held against what it believes.

Promises: reads only, and all of it at one moment.
"""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Engine, select

from broker.core.disclosure import Disclosure
from broker.core.transfer import MOVES, TransferState
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.people import reviews
from broker.edge.ledger.tables import decisions, enrollments, events, receipts
from broker.edge.ledger.tables import transfers as transfers_table

_DELIVERY = {"receive-record", "read-backpack", "read-own-time", "receive-transcript"}
_REQUEST = {"request-record", "read-disclosures"}


@dataclass(frozen=True)
class Books:
    """`moves` counts (tracking, state before, state after), `papers` receipts by (tracking, party, state); `lines` are
    the lines of the disclosure log that tell of a delivery, `asked` the outcomes that it has of each request."""

    moves: Counter[tuple[str, str, str]]
    papers: Counter[tuple[str, str, str]]
    lines: dict[str, list[Disclosure]]
    cases: list[TransferRow]
    asked: dict[str, list[str]]

    @property
    def ever(self) -> set[str]:
        """Every packet that ever was delivered."""
        return {tracking for tracking, _, after in self.moves if after == "DELIVERED"}

    @property
    def delivered(self) -> set[str]:
        """Those of them that were not taken out of the inbox again for the state, or came back since."""
        return {one for one in self.ever if self.deliveries(one) > self.moves[one, "DELIVERED", "HELD"]}

    def deliveries(self, tracking: str) -> int:
        """How often a packet came into an inbox: once, and once more for each time that the state had taken it back."""
        return self.moves[tracking, "ROUTED", "DELIVERED"]


def read(engine: Engine) -> Books:
    """The books as they are."""
    with reading(engine) as connection:
        moved = Counter(
            (row.tracking, row.before, row.after)
            for row in connection.execute(select(events.c.tracking, events.c.before, events.c.after))
        )
        papers = Counter(
            (row.tracking, row.party, row.state.upper())
            for row in connection.execute(select(receipts.c.tracking, receipts.c.party, receipts.c.state))
        )
        lines: dict[str, list[Disclosure]] = {}
        asked: dict[str, list[str]] = {}
        for one in disclosures.all_of(connection):
            if one.action in _DELIVERY and one.outcome == "allowed":
                lines.setdefault(one.tracking, []).append(one)
            if one.action in _REQUEST and one.ground != "flagged":  # the state was told, too
                asked.setdefault(one.tracking, []).append(one.outcome)
        ids = [row[0] for row in connection.execute(select(transfers_table.c.id).order_by(transfers_table.c.id))]
        cases = [case for case in (transfers.get(connection, one) for one in ids) if case]
    return Books(moved, papers, lines, cases, asked)


def given(engine: Engine, tracking: str) -> str:
    """The number under which this enrollment packet was carried out; '' where it opened no stay."""
    with reading(engine) as connection:
        found = connection.execute(select(enrollments.c.ssid).where(enrollments.c.tracking == tracking)).scalar()
    return found or ""


def is_asked(engine: Engine, tracking: str) -> bool:
    """Whether the exchange was not sure who is meant in the packet's first line."""
    with reading(engine) as connection:
        return reviews.get(connection, tracking, 0) is not None


def decided(engine: Engine, tracking: str) -> str | None:
    """Whom the question about the packet's first line turned out to be about: an SSID, '' for nobody; None while it is
    open."""
    with reading(engine) as connection:
        found = reviews.get(connection, tracking, 0)
        if found is None or found.closed_at is None:
            return None
        mine = (decisions.c.tracking == tracking) & (decisions.c.line == 0)
        newest = select(decisions.c.ssid).where(mine).order_by(decisions.c.id.desc()).limit(1)
        return str(connection.execute(newest).scalar() or "")


def illegal(engine: Engine, case: int) -> list[tuple[str, str]]:
    """The steps of a case that it may not make."""
    with reading(engine) as connection:
        steps = [(one.before, one.after) for one in transfers.events_of(connection, case)]
    return [
        (before, after)
        for before, after in steps
        if before and before != after and TransferState(after) not in MOVES[TransferState(before)]
    ]
