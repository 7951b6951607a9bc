"""Which home a ledger belongs to, and by which mark each LEA's inbox is known."""

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


def upgrade() -> None:
    """Make the new tables."""
    _homes()
