"""The registry: students, their numbers and where they are enrolled.

Owns `students`, and reads `enrollments`, which `stays` writes; `evidence` has what is reported about a student,
`blocks` the index that the model searches. Promises: a number is drawn and entered in the caller's transaction, so it
is never given twice and never reassigned; rows come in a fixed order. Students are changed through
`broker.identity.registrar`, which keeps the three consistent.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import CompoundSelect, bindparam, false, func, insert, or_, select, text, union, update

from broker.core.model import LeaId, Ssid
from broker.edge.ledger import epoch, prepared
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.tables import enrollments, students


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """A registered student under the present legal name. `merged_into` is the SSID that stands for this one, or ''.
    Repr hidden."""

    ssid: Ssid
    first: str = field(repr=False)
    middle: str = field(repr=False)
    last: str = field(repr=False)
    suffix: str = field(repr=False)
    birth_date: str = field(repr=False)
    gender: str
    merged_into: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Who sent something, in which packet, when (seconds since the epoch); both are '' for the state's operator."""

    lea: LeaId
    tracking: str
    at: float


_AT_ONCE = 500
_PERSON = [students.c[name] for name in Person.__dataclass_fields__]
_LOCATION = [enrollments.c[name] for name in EnrollmentRow.__dataclass_fields__]
_BY_NUMBER = select(*_PERSON).where(students.c.ssid == bindparam("ssid"))
_KEPT = select(students.c.merged_into).where(students.c.ssid == bindparam("ssid")).scalar_subquery()
_LOCATIONS = (
    select(*_LOCATION)
    .where(enrollments.c.ssid == func.coalesce(func.nullif(_KEPT, ""), bindparam("ssid")))
    .order_by(enrollments.c.entry_date, enrollments.c.id)
)


def lock(connection: Writing) -> None:
    """Keep other transactions from registering students or moving packets until this one ends (on SQLite the write lock
    does that). Call it before anything else is locked; see `epoch` for the order."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE students IN SHARE ROW EXCLUSIVE MODE"))
        epoch.hold(connection)


def person(connection: Reading, ssid: str) -> Person | None:
    """The student to whom exactly this number was given, merged or not."""
    row = connection.execute(_BY_NUMBER, {"ssid": ssid}).first()
    return Person(*row) if row else None


def people(connection: Reading, ssids: Sequence[str]) -> dict[str, Person]:
    """Whom these very numbers were given to, merged or not; at most some hundreds at once."""
    query = select(*_PERSON).where(students.c.ssid.in_(list(ssids)))
    return {row[0]: Person(*row) for row in connection.execute(query)} if ssids else {}


def standing(connection: Reading, ssid: str) -> Person | None:
    """The student for whom this number stands: after a merge, the student with the SSID that was kept."""
    found = person(connection, ssid)
    return person(connection, found.merged_into) if found and found.merged_into else found


def numbers(connection: Reading, ssid: str) -> list[str]:
    """Every number of the student for whom this number stands; only this one where it is unknown."""
    found = standing(connection, ssid)
    kept = found.ssid if found else ssid
    merged = select(students.c.ssid).where(students.c.merged_into == kept, students.c.merged_into != "")
    return [kept, *(row[0] for row in connection.execute(merged.order_by(students.c.ssid)))]


def numbers_among(kept: Collection[str]) -> CompoundSelect[str]:
    """A subquery for every number of the students for whom these numbers stand. It is one set, because PostgreSQL would
    read the whole of a table that is asked for "one of these, or one merged into them"."""
    own = select(students.c.ssid).where(students.c.ssid.in_(list(kept)))
    merged = select(students.c.ssid).where(students.c.merged_into.in_(list(kept)), students.c.merged_into != "")
    return union(own, merged)


def add(connection: Writing, draw: Callable[[], Ssid], build: Callable[[Ssid], Person], at: float) -> Ssid:
    """Enter a new student under a number that nobody ever had; `draw` returns numbers, `build` fills the row."""
    ssid = draw()
    while person(connection, ssid) is not None:
        ssid = draw()
    add_many(connection, [build(ssid)], at)
    return ssid


def add_many(connection: Writing, new: Sequence[Person], at: float) -> None:
    """Enter students with numbers of their own. For a number that is already given, the database raises an error."""
    connection.execute(insert(students), [_values(one) | {"added_at": at} for one in new])


def page(connection: Reading, after: str, limit: int) -> list[Person]:
    """Students whose numbers stand for themselves, in the order of the numbers, after `after`."""
    query = select(*_PERSON).where(students.c.ssid > after, students.c.merged_into == "")
    return [Person(*row) for row in connection.execute(query.order_by(students.c.ssid).limit(limit))]


def count(connection: Reading) -> int:
    """How many students there are, not counting merged numbers."""
    return connection.execute(select(func.count()).where(students.c.merged_into == "")).scalar_one()


def change(connection: Writing, new: Person) -> None:
    """Rewrite the student's row; the number and the time when it was given stay."""
    connection.execute(update(students).where(students.c.ssid == new.ssid).values(_values(new)))


