"""What was reported about a student: every name, and the evidence that helps to tell two students apart.

Owns `student_names` and `evidence`. Promises: what was written is never altered or deleted, only ended, and keeps its
source; the spelling is the one that came. A repetition adds nothing. What one LEA may report about one student is
bounded (`settings.Told`): anything beyond is not kept, so an LEA cannot displace what was reported before, and an LEA's
legal name has places that no alias takes. The search uses what is kept from all LEAs in turn.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from broker.core.model import Address, Name, Student
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.people.registry import Person, Source
from broker.edge.ledger.people.stays import counts
from broker.edge.ledger.tables import enrollments, evidence, student_names
from broker.edge.settings.values import ToldLimits

MOST_NAMES = 8  # names to search by: the legal one, then the latest of each LEA
MOST_GUARDIANS = 8
LEGAL, ALIAS, PREFERRED = "legal", "alias", "preferred"
_GUARDIAN = "guardian"
KINDS = (LEGAL, ALIAS, PREFERRED)
_NAMES = select(student_names).where(student_names.c.ssid == bindparam("ssid")).order_by(student_names.c.id)
_EVIDENCE = select(evidence).where(evidence.c.ssid == bindparam("ssid")).order_by(evidence.c.id)
_STANDING = _EVIDENCE.where(evidence.c.ended_at.is_(None))
_YEAR = 365 * 86_400.0


class Kept(StrEnum):
    """How much of a report was kept."""

    NOTHING_NEW = "nothing-new"
    ALL = "all"
    PART = "part"  # the LEA has reported as much as is kept about one student

    @property
    def is_news(self) -> bool:
        """Whether the model may see the student differently now."""
        return self is not Kept.NOTHING_NEW


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """One name or piece of evidence with its history; `value` is a Name or what the kind holds. Repr hidden."""

    id: int
    kind: str
    value: Any = field(repr=False)
    source: Source
    ended_at: float | None

    @property
    def is_void(self) -> bool:
        """Whether it was ended at the moment it came: that is how a mistake is undone, and it no longer counts."""
        return self.ended_at == self.source.at


def names(connection: Reading, ssid: str) -> list[Told]:
    """Every name of a student, oldest first."""
    rows = connection.execute(_NAMES, {"ssid": ssid})
    return [_told(row, Name(row.first, row.last, row.middle, row.suffix)) for row in rows]


def evidences(connection: Reading, ssid: str) -> list[Told]:
    """All evidence on a student, oldest first."""
    return [_told(row, json.loads(row.value)) for row in connection.execute(_EVIDENCE, {"ssid": ssid})]


def _standing(connection: Reading, ssid: str) -> list[Told]:
    return [_told(row, json.loads(row.value)) for row in connection.execute(_STANDING, {"ssid": ssid})]


def _told(row: Any, value: Any) -> Told:
    return Told(row.id, row.kind, value, Source(row.lea, row.tracking, row.added_at), row.ended_at)


def add_names(
    connection: Writing, ssid: str, legal: Name, aliases: Sequence[Name], source: Source, most: ToldLimits
) -> Kept:
    """Add, as aliases, the names that the student does not have yet; a name reported only by an LEA that never had the
    child counts as missing. `legal` is this LEA's spelling of the legal name."""
    all_names = names(connection, ssid)
    stand = [told for told in all_names if not told.is_void]
    is_others = any(told.source.lea not in ("", source.lea) for told in stand)
    had = had_by(connection, [ssid]).get(ssid, set()) if is_others else set()
    known = {told.value for told in stand if _counts_for(told, source.lea, had)}
    own = sum(told.source.lea == source.lea for told in all_names)
    fresh = [name for name in dict.fromkeys([legal, *aliases]) if name not in known]
    kept: list[Name] = []
    for name in fresh:
        if own + len(kept) < (most.names if name == legal else most.aliases):
            kept.append(name)
    _insert_names(connection, ssid, ALIAS, kept[::-1], source)  # the legal name last: the newest of this packet
    return _kept(fresh, kept)


def _counts_for(told: Told, lea: str, had: Collection[str]) -> bool:
    """Whether the name counts where this LEA has the child: a name from another LEA that never had the child does
    not."""
    return told.kind == LEGAL or told.source.lea in ("", lea) or told.source.lea in had


