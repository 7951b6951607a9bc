"""What work may cost, and how often an LEA may guess, is counted."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables."""
    _guesses()


def _guesses() -> None:
    """By LEA, day and child, how often it guessed in vain."""
    op.create_table(
        "guesses",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("lea", "day", "child", "kind")),
        sa.Column("count", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
