"""Removes what was sent about a student from a decided question, and from the database's own files.

Owns how this is done in `reviews`. Promises: number, line, candidates' numbers, times and decisions stay; names, birth
date and everything else that was sent go, and with them what is needed to undo the decision. SQLite overwrites what it
deletes, but when it moves rows between pages it leaves copies in the old page; so `rewrite` writes all rows again, some
at a time, into pages that were overwritten with zeros, and `empty` truncates the write-ahead log.
"""

import json
from typing import Any

from sqlalchemy import Engine, bindparam, insert, select, text, update

from broker.edge.ledger import engine as ledger_engine
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.people.reviews import SENT_PURGED
from broker.edge.ledger.tables import reviews

_AT_ONCE = 100
_MARGIN = 400  # rows that are written twice, so that the page in which the old rows end is replaced too
_COLUMNS = ", ".join(column.name for column in reviews.columns)


def purge(connection: Writing, before: float) -> int:
    """Remove what was sent with questions that were closed before this time (seconds since the epoch), at most 100 of
    them; returns how many there were."""
    old = reviews.c.closed_at.is_not(None) & (reviews.c.closed_at < before)
    held = old & reviews.c.subject.contains('"student"')
    rows = connection.execute(select(reviews.c.tracking, reviews.c.line, reviews.c.subject).where(held).limit(_AT_ONCE))
    found = [
        {"one": row.tracking, "place": row.line, "subject": _without_student(json.loads(row.subject))} for row in rows
    ]
    if found:
        mine = (reviews.c.tracking == bindparam("one")) & (reviews.c.line == bindparam("place"))
        values: dict[str, Any] = {"subject": bindparam("subject"), "local_id": "", "named": ""}
        connection.execute(update(reviews).where(mine).values(values), found)
    return len(found)


def _without_student(subject: dict[str, Any]) -> str:
    """The form is kept: it says how the lines are counted."""
    return json.dumps({SENT_PURGED: True, "form": subject.get("form", "")})


def is_rewritten(engine: Engine) -> bool:
    """Whether this database needs `rewrite`: PostgreSQL does not."""
    return engine.dialect.name == "sqlite"


def last(connection: Reading) -> int:
    """The number up to which `rewrite` must go: rows up to it may have left copies."""
    return int(connection.execute(text("SELECT coalesce(max(rowid), 0) FROM reviews")).scalar_one()) + _MARGIN


def rewrite(connection: Writing, until: int) -> bool:
    """Write the oldest rows again, after all others; whether there are more up to the number `until`."""
    query = text(f"SELECT rowid, {_COLUMNS} FROM reviews WHERE rowid <= :until ORDER BY rowid LIMIT {_AT_ONCE}")  # noqa: S608
    rows = connection.execute(query, {"until": until}).mappings().all()
    if rows:
        last_one = rows[-1]["rowid"]
        gone = "DELETE FROM reviews WHERE rowid <= :last" if _has_more(connection, last_one) else "DELETE FROM reviews"
        connection.execute(text(gone), {"last": last_one} if ":last" in gone else {})
        connection.execute(insert(reviews), [{name: row[name] for name in reviews.columns.keys()} for row in rows])  # noqa: SIM118
    return len(rows) == _AT_ONCE


def _has_more(connection: Reading, last_one: int) -> bool:
    """Where no row is left after this one, the whole table is emptied at once, which also overwrites its first page."""
    query = text("SELECT 1 FROM reviews WHERE rowid > :last LIMIT 1")
    return connection.execute(query, {"last": last_one}).first() is not None


def empty(engine: Engine) -> bool:
    """Remove deleted rows from the database's files: SQLite's log is emptied, PostgreSQL vacuums the table. False where
    a reader prevents this, and it must be tried again."""
    if engine.dialect.name == "sqlite":
        return ledger_engine.empty_log(engine)
    with ledger_engine.reading(engine) as connection:
        connection.execute(text("VACUUM reviews"))
    return True
