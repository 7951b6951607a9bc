"""What decisions teach about a student's spelling, who was told apart, at which LEA a name counts, and an index of the
numbers that LEAs have corrected."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from broker.edge.ledger.guards import statements

revision = "0009"
down_revision = "0008"

_serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _decided() -> Iterator[sa.Column[Any]]:
    yield from (sa.Column(name, sa.Text, nullable=False) for name in ("lea", "decider", "tracking"))
    yield sa.Column("line", sa.Integer, nullable=False)
    yield sa.Column("at", sa.Float, nullable=False)
    yield sa.Column("ended_at", sa.Float)


def _taught() -> None:
    """Decisions teach from this migration on; earlier ones have left aliases, as before."""
    spelt = ("first", "middle", "last", "suffix", "birth_date")
    op.create_table(
        "spellings",
        sa.Column("id", _serial, primary_key=True),
        sa.Column("ssid", sa.Text, sa.ForeignKey("students.ssid"), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in spelt),
        *_decided(),
    )
    op.create_table(
        "told_apart",
        sa.Column("id", _serial, primary_key=True),
        *(sa.Column(name, sa.Text, sa.ForeignKey("students.ssid"), nullable=False) for name in ("ssid", "other")),
        *_decided(),
    )
    stands = sa.text("ended_at IS NULL")
    for name, table, column in (
        ("spellings_by_student", "spellings", "ssid"),
        ("told_apart_by_student", "told_apart", "ssid"),
        ("told_apart_by_other", "told_apart", "other"),
    ):
        op.create_index(name, table, [column], sqlite_where=stands, postgresql_where=stands)


def _features() -> None:
    """At which LEA a name counts: `satchel identity reindex` fills this in."""
    for name in ("told_by", "only_at"):
        op.add_column("student_features", sa.Column(name, sa.Text, nullable=False, server_default=""))


def _numbers() -> None:
    where = sa.text("fact = 'local_id'")
    op.create_index(
        "enrollment_changes_numbers", "enrollment_changes", ["before"], sqlite_where=where, postgresql_where=where
    )


def upgrade() -> None:
    """Create the new tables, columns, indexes and triggers."""
    _taught()
    _features()
    _numbers()
    for statement in statements(op.get_bind().dialect.name, revision):
        op.execute(sa.text(statement))
