"""The mappings of LEAs: what an LEA's own columns, codes and dates are to the exchange.

Owns `mappings`. Promises: append-only: a new mapping, or its end, is a further row, so that a packet is read by the
mapping that held when it came, however often it is read. Who changed it, and why, is in the log of acts.
"""

from dataclasses import dataclass

from sqlalchemy import Select, insert, select

from broker.core.model import LeaId
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.tables import mappings


@dataclass(frozen=True, slots=True)
class MappingRow:
    """A mapping: since when (seconds since the epoch), and its text, '' where the LEA has none from then on."""

    at: float
    text: str


def put(connection: Writing, lea: LeaId, at: float, text: str) -> None:
    """Let this be the LEA's mapping from then on."""
    connection.execute(insert(mappings), {"lea": lea, "at": at, "text": text})


def newest(connection: Reading, lea: str) -> MappingRow | None:
    """The newest row; None where the LEA never had one."""
    return _first(connection, _of(lea))


def at(connection: Reading, lea: str, moment: float) -> MappingRow | None:
    """The row that held at this moment (seconds since the epoch)."""
    return _first(connection, _of(lea).where(mappings.c.at <= moment))


def _of(lea: str) -> Select[tuple[float, str]]:
    return select(mappings.c.at, mappings.c.text).where(mappings.c.lea == lea).order_by(mappings.c.n.desc()).limit(1)


def _first(connection: Reading, query: Select[tuple[float, str]]) -> MappingRow | None:
    row = connection.execute(query).first()
    return MappingRow(row.at, row.text) if row else None
