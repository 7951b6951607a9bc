"""What each statement of a ledger reads, by the database's own count, so that no clock is needed.

Promises: on SQLite, the steps of its machine (SQLite's "progress handler"), which go on while rows are fetched; on
PostgreSQL, the pages that a query touches (EXPLAIN ANALYZE) and the tables that a change would read whole (EXPLAIN),
asked right before the statement runs, in its own transaction.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

_STEPS = 100


@dataclass
class Costs:
    """What was run: `most` is the highest count of each statement, `whole` what would read one of `tables` whole."""

    tables: Collection[str]
    most: dict[str, int] = field(default_factory=dict)
    plans: dict[str, str] = field(default_factory=dict)
    whole: dict[str, str] = field(default_factory=dict)
    current: str = ""

    def above(self, limit: int) -> dict[str, str]:
        """The plans of statements that cost more, and of those that read a table whole."""
        dear = {statement: f"{count}: {self.plans[statement]}" for statement, count in self.most.items()}
        return {one: plan for one, plan in dear.items() if self.most[one] > limit} | self.whole

    def note(self, statement: str, count: int) -> None:
        """A statement was counted."""
        self.most[statement] = max(count, self.most.get(statement, 0))


def _on_sqlite(costs: Costs) -> Callable[..., None]:
    running: dict[str, int] = {}

    def step() -> int:
        running[costs.current] = running.get(costs.current, 0) + _STEPS
        costs.note(costs.current, running[costs.current])
        return 0

    def before(_connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, is_many: bool) -> None:
        first = parameters[0] if is_many else parameters
        asked = cursor.connection.cursor()
        asked.execute(f"EXPLAIN QUERY PLAN {statement}", first)
        costs.plans[statement] = "; ".join(row[3] for row in asked.fetchall())
        costs.current = statement
        running[statement] = 0
        costs.note(statement, 0)
        cursor.connection.set_progress_handler(step, _STEPS)

    return before


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _is_whole(node: dict[str, Any], tables: Collection[str]) -> bool:
    """Whether a table is read from one end to the other; an index of what lives holds no more than that."""
    if node.get("Relation Name") not in tables:
        return False
    return bool(node["Node Type"] == "Seq Scan")


def _on_postgresql(costs: Costs) -> Callable[..., None]:
    def before(_connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, is_many: bool) -> None:
        verb = statement.lstrip().partition(" ")[0].partition("\n")[0].upper()
        if verb not in ("SELECT", "WITH", "UPDATE", "DELETE", "INSERT"):
            return
        first = parameters[0] if is_many else parameters
        how = "ANALYZE, BUFFERS, " if verb == "SELECT" else ""
        with cursor.connection.cursor() as asked:
            asked.execute(f"EXPLAIN ({how}FORMAT JSON) {statement}", first)
            plan = asked.fetchone()[0][0]["Plan"]
        costs.plans[statement] = str(plan)
        costs.note(statement, plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0))
        if any(_is_whole(node, costs.tables) for node in _nodes(plan)):
            costs.whole[statement] = str(plan)

    return before


@contextmanager
def counted(engine: Engine, tables: Collection[str]) -> Iterator[Costs]:
    """Count what this engine runs meanwhile."""
    costs = Costs(tables)
    make = _on_sqlite if engine.dialect.name == "sqlite" else _on_postgresql
    listener = make(costs)
    event.listen(engine, "before_cursor_execute", listener)
    try:
        yield costs
    finally:
        event.remove(engine, "before_cursor_execute", listener)
