"""Watches that every transaction on PostgreSQL locks in the one order that `broker.edge.ledger.epoch` tells.

Promises: what is first locked too late is an AssertionError at that very statement.
"""

import re
from typing import Any

from sqlalchemy import Engine, event

# in this order; what a transaction has, it may come back to
_LOCKS = {
    "students": re.compile(r"LOCK TABLE students"),
    "epoch": re.compile(r"UPDATE registry_epoch|FROM registry_epoch\b.*\bFOR (SHARE|UPDATE)", re.DOTALL),
    "packets": re.compile(r"UPDATE packets\b|FROM packets\b.*\bFOR UPDATE", re.DOTALL),
    "documents' ids": re.compile(r"INSERT INTO packet_ids"),
}
_RANKS = {name: rank for rank, name in enumerate(_LOCKS)}


def watch(engine: Engine) -> None:
    """From here on."""

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        connection.info["locks"] = []

    @event.listens_for(engine, "before_cursor_execute")
    def _on_statement(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        taken = connection.info.setdefault("locks", [])
        for name, pattern in _LOCKS.items():
            if name not in taken and pattern.search(statement):
                late = [one for one in taken if _RANKS[one] > _RANKS[name]]
                assert not late, f"{name} is locked after {late}: {statement[:200]}"
                taken.append(name)