def _values(person: Person) -> dict[str, str]:
    return {name: getattr(person, name) for name in Person.__dataclass_fields__}


def locations(connection: Reading, ssid: str) -> list[EnrollmentRow]:
    """The past and present locations of the student for whom this number stands, oldest entry first."""
    return [EnrollmentRow(*row) for row in prepared.rows(connection, _LOCATIONS, {"ssid": ssid})]


class ToldDates(NamedTuple):
    """Dates that an LEA reported about a student, ISO 8601; '' for no exit."""

    birth_date: str
    entry_date: str
    exit_date: str


def told(connection: Reading, lea: str, local_id: str) -> list[ToldDates]:
    """What this LEA reported about the student with this number there, at most 64 stays; '' is nobody's number."""
    mine = (enrollments.c.lea == lea) & (enrollments.c.local_id == local_id)
    query = select(students.c.birth_date, enrollments.c.entry_date, enrollments.c.exit_date).where(mine)
    query = query.join(students, students.c.ssid == enrollments.c.ssid).order_by(enrollments.c.id.desc()).limit(64)
    return [ToldDates(*row) for row in connection.execute(query)] if local_id else []


def moved_about(connection: Reading, ssids: Sequence[str]) -> list[Ssid]:
    """Those of these students, as standing numbers, who are or were at more than one LEA."""
    found: dict[Ssid, None] = {}
    for start in range(0, len(ssids), _AT_ONCE):
        some = list(ssids[start : start + _AT_ONCE])
        kept = select(func.coalesce(func.nullif(students.c.merged_into, ""), students.c.ssid))
        mine = enrollments.c.ssid.in_(kept.where(students.c.ssid.in_(some)).scalar_subquery())
        query = select(enrollments.c.ssid).where(mine).group_by(enrollments.c.ssid).order_by(enrollments.c.ssid)
        rows = connection.execute(query.having(func.count(func.distinct(enrollments.c.lea)) > 1))
        found |= {Ssid(row[0]): None for row in rows}
    return list(found)


def turned_between(
    connection: Reading, after: str, last: str, behind: str, limit: int, *, announced: bool = False
) -> list[Ssid]:
    """Students with a location that began or ended after the ISO date `after` and no later than `last`, in the order of
    their numbers, after the number `behind`; with `announced`, also those with a location that is still to begin."""
    place = enrollments.c
    is_between = or_(
        *((day > after) & (day <= last) for day in (place.entry_date, place.exit_date)),
        (place.entry_date > last) if announced else false(),
    )
    query = select(enrollments.c.ssid).where(is_between, enrollments.c.ssid > behind).distinct()
    return [Ssid(row[0]) for row in connection.execute(query.order_by(enrollments.c.ssid).limit(limit))]


def number(connection: Reading, ssid: str) -> Ssid:
    """The number that stands for this one. Raises KeyError for an unknown number."""
    found = standing(connection, ssid)
    if found is None:
        raise KeyError("no student has this number")
    return found.ssid
