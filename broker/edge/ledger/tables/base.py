"""What all tables share: their metadata, and automatic row numbers."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Index, Integer, MetaData, literal_column, text

metadata = MetaData()


def partial(name: str, *columns: str, where: str) -> Index:
    """An index of the rows for which `where` holds. SQLite uses it only for a query that states the same condition with
    constants: bound values are not known when a query is planned."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def in_constants(column: Column[str], values: Iterable[str]) -> ColumnElement[bool]:
    """Whether the column has one of these values, written as constants in alphabetical order. The values must be the
    program's own."""
    constants: list[ColumnElement[Any]] = [literal_column(f"'{value}'") for value in sorted(values)]
    return column.in_(constants)


Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows automatically only for exactly this type