def had_by(connection: Reading, ssids: Sequence[str]) -> dict[str, set[str]]:
    """The LEAs that have, had or have announced each of these students; each SSID given must be the one that stands."""
    found: dict[str, set[str]] = {}
    told = select(enrollments.c.ssid, enrollments.c.lea).where(enrollments.c.ssid.in_(list(ssids)))
    for ssid, lea in connection.execute(told.where(counts(enrollments.c)).distinct()):
        found.setdefault(ssid, set()).add(lea)
    return found


def tellers(connection: Reading, ssids: Sequence[str]) -> dict[str, dict[Name, set[str]]]:
    """By student and name, the LEAs that reported it; '' stands for the state, and for every legal name."""
    found: dict[str, dict[Name, set[str]]] = {}
    for row in connection.execute(select(student_names).where(student_names.c.ssid.in_(list(ssids)))):
        if row.ended_at != row.added_at:
            name = Name(row.first, row.last, row.middle, row.suffix)
            lea = "" if row.kind == LEGAL else row.lea
            found.setdefault(row.ssid, {}).setdefault(name, set()).add(lea)
    return found


def _kept(fresh: Sequence[Any], kept: Sequence[Any]) -> Kept:
    if len(kept) < len(fresh):
        return Kept.PART
    return Kept.ALL if fresh else Kept.NOTHING_NEW


def rename(connection: Writing, ssid: str, name: Name, source: Source) -> None:
    """Give the student another legal name; the former legal name is ended and kept."""
    ended = (student_names.c.ssid == ssid) & (student_names.c.kind == LEGAL) & student_names.c.ended_at.is_(None)
    connection.execute(update(student_names).where(ended).values(ended_at=source.at))
    _insert_names(connection, ssid, LEGAL, [name], source)


def _insert_names(connection: Writing, ssid: str, kind: str, new: Sequence[Name], source: Source) -> None:
    if new:
        shared = {"ssid": ssid, "kind": kind} | _brought(source)
        connection.execute(insert(student_names), [shared | _parts(name) for name in new])


def _parts(name: Name) -> dict[str, str]:
    return {"first": name.first, "middle": name.middle, "last": name.last, "suffix": name.suffix}


def _brought(source: Source) -> dict[str, Any]:
    return {"lea": source.lea, "tracking": source.tracking, "added_at": source.at, "ended_at": None}


def add_evidence(connection: Writing, ssid: str, student: Student, source: Source, most: ToldLimits) -> Kept:
    """Add what this student block says about guardians, phone, address and birth order.

    Guardians accumulate; for the other kinds the newest value ends the earlier one.
    """
    told = _evidence_of(student)
    if not told:
        return Kept.NOTHING_NEW
    known = _standing(connection, ssid)
    have = {(one.kind, json.dumps(one.value, sort_keys=True)) for one in known}
    fresh = [one for one in told if one not in have]
    kept = _within(connection, ssid, known, fresh, source, most)
    replaced = {kind for kind, _ in kept} - {_GUARDIAN}
    old = [one.id for one in known if one.kind in replaced]
    if old:
        connection.execute(update(evidence).where(evidence.c.id.in_(old)).values(ended_at=source.at))
    if kept:
        shared = {"ssid": ssid} | _brought(source)
        connection.execute(insert(evidence), [shared | {"kind": kind, "value": value} for kind, value in kept])
    return _kept(fresh, kept)


def _within(
    connection: Reading,
    ssid: str,
    known: Sequence[Told],
    fresh: Sequence[tuple[str, str]],
    source: Source,
    most: ToldLimits,
) -> list[tuple[str, str]]:
    """The part of `fresh` that the LEA may still report."""
    guardians = [one for one in fresh if one[0] == _GUARDIAN]
    others = [one for one in fresh if one[0] != _GUARDIAN]
    own = sum(one.kind == _GUARDIAN and one.source.lea == source.lea for one in known)
    if others:
        others = others[: max(most.changes - changes(connection, ssid, source), 0)]
    return guardians[: max(most.guardians - own, 0)] + others


def changes(connection: Reading, ssid: str, source: Source) -> int:
    """How often this LEA has changed, in the past year, facts of which a student has one: legal name, birth date,
    gender, phone, address, birth order."""
    told = select(func.count()).where(
        evidence.c.ssid == ssid,
        evidence.c.lea == source.lea,
        evidence.c.kind != _GUARDIAN,
        evidence.c.added_at > source.at - _YEAR,
    )
    named = select(func.count()).where(
        student_names.c.ssid == ssid,
        student_names.c.lea == source.lea,
        student_names.c.kind == LEGAL,
        student_names.c.added_at > source.at - _YEAR,
    )
    return int(connection.execute(select(told.scalar_subquery() + named.scalar_subquery())).scalar_one())


