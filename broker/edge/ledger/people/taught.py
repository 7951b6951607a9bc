"""What decisions have taught: how a student's name may be spelt, and which students are different people.

Owns `spellings` and `told_apart`. Promises: a decision's lesson is never altered, only ended: when the decision is
undone, or, for two who were told apart, when the name or birth date of one of them changes; a merged number stands for
the kept one; what is searched is bounded, and one LEA's many decisions displace no other's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Any

from sqlalchemy import Label, Table, func, insert, or_, select, text, update

from broker.core.model import Name, Student
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.people import registry
from broker.edge.ledger.people.stays import counts
from broker.edge.ledger.tables import (
    enrollments,
    evidence,
    merges,
    spellings,
    student_names,
    students,
    told_apart,
)

MOST_SPELLINGS = 6  # by which a student is searched


@dataclass(frozen=True, slots=True)
class Decided:
    """The question that was decided, when (seconds since the epoch), by which LEA ('' for the state), and the one LEA
    at which it counts, '' for all."""

    tracking: str
    line: int
    at: float
    by: str = ""
    lea: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Spelling:
    """One way to spell a student. Repr hidden."""

    name: Name = field(repr=False)
    born: date = field(repr=False)
    lea: str


@dataclass(frozen=True, slots=True, repr=False)
class Lesson:
    """One decision about a student: a spelling (`born` is an ISO date), or a student who is an `other` one. Repr
    hidden."""

    decided: Decided
    ended_at: float | None
    name: Name | None = field(default=None, repr=False)
    born: str = field(default="", repr=False)
    other: str = ""


def about(connection: Reading, ssid: str) -> list[Lesson]:
    """All that was decided about the student with exactly this number, oldest first, including what has ended."""
    found = []
    for row in connection.execute(select(spellings).where(spellings.c.ssid == ssid)):
        name = Name(row.first, row.last, row.middle, row.suffix)
        found.append(Lesson(_decided(row), row.ended_at, name, row.birth_date))
    either = or_(told_apart.c.ssid == ssid, told_apart.c.other == ssid)
    found += [
        Lesson(_decided(row), row.ended_at, other=row.other if row.ssid == ssid else row.ssid)
        for row in connection.execute(select(told_apart).where(either))
    ]
    return sorted(found, key=lambda one: (one.decided.at, one.other))


def _decided(row: Any) -> Decided:
    return Decided(row.tracking, row.line, row.at, row.decider, row.lea)


def has_had(connection: Reading, ssid: str, lea: str, before: str) -> bool:
    """Whether this LEA had reported a stay of the student, and not voided it, before the packet `before` came."""
    mine = (enrollments.c.ssid == registry.number(connection, ssid)) & (enrollments.c.lea == lea)
    told = select(enrollments.c.id).where(mine, counts(enrollments.c), enrollments.c.tracking < before)
    return connection.execute(told.limit(1)).first() is not None


def has_now(connection: Reading, ssid: str, lea: str) -> bool:
    """Whether this LEA has reported a stay of the student, and no exit."""
    mine = (enrollments.c.ssid == ssid) & (enrollments.c.lea == lea) & (enrollments.c.exit_date == "")
    return connection.execute(select(enrollments.c.id).where(mine).limit(1)).first() is not None


def teach(connection: Writing, ssid: str, sent: Student, decided: Decided) -> None:
    """Keep how the student was spelt: name and birth date as they were sent."""
    name = sent.legal_name
    spelt = {"first": name.first, "middle": name.middle, "last": name.last, "suffix": name.suffix}
    spelt |= {"birth_date": sent.birth_date.isoformat()}
    connection.execute(insert(spellings), {"ssid": ssid} | spelt | _values(decided))


def tell_apart(connection: Writing, ssid: str, other: str, decided: Decided) -> None:
    """Record that these are two students."""
    connection.execute(insert(told_apart), {"ssid": ssid, "other": other} | _values(decided))


def _values(decided: Decided) -> dict[str, object]:
    return {
        "lea": decided.lea,
        "decider": decided.by,
        "tracking": decided.tracking,
        "line": decided.line,
        "at": decided.at,
        "ended_at": None,
    }


def end(connection: Writing, tracking: str, line: int, at: float) -> list[str]:
    """End the lessons of the decision on this question; returns the students whom they were about, by their numbers at
    that time."""
    found: dict[str, None] = {}
    for table in (spellings, told_apart):
        mine = (table.c.tracking == tracking) & (table.c.line == line) & table.c.ended_at.is_(None)
        found |= {row[0]: None for row in connection.execute(select(table.c.ssid).where(mine))}
        connection.execute(update(table).where(mine).values(ended_at=at))
    return list(found)


def end_apart(connection: Writing, ssid: str, at: float) -> None:
    """The student's name or birth date changes: whoever was told apart may be the same student again."""
    mine = or_(told_apart.c.ssid == ssid, told_apart.c.other == ssid) & told_apart.c.ended_at.is_(None)
    connection.execute(update(told_apart).where(mine).values(ended_at=at))


