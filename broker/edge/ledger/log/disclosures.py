"""The disclosure log: who was given which data about whom, and on what ground (FERPA 34 CFR 99.32(a); 34 CFR 300.614).

Owns `disclosures`. Promises: append-only; one line for each delivery, read or refusal, written in its transaction; no
student's name.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict

from sqlalchemy import func, insert, select

from broker.core.access import Action
from broker.core.disclosure import Disclosure
from broker.core.grounds import Why
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.people import registry
from broker.edge.ledger.tables import disclosures, packets

_PAGE = 1000
_GIVEN = (
    Action.RECEIVE_RECORD,
    Action.RECEIVE_TRANSCRIPT,
    Action.READ_BACKPACK,
    Action.READ_OWN_TIME,
    Action.EXPORT_FOR_PARENT,
)


_COLUMNS = [disclosures.c[name] for name in Disclosure.__dataclass_fields__]


def add(connection: Writing, lines: Sequence[Disclosure]) -> None:
    """Write these lines."""
    if lines:
        connection.execute(insert(disclosures), [asdict(line) for line in lines])


def about(connection: Reading, ssid: str) -> list[Disclosure]:
    """The lines about the student for whom this number stands, under all of the student's numbers, oldest first.

    A packet's lines belong to the student whom the packet is about now. A line is never changed, but two numbers that
    were merged by mistake and separated again are two students.
    """
    numbers = registry.numbers(connection, ssid)
    whose = select(packets.c.ssid).where(packets.c.tracking == disclosures.c.tracking).scalar_subquery()
    is_theirs = func.coalesce(func.nullif(whose, ""), disclosures.c.ssid).in_(numbers)
    sent = select(packets.c.tracking).where(packets.c.ssid.in_(numbers))
    named = disclosures.c.ssid.in_(numbers) | disclosures.c.tracking.in_(sent)
    query = select(*_COLUMNS).where(named, is_theirs).order_by(disclosures.c.seq)
    return [Disclosure(*row) for row in connection.execute(query)]


def requests_among(connection: Reading, trackings: Collection[str]) -> set[str]:
    """Those of these packets that are requests with a line of their own, besides the line of a notice to the state."""
    asked = disclosures.c.action.in_([Action.REQUEST_RECORD, Action.READ_DISCLOSURES])
    found: set[str] = set()
    ordered = sorted(trackings)
    for start in range(0, len(ordered), _PAGE):
        mine = disclosures.c.tracking.in_(ordered[start : start + _PAGE])
        query = select(disclosures.c.tracking).where(mine, asked, disclosures.c.ground != Why.FLAGGED)
        found |= {row[0] for row in connection.execute(query)}
    return found


def was_given(connection: Reading, tracking: str, party: str) -> bool:
    """Whether this packet about a student was ever in the party's inbox, even if it was taken out again since."""
    mine = (disclosures.c.tracking == tracking) & (disclosures.c.party == party) & (disclosures.c.outcome == "allowed")
    query = select(disclosures.c.seq).where(mine, disclosures.c.action.in_(_GIVEN)).limit(1)
    return connection.execute(query).first() is not None


def all_of(connection: Reading) -> Iterator[Disclosure]:
    """Every line, oldest first, read a page at a time."""
    after = 0
    while True:
        query = select(disclosures.c.seq, *_COLUMNS).where(disclosures.c.seq > after)
        rows = connection.execute(query.order_by(disclosures.c.seq).limit(_PAGE)).all()
        yield from (Disclosure(*row[1:]) for row in rows)
        if len(rows) < _PAGE:
            return
        after = rows[-1].seq
