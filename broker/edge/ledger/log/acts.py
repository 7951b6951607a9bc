"""The log of acts: what operators and others did that concerns no single student, and what was refused to them.

Owns `acts`. Promises: append-only; a line is written in the transaction of its act; no student's name or number.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import func, insert, select

from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.numbers import comparable
from broker.edge.ledger.tables import acts

DONE, REFUSED = "done", "refused"
_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Act:
    """One line. `at` is seconds since the epoch; `verb` is a name of `broker.verbs`; `role` and `proof` are words of
    `broker.core.actor`; `subject` is a party, a key, a day or the like; `told` is the result, as JSON."""

    at: float
    verb: str
    role: str
    party: str
    actor: str
    proof: str
    subject: str
    why: str
    result: str
    told: Mapping[str, Any] = field(default_factory=dict)
    n: int = 0


def add(connection: Writing, line: Act) -> None:
    """Write a line."""
    row = asdict(line) | {"told": json.dumps(line.told)}
    del row["n"]
    connection.execute(insert(acts), row)


def page(connection: Reading, before: int | None, size: int, verb: str = "", actor: str = "") -> Sequence[Act]:
    """The newest lines before the number `before`, at most `size`; with None, from the newest on."""
    query = select(acts).order_by(acts.c.n.desc()).limit(size)
    if before is not None:
        query = query.where(acts.c.n < comparable(before))
    for column, wanted in ((acts.c.verb, verb), (acts.c.actor, actor)):
        if wanted:
            query = query.where(column == wanted)
    names = Act.__dataclass_fields__
    rows = connection.execute(query).mappings()
    return [Act(**{name: row[name] for name in names} | {"told": json.loads(row["told"])}) for row in rows]


def count(connection: Reading, verb: str = "", actor: str = "") -> int:
    """How many lines there are, counted up to 1,001."""
    query = select(acts.c.n).limit(_COUNTED + 1)
    for column, wanted in ((acts.c.verb, verb), (acts.c.actor, actor)):
        if wanted:
            query = query.where(column == wanted)
    return int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())
