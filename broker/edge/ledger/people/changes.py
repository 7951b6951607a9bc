"""The changes that an action made to one student, row by row, and how to undo them.

Owns how they are written down (`Changes`, kept with the decided question). Promises: nothing is deleted: a location is
ended on the day of its entry, and a name or a piece of evidence at the moment it came; that is how a mistake is undone.
What somebody else has changed since is reported, not overwritten.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Table, select, update

from broker.core.errors import NotDone
from broker.edge.ledger import epoch
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.tables import enrollments, evidence, student_names, students

_PERSON = ("first", "middle", "last", "suffix", "birth_date", "gender")
# what an entry or exit can correct in a location; before 0005 only the first two were kept
_PLACE = (
    *("exit_date", "exit_code", "local_id", "entry_code", "grade", "programme", "day_part"),
    *("dual", "military"),
)
_Rows = dict[int, Any]


@dataclass(frozen=True, slots=True, repr=False)
class Snapshot:
    """A student's row and, by row id, the facts of locations that can be corrected, and the ends of names and evidence.
    Repr hidden."""

    person: Mapping[str, str] | None
    places: _Rows
    names: _Rows
    evidence: _Rows


@dataclass(frozen=True, slots=True, repr=False)
class Changes:
    """The difference between two snapshots: ids of new rows, [id, before, after] of rows whose end changed, and the
    student's row before and after where it changed. Repr hidden."""

    ssid: str
    person: list[dict[str, str]] = field(default_factory=list)
    places_new: list[int] = field(default_factory=list)
    places_ended: list[list[Any]] = field(default_factory=list)
    names_new: list[int] = field(default_factory=list)
    names_ended: list[list[Any]] = field(default_factory=list)
    evidence_new: list[int] = field(default_factory=list)
    evidence_ended: list[list[Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The changes as JSON."""
        return asdict(self)


def snapshot(connection: Reading, ssid: str) -> Snapshot:
    """The student as the registry has it now; empty for an unknown number."""
    return Snapshot(_person(connection, ssid), *(_ends(connection, one, ssid) for one in _TABLES))


_TABLES = (enrollments, student_names, evidence)


def _person(connection: Reading, ssid: str) -> dict[str, str] | None:
    row = connection.execute(select(*[students.c[name] for name in _PERSON]).where(students.c.ssid == ssid)).first()
    return dict(row._mapping) if row else None


def _ends(connection: Reading, table: Table, ssid: str) -> _Rows:
    if table is enrollments:
        rows = connection.execute(select(table.c.id, *[table.c[name] for name in _PLACE]).where(table.c.ssid == ssid))
        return {row[0]: list(row[1:]) for row in rows}
    return {
        row[0]: row[1] for row in connection.execute(select(table.c.id, table.c.ended_at).where(table.c.ssid == ssid))
    }


def between(ssid: str, before: Snapshot, after: Snapshot) -> Changes:
    """The changes between two snapshots."""
    person = [dict(before.person), dict(after.person)] if before.person and after.person else []
    pairs = ((before.places, after.places), (before.names, after.names), (before.evidence, after.evidence))
    found = [(sorted(new.keys() - old.keys()), _other(old, new)) for old, new in pairs]
    (places, ended), (names, names_ended), (told, told_ended) = found
    is_same = not person or person[0] == person[1]
    return Changes(ssid, [] if is_same else person, places, ended, names, names_ended, told, told_ended)


def _other(old: _Rows, new: _Rows) -> list[list[Any]]:
    return [
        [number, old[number], new[number]] for number in sorted(old.keys() & new.keys()) if old[number] != new[number]
    ]


def undo(connection: Writing, changes: Changes) -> None:
    """Undo these changes. Raises NotDone `student-changed` or `enrollment-changed` where another packet has changed the
    student since; then the caller must roll back."""
    _give_back_person(connection, changes)
    _undo_places(connection, changes)
    for table, fresh in ((student_names, changes.names_new), (evidence, changes.evidence_new)):
        if fresh:
            connection.execute(update(table).where(table.c.id.in_(fresh)).values(ended_at=table.c.added_at))
    for number, before, after in changes.names_ended:
        _give_back_end(connection, student_names, number, before, after)
    for number, before, after in changes.evidence_ended:
        if not _is_replaced(connection, number):
            _give_back_end(connection, evidence, number, before, after)


def _give_back_person(connection: Writing, changes: Changes) -> None:
    if changes.person:
        before, after = changes.person
        if _person(connection, changes.ssid) != after:
            raise NotDone("student-changed", ssid=changes.ssid)
        connection.execute(update(students).where(students.c.ssid == changes.ssid).values(before))


def _undo_places(connection: Writing, changes: Changes) -> None:
    if changes.places_new:
        mine = enrollments.c.id.in_(changes.places_new)
        connection.execute(update(enrollments).where(mine).values(exit_date=enrollments.c.entry_date, exit_code=""))
    for number, before, after in changes.places_ended:
        names = _PLACE[: len(after)]
        row = connection.execute(select(*[enrollments.c[name] for name in names]).where(enrollments.c.id == number))
        if list(row.one()) != after:
            raise NotDone("enrollment-changed", ssid=changes.ssid)
        values = dict(zip(names, before, strict=True))
        connection.execute(update(enrollments).where(enrollments.c.id == number).values(values))
    epoch.advance(connection)


def _give_back_end(connection: Writing, table: Table, number: int, before: Any, after: Any) -> None:
    it = (table.c.id == number) & (table.c.ended_at == after)
    connection.execute(update(table).where(it).values(ended_at=before))


def _is_replaced(connection: Reading, number: int) -> bool:
    """Whether newer evidence of the same kind stands, so that the old evidence must stay ended."""
    old = evidence.alias()
    newer = (evidence.c.ssid == old.c.ssid) & (evidence.c.kind == old.c.kind) & evidence.c.ended_at.is_(None)
    query = select(evidence.c.id).select_from(evidence.join(old, newer)).where(old.c.id == number)
    return connection.execute(query.where(evidence.c.id != number)).first() is not None
