"""Flags of missing children (Utah 53A-11-502), and what the state is told at once (53A-11-504).

Owns `flags`, `alerts` and `owed_alerts`. Promises: a flag is lifted, never deleted; setting or lifting one is a change
that packets on their way see.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, insert, select, true, union, update

from broker.edge.ledger import epoch
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.numbers import comparable
from broker.edge.ledger.people import registry
from broker.edge.ledger.tables import alerts, flags, owed_alerts, students


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag; `lifted_at` is None while it stands. Times are seconds since the epoch."""

    id: int
    ssid: str
    set_at: float
    set_by: str
    set_why: str
    lifted_at: float | None = None
    lifted_by: str = ""
    lifted_why: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that the state must hear of: `lea` asked for or sent something of a flagged student."""

    id: int
    at: float
    kind: str
    ssid: str
    lea: str
    tracking: str
    seen_at: float | None = None
    seen_by: str = ""


_COUNTED = 1000
_FLAG = [flags.c[name] for name in Flag.__dataclass_fields__]
_ALERT = [alerts.c[name] for name in Alert.__dataclass_fields__]
_STANDS = func.coalesce(func.nullif(students.c.merged_into, ""), students.c.ssid)


def is_flagged(connection: Reading, ssid: str) -> bool:
    """Whether a flag stands on the student whom this number stands for: nearly never does any, and then the student is
    not looked up."""
    return is_any(connection) and bool(standing(connection, ssid))


def is_any(connection: Reading) -> bool:
    """Whether any flag stands: nearly never, and then nothing is looked up for each packet."""
    return connection.execute(select(flags.c.id).where(flags.c.lifted_at.is_(None)).limit(1)).first() is not None


def standing(connection: Reading, ssid: str) -> list[Flag]:
    """The flags that stand on the student whom this number stands for."""
    return [one for one in about(connection, ssid) if one.lifted_at is None]


def numbers(connection: Reading) -> dict[str, str]:
    """Every number of every student who is flagged, by the number that stands for the student: one look for a whole
    packet, and none where no flag stands."""
    if not is_any(connection):
        return {}
    flagged = select(_STANDS.label("ssid")).join(flags, students.c.ssid == flags.c.ssid)
    kept = flagged.where(flags.c.lifted_at.is_(None)).cte("flagged")
    own = select(kept.c.ssid, kept.c.ssid)
    merged = select(students.c.ssid, kept.c.ssid).join(kept, kept.c.ssid == students.c.merged_into)
    return {row[0]: row[1] for row in connection.execute(union(own, merged.where(students.c.merged_into != "")))}


def all_standing(connection: Reading, limit: int = 1000, after: int = 0) -> list[Flag]:
    """Every flag that stands, oldest first, behind the one with the number `after`. `ssid` is the number that stands
    for the student now, which is not the one that was flagged where that was merged into another; two flags of one
    student are two."""
    columns = [_STANDS.label("ssid") if column.name == "ssid" else column for column in _FLAG]
    stands = flags.c.lifted_at.is_(None) & (flags.c.id > comparable(after))
    query = select(*columns).join(students, students.c.ssid == flags.c.ssid).where(stands)
    return [Flag(*row) for row in connection.execute(query.order_by(flags.c.id).limit(limit))]


def count_standing(connection: Reading) -> int:
    """How many flags stand."""
    query = select(func.count()).select_from(flags).where(flags.c.lifted_at.is_(None))
    return int(connection.execute(query).scalar_one())


def about(connection: Reading, ssid: str) -> list[Flag]:
    """All flags of the student whom this number stands for, oldest first."""
    numbers = registry.numbers(connection, ssid)
    return [
        Flag(*row) for row in connection.execute(select(*_FLAG).where(flags.c.ssid.in_(numbers)).order_by(flags.c.id))
    ]


def put(connection: Writing, ssid: str, who: str, why: str, at: float) -> None:
    """Set a flag. Raises KeyError for a number that nobody has."""
    found = registry.standing(connection, ssid)
    if found is None:
        raise KeyError("no student has this number")
    connection.execute(insert(flags), {"ssid": found.ssid, "set_at": at, "set_by": who, "set_why": why})
    epoch.advance(connection)


def lift(connection: Writing, flag: Flag, who: str, why: str, at: float) -> None:
    """The child is found."""
    values = {"lifted_at": at, "lifted_by": who, "lifted_why": why}
    connection.execute(update(flags).where(flags.c.id == flag.id).values(values))
    epoch.advance(connection)


def alert(connection: Writing, kind: str, ssid: str, lea: str, tracking: str, at: float) -> int:
    """Keep what the state is told; the alert's id."""
    row = {"at": at, "kind": kind, "ssid": ssid, "lea": lea, "tracking": tracking}
    return int(connection.execute(insert(alerts).returning(alerts.c.id), row).scalar_one())


