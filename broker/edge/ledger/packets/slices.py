"""What a packet of many lines has done so far, so that its work can be split into transactions and resumed.

Owns `packet_slices`. Promises: one row for each transaction, written in it; about each line a row holds the result and
the SSIDs, and nothing else about a student; the rows are deleted when the packet is answered.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update

from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.tables import packet_slices


@dataclass(frozen=True, slots=True)
class Slice:
    """`n` counts from 0; `document` is the document's id, `form` the form of its answer. `answers` has one entry for
    each line, that was carried out or only looked at; `seen` has the flagged SSIDs and how the lines concern them;
    `guessed` has the vain guesses, as (child, kind, count). `at` is seconds since the epoch."""

    tracking: str
    n: int
    document: str
    form: str
    answers: Sequence[Mapping[str, Any]]
    seen: Mapping[str, str]
    at: float
    is_followed: bool = False
    guessed: Sequence[tuple[str, str, int]] = ()


def put(connection: Writing, one: Slice) -> None:
    """Keep what this transaction did."""
    row = {
        "tracking": one.tracking,
        "n": one.n,
        "document": one.document,
        "form": one.form,
        "answers": json.dumps(one.answers),
        "seen": json.dumps(one.seen),
        "guessed": json.dumps(one.guessed),
        "at": one.at,
        "followed": int(one.is_followed),
    }
    connection.execute(insert(packet_slices), row)


def of(connection: Reading, tracking: str) -> list[Slice]:
    """What the packet has done, in order."""
    query = select(packet_slices).where(packet_slices.c.tracking == tracking).order_by(packet_slices.c.n)
    return [
        Slice(
            tracking,
            row.n,
            row.document,
            row.form,
            json.loads(row.answers),
            json.loads(row.seen),
            row.at,
            bool(row.followed),
            [(child, kind, count) for child, kind, count in json.loads(row.guessed)],
        )
        for row in connection.execute(query)
    ]


def is_begun(connection: Reading, *trackings: str) -> bool:
    """Whether some lines of any of these packets were carried out, and the packet is not answered yet; at most some
    hundreds at once."""
    query = select(packet_slices.c.n).where(packet_slices.c.tracking.in_(trackings)).limit(1)
    return connection.execute(query).first() is not None


def followed(connection: Writing, one: Slice) -> None:
    """Record that the follow-up work of these lines is done."""
    mine = (packet_slices.c.tracking == one.tracking) & (packet_slices.c.n == one.n)
    connection.execute(update(packet_slices).where(mine).values(followed=1))


def purge(connection: Writing, tracking: str) -> None:
    """Delete the rows of a packet that is answered."""
    connection.execute(delete(packet_slices).where(packet_slices.c.tracking == tracking))
