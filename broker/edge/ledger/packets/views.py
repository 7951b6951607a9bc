"""What people and the sweeper look up in the ledger: counts, lists, histories. Reads only.

Promises: no student data in what it returns, except what an LEA has put into a file's name; every list is bounded.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select, union

from broker.core.model import HeldFor, Sha256, State, TrackingId
from broker.edge.ledger.counted import counted
from broker.edge.ledger.engine import Reading
from broker.edge.ledger.packets.history import READ_WHOLE
from broker.edge.ledger.packets.rows import token_of
from broker.edge.ledger.people import registry
from broker.edge.ledger.people.reviews import ANSWERED
from broker.edge.ledger.tables import events, is_refused, is_waiting, packets, publications, receipts, reviews, students

_NEWEST = 10_000
_AT_ONCE = 500
_DAY_SECONDS = 86_400.0
_SHOWN = (
    "tracking",
    "source_name",
    "origin",
    "receiver",
    "type",
    "state",
    "held_for",
    "code",
    "replaces",
    "size",
    "sha256",
    "received_at",
    "updated_at",
    "purged_at",
    "deferrals",
    "due_at",
)


def counts(connection: Reading) -> dict[str, int]:
    """Packets by state; states without packets are left out."""
    rows = connection.execute(select(packets.c.state, func.count()).group_by(packets.c.state))
    return {row[0]: row[1] for row in rows}


def oldest_waiting(connection: Reading) -> float | None:
    """When the oldest packet that is still to be worked came; seconds since the epoch."""
    return connection.execute(select(func.min(packets.c.received_at)).where(is_waiting)).scalar()


def count_answered(connection: Reading) -> int:
    """How many questions an LEA has answered that only the state may decide."""
    mine = reviews.c.closed_at.is_(None), reviews.c.subject.contains(f'"{ANSWERED}"')
    return sum(
        ANSWERED in json.loads(row.subject) for row in connection.execute(select(reviews.c.subject).where(*mine))
    )


def newest_sealed(connection: Reading) -> Sha256 | None:
    """The content of the newest packet that was not refused, which the vault must have. None where there is none."""
    query = select(packets.c.sha256).where(packets.c.state != State.REFUSED).order_by(packets.c.tracking.desc())
    return connection.execute(query.limit(1)).scalar()


def unpublished(connection: Reading) -> int:
    """How many receipts still need their file."""
    return connection.execute(select(func.count()).select_from(publications)).scalar_one()


def _listing() -> Select[Any]:
    return select(*[packets.c[name] for name in _SHOWN]).order_by(packets.c.tracking.desc())


class Wanted(NamedTuple):
    """Which packets to list: '' and None do not restrict. `lea` is sender or receiver; `file` is a part of the dropped
    file's name (case does not matter); `received` is when a day begins and when the next one begins; `ssid` is any
    number of the student; `tracking` is the beginning of the id."""

    state: str = ""
    lea: str = ""
    file: str = ""
    received: tuple[float, float] | None = None
    ssid: str = ""
    tracking: str = ""


def listing(connection: Reading, wanted: Wanted, limit: int = 100, before: str = "") -> list[dict[str, Any]]:
    """The newest packets that match; with `before`, a tracking id, the list continues after that packet."""
    query = _like(connection, _listing().limit(limit), wanted)
    if before:
        query = query.where(packets.c.tracking < before)
    return [dict(row._mapping) for row in connection.execute(query)]


def count(connection: Reading, wanted: Wanted) -> int:
    """How many packets match, at most 1,001."""
    return counted(connection, _like(connection, select(packets.c.tracking), wanted))


def _like(connection: Reading, query: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.state:
        query = query.where(packets.c.state == wanted.state)
    if wanted.lea:
        query = query.where((packets.c.origin == wanted.lea) | (packets.c.receiver == wanted.lea))
    if wanted.file:
        query = query.where(func.lower(packets.c.source_name).contains(wanted.file.lower(), autoescape=True))
    if wanted.received is not None:
        begins, ends = wanted.received
        query = query.where(packets.c.received_at >= begins, packets.c.received_at < ends)
    if wanted.ssid:
        query = query.where(packets.c.ssid.in_(registry.numbers(connection, wanted.ssid)))
    if wanted.tracking:
        query = query.where(packets.c.tracking.startswith(wanted.tracking, autoescape=True))
    return query


class Oldest(NamedTuple):
    """The packet that has waited longest for its work; `received_at` is seconds since the epoch."""

    tracking: str
    received_at: float


def oldest(connection: Reading) -> Oldest | None:
    """The packet that has waited longest; None where none waits."""
    query = select(packets.c.tracking, packets.c.received_at).where(is_waiting)
    row = connection.execute(query.order_by(packets.c.received_at).limit(1)).first()
    return Oldest(*row) if row else None


def history(connection: Reading, tracking: str) -> dict[str, Any] | None:
    """One packet with its events and receipts; None when there is no such packet."""
    row = connection.execute(_listing().where(packets.c.tracking == tracking)).first()
    if row is None:
        return None
    steps = connection.execute(select(events).where(events.c.tracking == tracking).order_by(events.c.seq))
    told = connection.execute(
        select(receipts.c.n, receipts.c.state, receipts.c.party, receipts.c.at)
        .where(receipts.c.tracking == tracking)
        .order_by(receipts.c.n)
    )
    return dict(row._mapping) | {
        "events": [{k: step._mapping[k] for k in ("at", "before", "after", "why")} for step in steps],
        "receipts": [dict(one._mapping) for one in told],
    }


def refused_as(connection: Reading, codes: Iterable[str]) -> list[Sha256]:
    """The contents of packets refused with one of these codes; the newest, at most 10,000."""
    query = select(packets.c.sha256).where(is_refused, packets.c.code.in_(list(codes)))
    newest = query.order_by(packets.c.tracking.desc()).limit(_NEWEST)
    return [Sha256(row[0]) for row in connection.execute(newest)]


def receivers_waited_for(connection: Reading) -> list[str]:
    """LEAs whose key some packet is held for."""
    query = select(packets.c.receiver).where(packets.c.state == State.HELD, packets.c.held_for == HeldFor.RECEIVER_KEY)
    return sorted({row[0] for row in connection.execute(query.distinct())})


def uncollected(connection: Reading, receiver: str) -> list[tuple[TrackingId, str, str]]:
    """Packets in this LEA's inbox as far as the ledger knows: (tracking, delivery token, type)."""
    rows = connection.execute(
        select(packets.c.tracking, packets.c.claim, packets.c.type).where(
            packets.c.receiver == receiver, packets.c.state == State.DELIVERED
        )
    )
    return [(row.tracking, token_of(row.claim), row.type) for row in rows]


