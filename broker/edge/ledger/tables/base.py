"""What all tables share: their metadata, and the numbers that rows get by themselves."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Index, Integer, MetaData, literal_column, text

metadata = MetaData()


def partial(name: str, *columns: str, where: str) -> Index:
    """An index of the rows for which this holds. SQLite uses it only for a query that says the same with constants in
    the statement itself: values that are bound to it are not looked at when it is planned."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def in_constants(column: Column[str], values: Iterable[str]) -> ColumnElement[bool]:
    """Whether the column has one of these values of the program's own, in alphabetical order, as constants."""
    constants: list[ColumnElement[Any]] = [literal_column(f"'{value}'") for value in sorted(values)]
    return column.in_(constants)


Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only under this exact type
