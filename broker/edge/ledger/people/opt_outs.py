"""What parents opted out of, as LEAs reported it (Utah SB 152, 2026).

Owns `opt_outs`. Promises: a row is ended, never deleted; it applies to the student for whom its number stands now; an
LEA ends only what it reported itself.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, case, func, insert, select, update

from broker.core.opt_outs import OptOut
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.people import registry
from broker.edge.ledger.tables import opt_outs, students

_OPT_OUT = [opt_outs.c[name] for name in OptOut.__dataclass_fields__]
_COUNTED = 1000
_STANDS = opt_outs.c.ended_at.is_(None)


def about(connection: Reading, ssid: str) -> list[OptOut]:
    """All opt-outs of the student for whom this number stands, oldest first, including those that have ended."""
    numbers = registry.numbers(connection, ssid)
    query = select(*_OPT_OUT).where(opt_outs.c.ssid.in_(numbers)).order_by(opt_outs.c.id)
    return [OptOut(*row) for row in connection.execute(query)]


def standing(connection: Reading, ssid: str) -> list[OptOut]:
    """The opt-outs in force of the student for whom this number stands, oldest first. Ended ones do not slow this query
    down."""
    numbers = registry.numbers(connection, ssid)
    query = select(*_OPT_OUT).where(opt_outs.c.ssid.in_(numbers), _STANDS).order_by(opt_outs.c.id)
    return [OptOut(*row) for row in connection.execute(query)]


def page(connection: Reading, purpose: str, after: tuple[str, int] | None, size: int) -> list[OptOut]:
    """At most `size` opt-outs in force, of one purpose where given, in the order of students' standing numbers, after
    the (number, `id`) given. `ssid` is the standing number; after a merge it is not the number under which the opt-out
    was reported."""
    number = case((students.c.merged_into != "", students.c.merged_into), else_=opt_outs.c.ssid)
    columns = [number.label("number") if column.name == "ssid" else column for column in _OPT_OUT]
    query = select(*columns).join(students, students.c.ssid == opt_outs.c.ssid).where(_of(purpose))
    if after is not None:
        query = query.where((number > after[0]) | ((number == after[0]) & (opt_outs.c.id > after[1])))
    rows = connection.execute(query.order_by(number, opt_outs.c.id).limit(size))
    return [OptOut(*row) for row in rows]


def count_standing(connection: Reading, purpose: str) -> int:
    """How many are in force, of one purpose where given, counted up to 1,001."""
    query = select(opt_outs.c.id).where(_of(purpose)).limit(_COUNTED + 1)
    return int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())


def _of(purpose: str) -> ColumnElement[bool]:
    return _STANDS & (opt_outs.c.purpose == purpose) if purpose else _STANDS


def put(connection: Writing, ssid: str, lea: str, purposes: Collection[str], tracking: str, at: float) -> None:
    """Replace the LEA's list for this student; an opt-out that is reported again stays unchanged. Raises KeyError for
    an unknown number."""
    found = registry.standing(connection, ssid)
    if found is None:
        raise KeyError("no student has this number")
    mine = [one for one in standing(connection, found.ssid) if one.lea == lea]
    over = [one.id for one in mine if one.purpose not in purposes]
    if over:
        ended = {"ended_at": at, "ended_by": tracking}
        connection.execute(update(opt_outs).where(opt_outs.c.id.in_(over)).values(ended))
    fresh = sorted(set(purposes) - {one.purpose for one in mine})
    row = {"ssid": found.ssid, "lea": lea, "tracking": tracking, "at": at}
    if fresh:
        connection.execute(insert(opt_outs), [row | {"purpose": purpose} for purpose in fresh])


def undo(connection: Writing, ssid: str, tracking: str, who: str, at: float) -> None:
    """Undo what this packet reported about the student: its opt-outs end, and those that it had ended are in force
    again."""
    mine = opt_outs.c.ssid.in_(registry.numbers(connection, ssid))
    again = mine & (opt_outs.c.ended_by == tracking)
    connection.execute(update(opt_outs).where(again).values(ended_at=None, ended_by=""))
    told = mine & (opt_outs.c.tracking == tracking) & _STANDS
    connection.execute(update(opt_outs).where(told).values(ended_at=at, ended_by=who))
