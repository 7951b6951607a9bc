"""Flags of missing children (Utah 53A-11-502), and alerts that the state gets at once (53A-11-504).

Owns `flags`, `alerts` and `owed_alerts`. Promises: a flag is lifted, never deleted; packets on their way notice when a
flag is set or lifted.
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
    """One alert to the state: `lea` asked for or sent something about a flagged student."""

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
    """Whether the student for whom this number stands has a flag that is not lifted. Flags are rare: without any, the
    student is not looked up."""
    return is_any(connection) and bool(standing(connection, ssid))


def is_any(connection: Reading) -> bool:
    """Whether any flag stands. Flags are rare, and this saves a look-up for each packet."""
    return connection.execute(select(flags.c.id).where(flags.c.lifted_at.is_(None)).limit(1)).first() is not None


def standing(connection: Reading, ssid: str) -> list[Flag]:
    """The flags that stand on the student for whom this number stands."""
    return [one for one in about(connection, ssid) if one.lifted_at is None]


def numbers(connection: Reading) -> dict[str, str]:
    """Every number of every flagged student, with the number that stands for the student: one query for a whole packet,
    or none where no flag stands."""
    if not is_any(connection):
        return {}
    flagged = select(_STANDS.label("ssid")).join(flags, students.c.ssid == flags.c.ssid)
    kept = flagged.where(flags.c.lifted_at.is_(None)).cte("flagged")
    own = select(kept.c.ssid, kept.c.ssid)
    merged = select(students.c.ssid, kept.c.ssid).join(kept, kept.c.ssid == students.c.merged_into)
    return {row[0]: row[1] for row in connection.execute(union(own, merged.where(students.c.merged_into != "")))}


def all_standing(connection: Reading, limit: int = 1000, after: int = 0) -> list[Flag]:
    """Every flag that stands, oldest first, after the flag with the number `after`. `ssid` is the number that stands
    for the student now, which differs from the flagged one after a merge; a student with two flags comes twice."""
    columns = [_STANDS.label("ssid") if column.name == "ssid" else column for column in _FLAG]
    stands = flags.c.lifted_at.is_(None) & (flags.c.id > comparable(after))
    query = select(*columns).join(students, students.c.ssid == flags.c.ssid).where(stands)
    return [Flag(*row) for row in connection.execute(query.order_by(flags.c.id).limit(limit))]


def count_standing(connection: Reading) -> int:
    """How many flags stand."""
    query = select(func.count()).select_from(flags).where(flags.c.lifted_at.is_(None))
    return int(connection.execute(query).scalar_one())


def about(connection: Reading, ssid: str) -> list[Flag]:
    """All flags of the student for whom this number stands, oldest first."""
    numbers = registry.numbers(connection, ssid)
    return [
        Flag(*row) for row in connection.execute(select(*_FLAG).where(flags.c.ssid.in_(numbers)).order_by(flags.c.id))
    ]


def put(connection: Writing, ssid: str, who: str, why: str, at: float) -> None:
    """Set a flag. Raises KeyError for an unknown number."""
    found = registry.standing(connection, ssid)
    if found is None:
        raise KeyError("no student has this number")
    connection.execute(insert(flags), {"ssid": found.ssid, "set_at": at, "set_by": who, "set_why": why})
    epoch.advance(connection)


def lift(connection: Writing, flag: Flag, who: str, why: str, at: float) -> None:
    """Lift a flag: the child is found."""
    values = {"lifted_at": at, "lifted_by": who, "lifted_why": why}
    connection.execute(update(flags).where(flags.c.id == flag.id).values(values))
    epoch.advance(connection)


def alert(connection: Writing, kind: str, ssid: str, lea: str, tracking: str, at: float) -> int:
    """Keep an alert to the state; returns its id."""
    row = {"at": at, "kind": kind, "ssid": ssid, "lea": lea, "tracking": tracking}
    return int(connection.execute(insert(alerts).returning(alerts.c.id), row).scalar_one())


def owe(connection: Writing, alert_id: int) -> None:
    """Record that the notice of this alert is still to be made, by a part that can seal it."""
    connection.execute(insert(owed_alerts), {"alert": alert_id})


def is_any_owed(connection: Reading) -> bool:
    """Whether a notice is still to be made."""
    return connection.execute(select(owed_alerts.c.alert).limit(1)).first() is not None


def take_owed(connection: Writing) -> list[Alert]:
    """The alerts whose notices are to be made, oldest first; the caller makes them in this transaction."""
    taken = [row.alert for row in connection.execute(delete(owed_alerts).returning(owed_alerts.c.alert))]
    query = select(*_ALERT).where(alerts.c.id.in_(taken)).order_by(alerts.c.id)
    return [Alert(*row) for row in connection.execute(query)] if taken else []


def is_told(connection: Reading, kind: str, ssid: str, lea: str, tracking: str) -> bool:
    """Whether exactly this alert was kept before."""
    same = (alerts.c.ssid == ssid) & (alerts.c.kind == kind) & (alerts.c.lea == lea) & (alerts.c.tracking == tracking)
    return connection.execute(select(alerts.c.id).where(same).limit(1)).first() is not None


def is_told_of(connection: Reading, ssid: str, tracking: str, kinds: Sequence[str]) -> bool:
    """Whether the state got one of these kinds of alert about this packet and the student for whom this number stands,
    since the oldest flag that stands on the student was set."""
    since = min((flag.set_at for flag in standing(connection, ssid)), default=0.0)
    same = alerts.c.ssid.in_(registry.numbers(connection, ssid)) & (alerts.c.tracking == tracking)
    found = select(alerts.c.id).where(same, alerts.c.at >= since, alerts.c.kind.in_(list(kinds))).limit(1)
    return connection.execute(found).first() is not None


def alerts_of(
    connection: Reading, is_seen: bool | None = None, limit: int = 1000, before: int | None = None
) -> Sequence[Alert]:
    """Alerts, newest first, before the alert with the number `before`; with `is_seen`, only those that somebody has
    (not) seen."""
    query = select(*_ALERT).where(_has_been(is_seen)).order_by(alerts.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(alerts.c.id < before)
    return [Alert(*row) for row in connection.execute(query)]


def count_unseen(connection: Reading) -> int:
    """How many alerts nobody has seen."""
    return connection.execute(select(func.count()).where(alerts.c.seen_at.is_(None))).scalar_one()


def count_alerts(connection: Reading, is_seen: bool | None = None) -> int:
    """How many of these alerts there are, counted up to 1,001."""
    query = select(alerts.c.id).where(_has_been(is_seen)).limit(_COUNTED + 1)
    return int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())


def _has_been(is_seen: bool | None) -> ColumnElement[bool]:
    if is_seen is None:
        return true()
    return alerts.c.seen_at.is_not(None) if is_seen else alerts.c.seen_at.is_(None)


def seen(connection: Writing, ids: Sequence[int], who: str, at: float) -> int:
    """Mark these alerts as seen; returns how many of them nobody had seen before."""
    mine = alerts.c.id.in_([comparable(one) for one in ids]) & alerts.c.seen_at.is_(None)
    return connection.execute(update(alerts).where(mine).values(seen_at=at, seen_by=who)).rowcount
