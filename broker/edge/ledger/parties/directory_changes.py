"""The changes of parties and of their keys, one line each.

Owns `directory_changes`. Promises: append-only; a line is written in the transaction of its change, so the number of
the last line shows whether the published directory is up to date.
"""

from sqlalchemy import func, insert, select

from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.tables import directory_changes

RENAME, SUSPEND, RESUME, END = "rename", "suspend", "resume", "end-key"


def note(
    connection: Writing, at: float, party: str, what: str, subject: str = "", who: str = "", why: str = ""
) -> None:
    """Write a line; `subject` is a key, or the party's former or given name."""
    line = {"at": at, "party": party, "what": what, "subject": subject, "who": who, "why": why}
    connection.execute(insert(directory_changes), line)


def last(connection: Reading) -> int:
    """The number of the newest line; 0 where there is none."""
    return connection.execute(select(func.max(directory_changes.c.n))).scalar() or 0


def former_names(connection: Reading) -> dict[str, list[str]]:
    """The names that parties had before, by id, the latest first."""
    query = select(directory_changes).where(directory_changes.c.what == RENAME).order_by(directory_changes.c.n.desc())
    found: dict[str, list[str]] = {}
    for row in connection.execute(query):
        if row.subject not in found.setdefault(row.party, []):
            found[row.party].append(row.subject)
    return found


def reasons(connection: Reading, what: str) -> dict[str, tuple[str, str]]:
    """By subject (by party for a suspension): who did this last, and why."""
    query = select(directory_changes).where(directory_changes.c.what == what).order_by(directory_changes.c.n)
    return {row.subject or row.party: (row.who, row.why) for row in connection.execute(query)}