def students_waited_for(connection: Reading, ssids: Sequence[str]) -> list[str]:
    """Which of these students a packet is held for until they enroll, or until their LEA has a key; this includes
    packets under a number that was merged into theirs."""
    waiting = (packets.c.state == State.HELD) & packets.c.held_for.in_([HeldFor.ENROLLMENT, HeldFor.RECEIVER_KEY])
    merged = select(students.c.merged_into).join(packets, packets.c.ssid == students.c.ssid).where(waiting)
    found: set[str] = set()
    for start in range(0, len(ssids), _AT_ONCE):
        some = list(ssids[start : start + _AT_ONCE])
        own = select(packets.c.ssid).where(waiting, packets.c.ssid.in_(some))
        both = union(own, merged.where(students.c.merged_into.in_(some), students.c.merged_into != ""))
        found |= {row[0] for row in connection.execute(both)}
    return sorted(found)


class Passed(NamedTuple):
    """A packet that its receiver has; `since` is seconds since the epoch."""

    tracking: str
    type: str
    origin: str
    receiver: str
    since: float


def about(connection: Reading, ssids: Sequence[str], kinds: Sequence[str], states: Sequence[State]) -> list[str]:
    """Packets of these types and states that LEAs have sent about the student with these numbers; oldest first."""
    query = select(packets.c.tracking).where(packets.c.ssid.in_(list(ssids)), packets.c.state.in_(list(states)))
    mine = query.where(packets.c.type.in_(list(kinds)), packets.c.origin != "")
    return [row[0] for row in connection.execute(mine.order_by(packets.c.tracking))]


