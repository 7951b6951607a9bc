"""The registry: students, their numbers and where they are enrolled.

Owns `students`, `enrollments` and `reviews`, the only tables that hold names. Promises: a number is drawn and entered
in the caller's transaction, so it is never given twice; rows come back in a fixed order.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from sqlalchemy import Connection, bindparam, insert, select, text, union, update

from broker.core.model import Ssid
from broker.edge.ledger.rows import EnrollmentRow
from broker.edge.ledger.tables import enrollments, reviews, students


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """A registered student; names as first registered, `key_*` normalised. Repr hidden."""

    ssid: Ssid
    first: str = field(repr=False)
    middle: str = field(repr=False)
    last: str = field(repr=False)
    suffix: str = field(repr=False)
    birth_date: str = field(repr=False)
    gender: str
    key_first: str
    key_middle: str
    key_last: str


_CANDIDATES = 50
_PERSON = [students.c[name] for name in Person.__dataclass_fields__]
_LOCATION = [enrollments.c[name] for name in EnrollmentRow.__dataclass_fields__]


_BY_NUMBER = select(*_PERSON).where(students.c.ssid == bindparam("ssid"))
_ON_DAY = select(*_PERSON).where(students.c.birth_date == bindparam("day"))
_SAME_GIVEN = (students.c.key_first == bindparam("first")) & (students.c.key_middle == bindparam("middle"))
# two look-ups by index: with OR, SQLite reads everybody born on that day
_BORN_ON = (
    union(
        _ON_DAY.where(students.c.key_last == bindparam("last")), _ON_DAY.where(_SAME_GIVEN, students.c.key_middle != "")
    )
    .order_by("ssid")
    .limit(_CANDIDATES)
)
_LOCATIONS = (
    select(*_LOCATION)
    .where(enrollments.c.ssid == bindparam("ssid"))
    .order_by(enrollments.c.entry_date, enrollments.c.id)
)


def lock(connection: Connection) -> None:
    """From here to the end of the transaction nobody else registers students (SQLite: the write lock does that)."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE students IN SHARE ROW EXCLUSIVE MODE"))


def person(connection: Connection, ssid: str) -> Person | None:
    """The student with this number."""
    row = connection.execute(_BY_NUMBER, {"ssid": ssid}).first()
    return Person(*row) if row else None


def born_on(connection: Connection, birth_date: str, key_first: str, key_middle: str, key_last: str) -> list[Person]:
    """Students of this birth date who share the last name, or first and middle name; at most so many as a person
    would look through."""
    rows = connection.execute(_BORN_ON, {"day": birth_date, "first": key_first, "middle": key_middle, "last": key_last})
    return [Person(*row) for row in rows]


def register(connection: Connection, make: Callable[[], Ssid], build: Callable[[Ssid], Person], now: float) -> Ssid:
    """Enter a new student under a number that nobody ever had; `make` draws numbers, `build` fills the row."""
    ssid = make()
    while person(connection, ssid) is not None:
        ssid = make()
    connection.execute(insert(students), asdict(build(ssid)) | {"added_at": now})
    return ssid


def locations(connection: Connection, ssid: str) -> list[EnrollmentRow]:
    """Where the student is and was enrolled, oldest entry first."""
    rows = connection.execute(_LOCATIONS, {"ssid": ssid})
    return [EnrollmentRow(*row) for row in rows]


def enter(connection: Connection, row: EnrollmentRow) -> None:
    """Open a location; the same LEA, school and entry date again changes nothing, unless that one was left on the day
    it was entered, which is how a mistake is taken back."""
    same = (
        (enrollments.c.ssid == row.ssid)
        & (enrollments.c.lea == row.lea)
        & (enrollments.c.school == row.school)
        & (enrollments.c.entry_date == row.entry_date)
        & ((enrollments.c.exit_date == "") | (enrollments.c.exit_date > row.entry_date))
    )
    if connection.execute(select(enrollments.c.id).where(same)).first() is None:
        connection.execute(insert(enrollments), asdict(row))


def leave(connection: Connection, ssid: str, lea: str, school: str, day: str, code: str) -> bool:
    """Close the student's newest open location at this school of the LEA; False where there is none."""
    newest = connection.execute(
        select(enrollments.c.id)
        .where(enrollments.c.ssid == ssid, enrollments.c.lea == lea, enrollments.c.school == school)
        .where(enrollments.c.exit_date == "")
        .order_by(enrollments.c.entry_date.desc(), enrollments.c.id.desc())
    ).scalar()
    if newest is None:
        return False
    connection.execute(update(enrollments).where(enrollments.c.id == newest).values(exit_date=day, exit_code=code))
    return True


def open_review(connection: Connection, tracking: str, line: int, candidates: Sequence[str], now: float) -> None:
    """Leave a question for a person: which of these students is it? `line` is -1 for the packet's own student."""
    row = {"tracking": tracking, "line": line, "candidates": ",".join(candidates), "opened_at": now, "closed_at": None}
    connection.execute(insert(reviews), row)