def spellings_of(connection: Reading, ssids: Sequence[str]) -> Mapping[str, list[Spelling]]:
    """At most `MOST_SPELLINGS` for each of these students, newest first, with the state and the LEAs taking turns; each
    SSID must be the one that stands."""
    kept = _kept(spellings, "ssid")
    wanted = select(kept, spellings).join(students, students.c.ssid == spellings.c.ssid)
    wanted = wanted.where(spellings.c.ssid.in_(registry.numbers_among(ssids)), text("spellings.ended_at IS NULL"))
    ranked: dict[str, list[tuple[int, str, Spelling]]] = {}
    for row in connection.execute(wanted.order_by(spellings.c.id.desc())):
        mine = ranked.setdefault(row.kept, [])
        rank = sum(decider == row.decider for _, decider, _ in mine)
        name = Name(row.first, row.last, row.middle, row.suffix)
        mine.append((rank, row.decider, Spelling(name, date.fromisoformat(row.birth_date), row.lea)))
    return {
        ssid: [one[2] for one in sorted(mine, key=itemgetter(0, 1))[:MOST_SPELLINGS]] for ssid, mine in ranked.items()
    }


def apart_from(connection: Reading, ssid: str, lea: str) -> frozenset[str]:
    """The students who were decided to be others than this one: by a decision that counts at this LEA, or because a
    merge was undone."""
    numbers = registry.numbers_among([ssid])
    found = set(_parted(connection, ssid))
    for mine, other in (("ssid", "other"), ("other", "ssid")):
        kept = _kept(told_apart, other)
        query = select(kept).join(students, students.c.ssid == told_apart.c[other])
        query = query.where(told_apart.c[mine].in_(numbers), text("told_apart.ended_at IS NULL"))
        found |= {row[0] for row in connection.execute(query.where(told_apart.c.lea.in_(["", lea])))}
    return frozenset(found)


def _parted(connection: Reading, ssid: str) -> Iterator[str]:
    """Students once merged with this number, while neither has changed name or birth date since the merge was
    undone."""
    either = or_(merges.c.kept == ssid, merges.c.merged == ssid) & merges.c.undone_at.is_not(None)
    for kept, merged, at in connection.execute(
        select(merges.c.kept, merges.c.merged, merges.c.undone_at).where(either)
    ):
        named = student_names.c.ssid.in_([kept, merged]) & (student_names.c.kind == "legal")
        born = evidence.c.ssid.in_([kept, merged]) & evidence.c.kind.in_(["birth_date", "gender"])
        ways = ((student_names, named), (evidence, born))
        changes = [select(table.c.id).where(mine, table.c.added_at > at).limit(1) for table, mine in ways]
        if not any(connection.execute(one).first() for one in changes):
            yield merged if kept == ssid else kept


def _kept(table: Table, column: str) -> Label[str]:
    return func.coalesce(func.nullif(students.c.merged_into, ""), table.c[column]).label("kept")
