"""Merges two numbers of one student, and undoes such a merge.

Owns `merges`. Promises: no number, name, location or packet is ever lost: a merge only changes to whom rows belong, and
records which rows it moved and where each packet stood. Undoing it gives all of them back as they were. What came since
stays with the number under which it came, the kept one; a packet that was released only because of the merge is held
again or routed again, unless it is already in its receiver's inbox.
"""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import insert, select, update

from broker.core.errors import NotDone
from broker.core.model import Ssid
from broker.core.routing import Travels
from broker.core.stays import Today
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets import held
from broker.edge.ledger.people import merge_rows, registry
from broker.edge.ledger.people.merge_rows import Moved
from broker.edge.ledger.tables import merges, students


@dataclass(frozen=True, slots=True)
class Merge:
    """One merge; `undone_at` is None while it stands."""

    id: int
    kept: Ssid
    merged: Ssid
    at: float
    who: str
    why: str
    moved: Moved
    undone_at: float | None
    undone_by: str
    undone_why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many rows were moved or given back; the questions, by tracking id and line, that have the number among their
    candidates; the packets that were released, that were `returned` to where they stood, and that were `delivered`
    since the merge and cannot be returned."""

    names: int = 0
    evidence: int = 0
    locations: int = 0
    packets: int = 0
    questions: tuple[tuple[str, int], ...] = ()
    released: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    delivered: tuple[str, ...] = ()


def about(connection: Reading, ssid: str) -> list[Merge]:
    """The merges in which a number took part, oldest first."""
    query = select(merges).where((merges.c.kept == ssid) | (merges.c.merged == ssid)).order_by(merges.c.id)
    return [_merge(row) for row in connection.execute(query)]


def _merge(row: Any) -> Merge:
    return Merge(**(dict(row._mapping) | {"moved": Moved(**json.loads(row.moved))}))


def merge(
    connection: Writing, kept: str, other: str, who: str, why: str, at: float, today: Today, travels: Travels
) -> Outcome:
    """Let `kept` stand for `other` too, and release packets that waited only for that.

    Raises NotDone `same-number`, `no-student`, `number-withdrawn`, `merged-already`.
    """
    registry.lock(connection)
    _check(connection, kept, other)
    moved = merge_rows.take(connection, other, kept)
    _stand_for(connection, [other, *moved.followers], kept)
    released = held.release(connection, kept, at, today, travels)
    moved = replace(moved, released=[one for one in released if one not in moved.packets])
    row = {"kept": kept, "merged": other, "at": at, "who": who, "why": why, "moved": json.dumps(asdict(moved))}
    connection.execute(insert(merges), row | {"undone_at": None, "undone_by": "", "undone_why": ""})
    return replace(_counted(moved), released=tuple(one[0] for one in released))


def unmerge(connection: Writing, kept: str, other: str, who: str, why: str, at: float, travels: Travels) -> Outcome:
    """Give back what the merge moved. Raises NotDone `not-merged`, `merged-since`."""
    registry.lock(connection)
    done = _standing_merge(connection, kept, other)
    merge_rows.give_back(connection, done.moved, kept, other)
    _stand_for(connection, [other], "")
    _stand_for(connection, done.moved.followers, other)
    returned, delivered = held.undo_release(connection, [*done.moved.packets, *done.moved.released], at, travels)
    undone = {"undone_at": at, "undone_by": who, "undone_why": why}
    connection.execute(update(merges).where(merges.c.id == done.id).values(undone))
    return replace(_counted(done.moved), returned=returned, delivered=delivered)


def _stand_for(connection: Writing, numbers: list[str], kept: str) -> None:
    """Let `kept` stand for these numbers; with '' each stands for itself."""
    if numbers:
        connection.execute(update(students).where(students.c.ssid.in_(numbers)).values(merged_into=kept))


def _counted(moved: Moved) -> Outcome:
    questions = tuple(dict.fromkeys((tracking, line) for tracking, line, _ in moved.candidates))
    return Outcome(len(moved.names), len(moved.evidence), len(moved.enrollments), len(moved.packets), questions)


def _check(connection: Reading, kept: str, other: str) -> None:
    if kept == other:
        raise NotDone("same-number", ssid=kept)
    for ssid in (kept, other):
        found = registry.person(connection, ssid)
        if found is None:
            raise NotDone("no-student", ssid=ssid)
        if found.merged_into and registry.standing(connection, ssid) is None:
            raise NotDone("number-withdrawn", ssid=ssid)
        if found.merged_into:
            raise NotDone("merged-already", ssid=ssid, kept=found.merged_into)


def _standing_merge(connection: Reading, kept: str, other: str) -> Merge:
    standing = [one for one in about(connection, other) if (one.kept, one.merged, one.undone_at) == (kept, other, None)]
    if not standing:
        raise NotDone("not-merged", ssid=other, kept=kept)
    over = registry.person(connection, kept)
    if over and over.merged_into:
        raise NotDone("merged-since", ssid=kept, kept=over.merged_into)
    return standing[0]