def passed_on(connection: Reading, ssids: Sequence[str], kinds: Sequence[str]) -> list[Passed]:
    """Packets of these types about the student with these numbers that a receiver has, including those that were read
    to the last byte but not collected; latest first."""
    since = func.min(events.c.at).label("since")
    columns = [packets.c[name] for name in Passed._fields[:-1]]
    query = select(*columns, since).join(events, events.c.tracking == packets.c.tracking)
    is_read = (packets.c.state == State.DELIVERED) & (events.c.why == READ_WHOLE)
    is_collected = (packets.c.state == State.COLLECTED) & (events.c.after == State.COLLECTED)
    query = query.where(packets.c.ssid.in_(list(ssids)), packets.c.type.in_(list(kinds)), is_collected | is_read)
    rows = connection.execute(query.group_by(*columns).order_by(since.desc(), packets.c.tracking))
    return [Passed._make(row) for row in rows]


def was_delivered(connection: Reading, tracking: str) -> bool:
    """Whether this packet was ever in an inbox."""
    mine = (events.c.tracking == tracking) & (events.c.after == State.DELIVERED)
    return connection.execute(select(events.c.seq).where(mine).limit(1)).first() is not None


def held(connection: Reading, why: str, receiver: str = "", ssid: str = "") -> list[str]:
    """Tracking ids of packets held for `why`, for one receiver or one student where given."""
    query = select(packets.c.tracking).where(packets.c.state == State.HELD, packets.c.held_for == why)
    if receiver:
        query = query.where(packets.c.receiver == receiver)
    if ssid:  # or a number that was merged into it while a worker held the packet
        merged = select(students.c.ssid).where(students.c.merged_into == ssid, students.c.merged_into != "")
        query = query.where((packets.c.ssid == ssid) | packets.c.ssid.in_(merged))
    return [row[0] for row in connection.execute(query)]


def students_held(connection: Reading, why: str) -> list[str]:
    """The numbers under which packets are held for `why`, without duplicates."""
    query = select(packets.c.ssid).where(packets.c.state == State.HELD, packets.c.held_for == why).distinct()
    return [row[0] for row in connection.execute(query)]


def held_under(connection: Reading, why: str, ssid: str) -> list[str]:
    """Tracking ids of packets held for `why` under exactly this number, oldest first."""
    mine = [packets.c.ssid == ssid, packets.c.state == State.HELD, packets.c.held_for == why]
    return [row[0] for row in connection.execute(select(packets.c.tracking).where(*mine).order_by(packets.c.tracking))]


class Held(NamedTuple):
    """What held packets have in common when they are released together."""

    held_for: str
    origin: str
    addressed_to: str
    type: str
    receiver: str


def held_kinds(connection: Reading, ssid: str) -> list[Held]:
    """The distinct kinds of packets that wait for this student's enrollment or for an LEA's key."""
    query = select(*(packets.c[name] for name in Held._fields)).where(*_waits_for(ssid)).distinct()
    return sorted(Held._make(row) for row in connection.execute(query))


def held_of(connection: Reading, ssid: str, kind: Held, most: int | None = None) -> list[str]:
    """Tracking ids of the waiting packets of this kind, oldest first."""
    same = (packets.c[name] == value for name, value in kind._asdict().items())
    query = select(packets.c.tracking).where(*_waits_for(ssid), *same).order_by(packets.c.tracking)
    return [row[0] for row in connection.execute(query.limit(most))]


def _waits_for(ssid: str) -> tuple[Any, ...]:
    """Includes packets under a number that was merged into this one while a worker held the packet."""
    merged = select(students.c.ssid).where(students.c.merged_into == ssid, students.c.merged_into != "")
    why = packets.c.held_for.in_([HeldFor.ENROLLMENT, HeldFor.RECEIVER_KEY])
    return packets.c.state == State.HELD, why, (packets.c.ssid == ssid) | packets.c.ssid.in_(merged)


def by_student(connection: Reading, trackings: Sequence[str]) -> list[str]:
    """These packets, in the order of their students' numbers."""
    query = select(packets.c.tracking, packets.c.ssid).where(packets.c.tracking.in_(list(trackings)))
    students = {row.tracking: row.ssid for row in connection.execute(query)}
    return sorted(trackings, key=lambda tracking: (students.get(tracking, ""), tracking))
