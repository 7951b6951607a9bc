"""Which home a ledger belongs to and by which mark each inbox is known; what is counted so that it stays bounded."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def _homes() -> None:
    """Who works with this ledger: `satchel upgrade` writes the row in the same transaction."""
    op.create_table(
        "home",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("home", sa.Text, nullable=False),
        sa.Column("proof", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("run", sa.Text, nullable=False, server_default=""),
    )
    op.create_table(
        "inbox_marks",
        sa.Column("lea", sa.Text, sa.ForeignKey("parties.id"), primary_key=True),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
    )


def _guesses() -> None:
    """By LEA, day and child, how often it guessed in vain."""
    op.create_table(
        "guesses",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("lea", "day", "child", "kind")),
        sa.Column("count", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )


def upgrade() -> None:
    """Make the new tables."""
    _homes()
    _guesses()
