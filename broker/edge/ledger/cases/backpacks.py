"""The Student Record Store: which sealed packets are held about a student (Utah 53A-1-413).

Owns `backpacks`; the bytes stay in the vault, unchanged. Promises: nothing is deleted; a part that replaces ends the
older parts of its LEA and student and no newer one, in whatever order they arrive: `at` decides, and for equal times
the later arrival. The current parts follow from the parts alone, under all numbers of a student, so after a merge, and
after a merge is undone, each number has its own parts. No student's name.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select, update

from broker.core.model import PacketType, State, TrackingId
from broker.edge.ledger.counted import counted
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.people import registry
from broker.edge.ledger.tables import backpacks, packets

REPLACE, ADD = "replace", "add"
MOST_PARTS = 500  # current parts of one student and LEA: each becomes a packet when the student moves
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """One packet that is held. `at` is the time of its content, in seconds since the epoch; `version` counts from 1 for
    each student's number and LEA; `ended_at` is when `ended_by` (a tracking id) replaced it, None while nothing
    has."""

    ssid: str
    lea: str
    tracking: str
    mode: str
    school_year: int | None
    sha256: str
    size: int
    signer: str
    at: float
    version: int = 0
    ended_at: float | None = None
    ended_by: str = ""

    @property
    def order(self) -> tuple[float, str]:
        """A newer part has the greater order; tracking ids grow with time (RFC 9562 section 5.7)."""
        return self.at, self.tracking


_PART = [backpacks.c[name] for name in Part.__dataclass_fields__]
_LIKE = backpacks.alias()
_END = (
    update(backpacks)
    .where(backpacks.c.tracking == bindparam("b_tracking"))
    .values(ended_at=bindparam("b_at"), ended_by=bindparam("b_by"))
)


def store(connection: Writing, new: Sequence[Part], now: float) -> None:
    """Keep these parts, each under the next version; the parts that they replace end `now`. A part that is older than
    the one that replaced its kind is kept as an earlier version that has ended at once."""
    if not new:
        return
    registry.lock(connection)
    rows = connection.execute(standing_of({part.ssid for part in new})).all()
    versions: dict[_Key, int] = {(row.ssid, row.lea): row[-1] for row in rows}
    shelf = _Shelf(Part(*row[:-1]) for row in rows)
    for part in new:
        key = (part.ssid, part.lea)
        versions[key] = versions.get(key, 0) + 1
        shelf.put(replace(part, version=versions[key]), now)
    connection.execute(insert(backpacks), [asdict(part) for part in shelf.fresh.values()])
    if shelf.ended:
        ended = [{"b_tracking": one.tracking, "b_at": now, "b_by": one.ended_by} for one in shelf.ended.values()]
        connection.execute(_END, ended)


class _Shelf:
    """The parts that have not ended, while new ones are added: `fresh` must be inserted, `ended` are already in the
    table."""

    def __init__(self, standing: Iterable[Part]) -> None:
        self.fresh: dict[str, Part] = {}
        self.ended: dict[str, Part] = {}
        self._standing: dict[_Key, list[Part]] = {}
        for part in standing:
            self._standing.setdefault((part.ssid, part.lea), []).append(part)

    def put(self, part: Part, now: float) -> None:
        """Add a new part."""
        held = self._standing.setdefault((part.ssid, part.lea), [])
        newer = newest_replacing(held)
        if newer is not None and newer.order > part.order:
            self.fresh[part.tracking] = replace(part, ended_at=now, ended_by=newer.tracking)
            return
        self.fresh[part.tracking] = part
        for one in [one for one in held if part.mode == REPLACE and one.order < part.order]:
            held.remove(one)
            into = self.fresh if one.tracking in self.fresh else self.ended
            into[one.tracking] = replace(one, ended_at=now, ended_by=part.tracking)
        held.append(part)


def newest_replacing(parts: Iterable[Part]) -> Part | None:
    """The newest of these parts that replaces older ones."""
    return max((one for one in parts if one.mode == REPLACE), key=lambda one: one.order, default=None)


def standing_of(ssids: Iterable[str]) -> Select[Any]:
    """The query for the parts of these numbers that have not ended, each with the highest version of its number and
    LEA. A student's versions grow over the years, but the query does not get slower. Wherever there is any version, one
    has not ended."""
    highest = select(func.max(_LIKE.c.version)).where(_LIKE.c.ssid == backpacks.c.ssid, _LIKE.c.lea == backpacks.c.lea)
    query = select(*_PART, highest.scalar_subquery())
    return query.where(backpacks.c.ssid.in_(list(ssids)), backpacks.c.ended_at.is_(None))


def is_full(connection: Reading, ssid: str, lea: str) -> bool:
    """Whether this LEA may add no further part to this number."""
    query = select(func.count()).where(backpacks.c.ssid == ssid, backpacks.c.lea == lea, backpacks.c.ended_at.is_(None))
    return connection.execute(query).scalar_one() >= MOST_PARTS


def versions(connection: Reading, ssid: str) -> list[Part]:
    """Every part ever held about the student for whom this number stands, under all of the student's numbers: by LEA,
    oldest content first."""
    return _parts(connection, registry.numbers(connection, ssid))


def _parts(connection: Reading, numbers: Sequence[str], *which: Any) -> list[Part]:
    query = select(*_PART).where(backpacks.c.ssid.in_(list(numbers)), *which)
    return [
        Part(*row) for row in connection.execute(query.order_by(backpacks.c.lea, backpacks.c.at, backpacks.c.tracking))
    ]


def current(connection: Reading, ssid: str, until: float | None = None) -> list[Part]:
    """The parts that are current now for the student for whom this number stands, from all LEAs; with `until`, the
    parts that were current at that time. In the order of `versions`. The query for now does not read earlier parts: a
    part replaced under one number is replaced under all."""
    return current_under(connection, registry.numbers(connection, ssid), until)


def current_under(connection: Reading, numbers: Sequence[str], until: float | None = None) -> list[Part]:
    """The same of the student who has all these numbers, and no others."""
    if until is None:
        return standing(_parts(connection, numbers, backpacks.c.ended_at.is_(None)))
    parts = _parts(connection, numbers)
    replacing = {"", *(part.tracking for part in parts)}  # a part ended by anything else was recalled by its sender
    return standing(part for part in parts if part.ended_by in replacing and part.at < until)


def standing(parts: Iterable[Part]) -> list[Part]:
    """The parts of one student that no other of these parts has replaced, judged by the parts alone."""
    by_lea: dict[str, list[Part]] = {}
    for part in parts:
        by_lea.setdefault(part.lea, []).append(part)
    found: list[Part] = []
    for mine in by_lea.values():
        newest = newest_replacing(mine)
        found += [part for part in mine if newest is None or part.order >= newest.order]
    return found


def on_the_way(
    connection: Reading, receiver: str, contents: Sequence[str], kinds: Collection[PacketType]
) -> dict[_Key, TrackingId]:
    """Which of these contents are on their way to this receiver in packets of these types, or lie uncollected in its
    inbox: the packet that carries each, by LEA and content."""
    query = select(packets.c.origin, packets.c.sha256, packets.c.tracking).where(
        packets.c.receiver == receiver,
        packets.c.state.in_([State.ADMITTED, State.HELD, State.ROUTED, State.DELIVERED]),
        packets.c.type.in_(sorted(kinds)),
        packets.c.sha256.in_(list(contents)),
    )
    rows = connection.execute(query.order_by(packets.c.tracking.desc())) if contents else ()
    return {(row[0], row[1]): TrackingId(row[2]) for row in rows}


def listing(connection: Reading, lea: str = "", limit: int = 100, before: str = "") -> list[Part]:
    """Parts of every student, or those of one LEA, latest arrival first; with `before`, a part's tracking id, the list
    continues after that part."""
    query = select(*_PART).where(*_of(lea)).order_by(backpacks.c.id.desc()).limit(limit)
    if before:
        last = select(_LIKE.c.id).where(_LIKE.c.tracking == before).scalar_subquery()
        query = query.where(backpacks.c.id < last)
    return [Part(*row) for row in connection.execute(query)]


def count(connection: Reading, lea: str = "") -> int:
    """How many parts `listing` has in all, at most 1,001."""
    return counted(connection, select(backpacks.c.id).where(*_of(lea)))


def _of(lea: str) -> list[Any]:
    return [backpacks.c.lea == lea] if lea else []
