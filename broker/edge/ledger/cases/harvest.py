"""Ledger queries that find an LEA which asks for many records, or takes in students whom it does not keep
(`broker.core.harvest`).

Promises: reads only; no student's name. Requests are counted in the disclosure log, where each request has its line.
"""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, distinct, exists, func, not_, or_, select

from broker.core.grounds import Why
from broker.core.harvest import NOT_KEPT, Entry
from broker.core.transfer import TransferState
from broker.edge.ledger.engine import Reading
from broker.edge.ledger.people import registry
from broker.edge.ledger.people.stays import LOCATION, account_of, counts, location, of_many
from broker.edge.ledger.tables import (
    alerts,
    disclosures,
    enrollments,
    is_asked,
    packets,
    students,
    transfer_events,
    transfers,
)
from broker.edge.settings.values import Settings

_AT_ONCE = 500
_DAY = 86_400.0
_HAS_RECORD = (TransferState.ANSWERED, TransferState.CLOSED)


def _first_id(at: float) -> str:
    """The smallest tracking id from this time on (UUIDv7, RFC 9562 section 5.7: an id begins with the milliseconds)."""
    ms = f"{int(at * 1000):012x}"
    return f"{ms[:8]}-{ms[8:]}-7000-8000-000000000000"


def _requests(lea: str, since: float) -> list[ColumnElement[bool]]:
    """The lines of an LEA's own requests. A notice to the state about a flagged child is another line for the same
    packet."""
    line = disclosures.c
    return [line.party == lea, line.at >= since, is_asked, line.ground != Why.FLAGGED]


def requests_about(connection: Reading, lea: str, ssid: str, since: float) -> int:
    """How many requests of the LEA about the student for whom this number stands were allowed since then (seconds since
    1970). Refused requests do not count: an LEA that asks too early and then enrolls the student need not wait until
    tomorrow."""
    numbers = registry.numbers(connection, ssid)
    mine = [disclosures.c.ssid.in_(numbers), disclosures.c.outcome == "allowed", *_requests(lea, since)]
    return connection.execute(select(func.count(distinct(disclosures.c.tracking))).where(*mine)).scalar_one()


def has_asked(connection: Reading, lea: str, since: float, most: int) -> bool:
    """Whether at least `most` of the LEA's requests that came since then were worked; no more than `most` are read."""
    # by the packet's id: the log has an index of it, and none of the time
    mine = [disclosures.c.tracking >= _first_id(since), *_requests(lea, since)]
    some = select(disclosures.c.tracking).where(*mine).group_by(disclosures.c.tracking).limit(most).subquery()
    found: int = connection.execute(select(func.count()).select_from(some)).scalar_one()
    return found >= most


def rosters_given(connection: Reading, lea: str, since: float, what: str) -> int:
    """How many lists of its own students, as the log's `what` names them, the LEA was given since then."""
    mine = [disclosures.c.tracking >= _first_id(since), *_requests(lea, since)]
    mine += [disclosures.c.what == what, disclosures.c.outcome == "allowed"]
    return connection.execute(select(func.count(distinct(disclosures.c.tracking))).where(*mine)).scalar_one()


def last_alert(connection: Reading, kind: str, lea: str) -> float | None:
    """When the state last got an alert of this kind about an LEA as a whole, not about one student."""
    mine = (alerts.c.ssid == "") & (alerts.c.kind == kind) & (alerts.c.lea == lea)
    found: float | None = connection.execute(select(func.max(alerts.c.at)).where(mine)).scalar_one()
    return found


def intakes(connection: Reading, since: float) -> dict[str, int]:
    """By LEA, how many students came to it by transfers opened since then."""
    query = select(transfers.c.destination, func.count(distinct(transfers.c.ssid)))
    rows = connection.execute(query.where(transfers.c.opened_at >= since).group_by(transfers.c.destination))
    return {row[0]: row[1] for row in rows}


class Lost(NamedTuple):
    """A transfer, opened in the period that is watched, of a student whom the LEA did not keep."""

    transfer: int
    lea: str
    ssid: str
    is_contested: bool


def lost(
    connection: Reading, since: float, days: int, contest: str, after: int = 0, limit: int = _AT_ONCE
) -> list[Lost]:
    """The next of these transfers after this number: contested (`contest` is the code), cancelled within `days` days,
    or to an enrollment that was voided after the record had already come."""
    case, event = transfers.c, transfer_events.c
    contested = exists().where(event.transfer == case.id, event.after == TransferState.REFUSED, event.why == contest)
    is_soon = case.closed_at - case.opened_at <= days * _DAY
    cancelled = and_(case.state == TransferState.CANCELLED, case.reason.in_(sorted(NOT_KEPT)), is_soon)
    voided = and_(case.state.in_(_HAS_RECORD), _stay(is_void=True), ~_stay(is_void=False))
    query = select(case.id, case.destination, case.ssid, contested.label("contested"))
    mine = [case.id > after, case.opened_at >= since, or_(contested, cancelled, voided)]
    rows = connection.execute(query.where(*mine).order_by(case.id).limit(limit))
    return [Lost(row[0], row[1], row[2], bool(row[3])) for row in rows]


def _stay(*, is_void: bool) -> ColumnElement[bool]:
    """Whether the destination has a location, voided or not, with the entry date of the case."""
    spot = enrollments.c
    merged = select(students.c.merged_into).where(students.c.ssid == transfers.c.ssid).correlate(transfers)
    whose = or_(spot.ssid == transfers.c.ssid, spot.ssid == func.nullif(merged.scalar_subquery(), ""))
    there = [whose, spot.lea == transfers.c.destination, spot.entry_date == transfers.c.entered_on]
    is_there = counts(spot)
    return exists().where(*there, not_(is_there) if is_void else is_there).correlate(transfers)


def entries(
    connection: Reading, settings: Settings, since: float, after: int = 0, limit: int = _AT_ONCE
) -> tuple[list[Entry], int | None]:
    """The next entries, after this number, that came since then and concern students who are or were at another LEA
    too; and the number after which to continue, None at the end."""
    spot, other = enrollments.c, enrollments.alias().c
    elsewhere = exists().where(other.ssid == spot.ssid, other.lea != spot.lea)
    columns: list[Any] = [spot.id, spot.ssid, *LOCATION, packets.c.received_at]
    query = select(*columns).join(packets, packets.c.tracking == spot.tracking)
    mine = [spot.id > after, spot.tracking >= _first_id(since), packets.c.received_at >= since, elsewhere]
    rows = connection.execute(query.where(*mine).order_by(spot.id).limit(limit)).all()
    places = of_many(connection, sorted({row.ssid for row in rows}))
    found = []
    for row in rows:
        day = settings.time.day(row.received_at)
        others = account_of((one for one in places[row.ssid] if one.lea != row.lea), settings.today(day))
        found.append(Entry(row.lea, day, location(row), others))
    return found, rows[-1].id if len(rows) == limit else None