def _evidence_of(student: Student) -> list[tuple[str, str]]:
    found: list[tuple[str, Any]] = [(_GUARDIAN, _parts(guardian)) for guardian in student.guardians]
    if student.phone:
        found.append(("phone", student.phone))
    if student.address != Address():
        found.append(("address", asdict(student.address)))
    if student.birth_order:
        found.append(("birth_order", student.birth_order))
    return list(dict.fromkeys((kind, json.dumps(value, sort_keys=True)) for kind, value in found))


def note_change(connection: Writing, before: Person, after: Person, source: Source) -> None:
    """Keep the former birth date and gender, as evidence that has ended."""
    shared = {"ssid": before.ssid} | _brought(source) | {"ended_at": source.at}
    for kind in ("birth_date", "gender"):
        value = getattr(before, kind)
        if value != getattr(after, kind):
            connection.execute(insert(evidence), shared | {"kind": kind, "value": json.dumps(value)})


def add_many(connection: Writing, students: Sequence[tuple[str, Student]], source: Source) -> None:
    """Keep what is reported about new students."""
    named, proved = [], []
    for ssid, one in students:
        shared = {"ssid": ssid} | _brought(source)
        kinds = dict.fromkeys(one.aliases, ALIAS) | {one.legal_name: LEGAL}
        named += [shared | {"kind": kind} | _parts(name) for name, kind in sorted(kinds.items(), key=_legal_first)]
        proved += [shared | {"kind": kind, "value": value} for kind, value in _evidence_of(one)]
    if named:
        connection.execute(insert(student_names), named)
    if proved:
        connection.execute(insert(evidence), proved)


def _legal_first(named: tuple[Name, str]) -> bool:
    return named[1] != LEGAL


def student(connection: Reading, person: Person) -> Student:
    """Everything known about a student, in the form that the model compares: the present legal name, and all other
    names as aliases."""
    return _assembled(person, names(connection, person.ssid), _standing(connection, person.ssid))


def students(connection: Reading, persons: Sequence[Person]) -> list[Student]:
    """Everything known about each of these students, as in `student`."""
    ids = [person.ssid for person in persons]
    named: dict[str, list[Told]] = {ssid: [] for ssid in ids}
    proved: dict[str, list[Told]] = {ssid: [] for ssid in ids}
    for row in connection.execute(select(student_names).where(student_names.c.ssid.in_(ids)).order_by("id")):
        named[row.ssid].append(_told(row, Name(row.first, row.last, row.middle, row.suffix)))
    standing = select(evidence).where(evidence.c.ssid.in_(ids), evidence.c.ended_at.is_(None))
    for row in connection.execute(standing.order_by("id")):
        proved[row.ssid].append(_told(row, json.loads(row.value)))
    return [_assembled(person, named[person.ssid], proved[person.ssid]) for person in persons]


def _assembled(person: Person, named: Sequence[Told], proved: Sequence[Told]) -> Student:
    legal = Name(person.first, person.last, person.middle, person.suffix)
    others = _in_turn([told for told in named if told.value != legal and not told.is_void])
    guardians = _in_turn([one for one in proved if one.kind == _GUARDIAN])[:MOST_GUARDIANS][::-1]
    known: dict[str, list[Any]] = {}
    for one in proved:
        known.setdefault(one.kind, []).append(one.value)
    return Student(
        legal_name=legal,
        birth_date=date.fromisoformat(person.birth_date),
        ssid=person.ssid,
        gender=person.gender,
        birth_order=known["birth_order"][-1] if "birth_order" in known else None,
        aliases=tuple(dict.fromkeys(others))[: MOST_NAMES - 1],
        guardians=tuple(Name(**one) for one in guardians),
        phone=known["phone"][-1] if "phone" in known else "",
        address=Address(**known["address"][-1]) if "address" in known else Address(),
    )


def _in_turn(told: Sequence[Told]) -> list[Any]:
    """The values, newest first for each LEA, with the LEAs taking turns: an LEA that reports very much displaces no
    other. Former legal names come before aliases."""
    seen: dict[str, int] = {}
    ranked = []
    for one in sorted(told, key=lambda one: (one.kind != LEGAL, -one.id)):
        rank = seen[one.source.lea] = seen.get(one.source.lea, -1) + 1
        ranked.append((rank, -one.id, one.value))
    return [value for *_, value in sorted(ranked, key=lambda one: one[:2])]
