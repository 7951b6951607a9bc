"""Wrong guesses: how often an LEA has asked in vain about children that it never had.

Owns `guesses`. Promises: counts and numbers of students, no names; counts older than the period looked back at are
deleted.
"""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import delete, distinct, func, select
from sqlalchemy.dialects import postgresql, sqlite

from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.tables import guesses

ALL = ""  # the `child` of the row that counts all guesses
_KEY = (guesses.c.lea, guesses.c.day, guesses.c.child, guesses.c.kind)


def of_day(connection: Reading, lea: str, day: str) -> dict[tuple[str, str], int]:
    """An LEA's guesses on one day (ISO 8601): counts by child and kind."""
    mine = select(guesses.c.child, guesses.c.kind, guesses.c.count).where(guesses.c.lea == lea, guesses.c.day == day)
    return {(row[0], row[1]): row[2] for row in connection.execute(mine)}


def add(connection: Writing, lea: str, day: str, counts: Mapping[tuple[str, str], int]) -> None:
    """Add these counts, by child and kind, to the counts so far."""
    rows = [
        {"lea": lea, "day": day, "child": child, "kind": kind, "count": count}
        for (child, kind), count in sorted(counts.items())
    ]
    if rows:
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        new = insert(guesses)
        more = {"count": guesses.c.count + new.excluded.count}
        connection.execute(new.on_conflict_do_update(index_elements=_KEY, set_=more), rows)


class Guessed(NamedTuple):
    """An LEA's guesses since a day: how many, at how many identifiable children, on how many days."""

    lea: str
    guesses: int
    children: int
    days: int


def since(connection: Reading, day: str) -> list[Guessed]:
    """The guesses since this day (ISO 8601), by LEA."""
    is_all = guesses.c.child == ALL
    query = select(
        guesses.c.lea,
        func.coalesce(func.sum(guesses.c.count).filter(is_all), 0),
        func.count(distinct(guesses.c.child)).filter(~is_all),
        func.count(distinct(guesses.c.day)),
    )
    rows = connection.execute(query.where(guesses.c.day >= day).group_by(guesses.c.lea).order_by(guesses.c.lea))
    return [Guessed(*row) for row in rows]


def purge(connection: Writing, day: str) -> None:
    """Delete the counts from before this day (ISO 8601)."""
    connection.execute(delete(guesses).where(guesses.c.day < day))