def owe(connection: Writing, alert_id: int) -> None:
    """The notice of this alert is to be made by whoever can seal it."""
    connection.execute(insert(owed_alerts), {"alert": alert_id})


def is_any_owed(connection: Reading) -> bool:
    """Whether a notice is to be made."""
    return connection.execute(select(owed_alerts.c.alert).limit(1)).first() is not None


def take_owed(connection: Writing) -> list[Alert]:
    """The alerts whose notices are to be made, the oldest first; they are made in this very transaction."""
    taken = [row.alert for row in connection.execute(delete(owed_alerts).returning(owed_alerts.c.alert))]
    query = select(*_ALERT).where(alerts.c.id.in_(taken)).order_by(alerts.c.id)
    return [Alert(*row) for row in connection.execute(query)] if taken else []


def is_told(connection: Reading, kind: str, ssid: str, lea: str, tracking: str) -> bool:
    """Whether this very thing was kept before."""
    same = (alerts.c.ssid == ssid) & (alerts.c.kind == kind) & (alerts.c.lea == lea) & (alerts.c.tracking == tracking)
    return connection.execute(select(alerts.c.id).where(same).limit(1)).first() is not None


def is_told_of(connection: Reading, ssid: str, tracking: str, kinds: Sequence[str]) -> bool:
    """Whether the state was told, in any of these ways, that this packet concerns the student whom this number stands
    for, since the oldest flag was set that stands on the student."""
    since = min((flag.set_at for flag in standing(connection, ssid)), default=0.0)
    same = alerts.c.ssid.in_(registry.numbers(connection, ssid)) & (alerts.c.tracking == tracking)
    found = select(alerts.c.id).where(same, alerts.c.at >= since, alerts.c.kind.in_(list(kinds))).limit(1)
    return connection.execute(found).first() is not None


def alerts_of(
    connection: Reading, is_seen: bool | None = None, limit: int = 1000, before: int | None = None
) -> Sequence[Alert]:
    """Alerts, newest first, before the one with the number `before`; only those that somebody has (not) seen where
    `is_seen` is given."""
    query = select(*_ALERT).where(_has_been(is_seen)).order_by(alerts.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(alerts.c.id < before)
    return [Alert(*row) for row in connection.execute(query)]


def count_unseen(connection: Reading) -> int:
    """How many alerts nobody has seen."""
    return connection.execute(select(func.count()).where(alerts.c.seen_at.is_(None))).scalar_one()


def count_alerts(connection: Reading, is_seen: bool | None = None) -> int:
    """How many of these there are, counted to one more than 1,000."""
    query = select(alerts.c.id).where(_has_been(is_seen)).limit(_COUNTED + 1)
    return int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())


def _has_been(is_seen: bool | None) -> ColumnElement[bool]:
    if is_seen is None:
        return true()
    return alerts.c.seen_at.is_not(None) if is_seen else alerts.c.seen_at.is_(None)


def seen(connection: Writing, ids: Sequence[int], who: str, at: float) -> int:
    """Somebody has seen these alerts; how many of them nobody had seen before."""
    mine = alerts.c.id.in_([comparable(one) for one in ids]) & alerts.c.seen_at.is_(None)
    return connection.execute(update(alerts).where(mine).values(seen_at=at, seen_by=who)).rowcount
