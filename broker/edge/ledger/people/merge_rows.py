"""Moves the rows of one SSID to another, row by row, and moves them back.

Owns how the move is written down (`Moved`). Promises: every row that changes its number is named, with its columns that
may change later; rows that came afterwards are not touched.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Table, bindparam, select, update

from broker.edge.ledger import epoch
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.tables import enrollments, evidence, packets, reviews, student_names, students

_ALL_AT_ONCE = 500  # rows named in one statement
_Ends = list[tuple[int, float | None]]
Stood = tuple[str, str, str, str]  # a packet's tracking id, state, reason for holding, receiver


@dataclass(frozen=True, slots=True)
class Moved:
    """Rows by their ids: names and evidence each with its end, packets each as it `Stood`, candidates by the review's
    tracking id, line and place in its list. `followers` are numbers that had been merged into the merged one before;
    `released` are packets of the kept one that the merge released, with where they stood."""

    names: _Ends = field(default_factory=list)
    evidence: _Ends = field(default_factory=list)
    enrollments: list[int] = field(default_factory=list)
    packets: list[Stood] = field(default_factory=list)
    candidates: list[tuple[str, int, int]] = field(default_factory=list)
    followers: list[str] = field(default_factory=list)
    released: list[Stood] = field(default_factory=list)


def take(connection: Writing, other: str, kept: str) -> Moved:
    """Move every row of `other` to `kept`."""
    stood = (packets.c.tracking, packets.c.state, packets.c.held_for, packets.c.receiver)
    places = select(enrollments.c.id).where(enrollments.c.ssid == other).order_by(enrollments.c.id)
    mine = select(*stood).where(packets.c.ssid == other).order_by(packets.c.tracking).with_for_update()
    followers = select(students.c.ssid).where(students.c.merged_into == other, students.c.merged_into != "")
    moved = Moved(
        names=_ends(connection, student_names, other),
        evidence=_ends(connection, evidence, other),
        enrollments=[row[0] for row in connection.execute(places)],
        packets=[(row[0], row[1], row[2], row[3]) for row in connection.execute(mine)],
        candidates=_replace_everywhere(connection, other, kept),
        followers=[row[0] for row in connection.execute(followers.order_by(students.c.ssid))],
    )
    _move_rows(connection, moved, other, kept)
    return moved


def give_back(connection: Writing, moved: Moved, kept: str, other: str) -> None:
    """Move back to `other` the rows that `take` moved to `kept`, as far as `kept` still has them, and as they were: a
    row that has ended since, because of what came for `kept`, has not ended for `other`. What was voided since stays
    void."""
    _move_rows(connection, moved, kept, other)
    for table, rows in ((student_names, moved.names), (evidence, moved.evidence)):
        if rows:
            since = (table.c.id == bindparam("b_id")) & (table.c.ended_at != table.c.added_at)
            statement = update(table).where(since).values(ended_at=bindparam("b_end"))
            connection.execute(statement, [{"b_id": number, "b_end": end} for number, end in rows])
    for tracking, line, place in moved.candidates:
        _replace_one(connection, tracking, line, place, kept, other)


def _ends(connection: Reading, table: Table, ssid: str) -> _Ends:
    rows = connection.execute(select(table.c.id, table.c.ended_at).where(table.c.ssid == ssid).order_by(table.c.id))
    return [(row.id, row.ended_at) for row in rows]


def _move_rows(connection: Writing, moved: Moved, before: str, after: str) -> None:
    rows: list[tuple[Table, Column[Any], list[Any]]] = [
        (student_names, student_names.c.id, [row[0] for row in moved.names]),
        (evidence, evidence.c.id, [row[0] for row in moved.evidence]),
        (enrollments, enrollments.c.id, moved.enrollments),
        (packets, packets.c.tracking, [row[0] for row in moved.packets]),
    ]
    for table, column, ids in rows:
        for some in _parts(ids):
            theirs = (table.c.ssid == before) & column.in_(some)
            connection.execute(update(table).where(theirs).values(ssid=after))
    epoch.advance(connection)


def _parts(ids: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (ids[start : start + _ALL_AT_ONCE] for start in range(0, len(ids), _ALL_AT_ONCE))


def _replace_everywhere(connection: Writing, other: str, kept: str) -> list[tuple[str, int, int]]:
    """Candidates keep their places, because a person may have a list in which each place has a letter."""
    found = connection.execute(
        select(reviews.c.tracking, reviews.c.line, reviews.c.candidates)
        .where(reviews.c.candidates.contains(other, autoescape=True))
        .order_by(reviews.c.tracking, reviews.c.line)
    )
    places = [
        (row.tracking, row.line, place)
        for row in found.all()
        for place, one in enumerate(json.loads(row.candidates))
        if one["ssid"] == other
    ]
    for tracking, line, place in places:
        _replace_one(connection, tracking, line, place, other, kept)
    return places


def _replace_one(connection: Writing, tracking: str, line: int, place: int, before: str, after: str) -> None:
    it = (reviews.c.tracking == tracking) & (reviews.c.line == line)
    found = connection.execute(select(reviews.c.candidates).where(it).with_for_update()).scalar()
    candidates = json.loads(found or "[]")
    if place < len(candidates) and candidates[place]["ssid"] == before:
        candidates[place]["ssid"] = after
        connection.execute(update(reviews).where(it).values(candidates=json.dumps(candidates)))
