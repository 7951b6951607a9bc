"""One account of stays: what an entry may say, corrections with their history, opt-outs, parties that have gone."""

import sqlalchemy as sa
from alembic import op

from broker.edge.ledger.guards import statements

revision = "0005"
down_revision = "0004"

_serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
# the day on which the packet came, in UTC; the entry's own date where that is not known
_DAY_OF_PACKET = {
    "sqlite": "date(packets.received_at, 'unixepoch')",
    "postgresql": "to_char(to_timestamp(packets.received_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
}


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False)


def _later(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def _number(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


def _columns() -> None:
    for column in (_number("dual"), _number("military"), _later("day_part"), _later("reported_on"), _number("is_old")):
        op.add_column("enrollments", column)
    op.add_column("transfers", _later("reported_on"))
    op.add_column("transfers", _number("by_request"))
    for name in ("arrived", "military"):  # both can be derived from the stays
        op.drop_column("follow_ups", name)
    for column in (sa.Column("removed_at", sa.Float), _later("removed_by"), _later("removed_why")):
        op.add_column("parties", column)


def _tables() -> None:
    op.create_table(
        "enrollment_changes",
        sa.Column("id", _serial, primary_key=True),
        sa.Column("enrollment", sa.BigInteger, nullable=False),
        *map(_text, ("fact", "before", "after", "tracking")),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.create_index("ix_enrollment_changes_enrollment", "enrollment_changes", ["enrollment"])
    op.create_table(
        "opt_outs",
        sa.Column("id", _serial, primary_key=True),
        sa.Column("ssid", sa.Text, sa.ForeignKey("students.ssid"), nullable=False),
        *map(_text, ("purpose", "lea", "tracking")),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
        _later("ended_by"),
    )
    op.create_index("ix_opt_outs_ssid", "opt_outs", ["ssid"])


def _carry_over(dialect: str) -> None:
    """Existing entries were sent to a program without the account of stays; a case keeps its family's facts."""
    day = _DAY_OF_PACKET[dialect]
    found = f"(SELECT {day} FROM packets WHERE packets.tracking = enrollments.tracking)"  # noqa: S608
    op.execute(sa.text(f"UPDATE enrollments SET is_old = 1, reported_on = COALESCE({found}, entry_date)"))  # noqa: S608
    op.execute(
        sa.text(
            "UPDATE enrollments SET military = 1 WHERE EXISTS (SELECT 1 FROM transfers t WHERE t.military = 1"
            " AND t.ssid = enrollments.ssid AND t.destination = enrollments.lea"
            " AND t.entered_on = enrollments.entry_date)"
        )
    )
    op.execute(  # a student whose case is still to be opened has news that no case has yet
        sa.text(
            "UPDATE enrollments SET is_old = 0 WHERE EXISTS (SELECT 1 FROM follow_ups f"
            " WHERE f.ssid = enrollments.ssid AND f.cause = enrollments.tracking)"
        )
    )


def upgrade() -> None:
    """Add the columns and tables, carry over the rows, then create the triggers, two of them again."""
    dialect = op.get_bind().dialect.name
    _columns()
    _tables()
    _carry_over(dialect)
    for statement in statements(dialect, revision):
        op.execute(sa.text(statement))
