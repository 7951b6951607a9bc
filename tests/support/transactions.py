"""What each transaction of a ledger does, counted by the database and its driver, so that no clock is needed.

Promises: one `Transaction` for each that writes, in the order in which they began; `written` is the rows that its
statements inserted, changed and deleted; `steps` are tens of steps of SQLite's machine (0 on PostgreSQL), which go
on while rows are fetched; one that was rolled back says so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, event

_WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass
class Transaction:
    """One transaction."""

    statements: int = 0
    written: int = 0
    steps: int = 0
    is_undone: bool = False


@contextmanager
def counted(engine: Engine) -> Iterator[list[Transaction]]:
    """Count what this engine runs meanwhile, whichever thread does it."""
    done: list[Transaction] = []
    running: dict[int, Transaction] = {}

    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            running[id(connection)] = Transaction()
            done.append(running[id(connection)])

    def before(connection: Connection, cursor: Any, *_: Any) -> None:
        if engine.dialect.name == "sqlite":
            now = running.get(id(connection))

            def step() -> int:
                if now is not None:
                    now.steps += 1
                return 0

            cursor.connection.set_progress_handler(step, 10)

    def after(connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        now = running.get(id(connection))
        if now is not None:
            now.statements += 1
            if statement.lstrip().partition(" ")[0].upper() in _WRITES:
                now.written += max(cursor.rowcount, 0)

    def commit(connection: Connection) -> None:
        running.pop(id(connection), None)

    def rollback(connection: Connection) -> None:
        gone = running.pop(id(connection), None)
        if gone is not None:
            gone.is_undone = True

    listeners = {
        "begin": begin,
        "before_cursor_execute": before,
        "after_cursor_execute": after,
        "commit": commit,
        "rollback": rollback,
    }
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    try:
        yield done
    finally:
        for name, listener in listeners.items():
            event.remove(engine, name, listener)
