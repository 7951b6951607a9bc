"""What bounds the work on a packet: lines that are carried out in slices, and questions that can be counted."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def _slices() -> None:
    """What a packet has done so far, a row for each of its transactions; no triggers, for the rows come and go."""
    op.create_table(
        "packet_slices",
        sa.Column("tracking", sa.Text, primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("document", "form", "answers", "seen")),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("followed", sa.Integer, nullable=False, server_default="0"),
    )


def _questions() -> None:
    """Whom a question is about most, so that those of one student can be counted; of older ones nobody knows."""
    op.add_column("reviews", sa.Column("about", sa.Text, nullable=False, server_default=""))
    where = sa.text("closed_at IS NULL")
    op.create_index("reviews_about", "reviews", ["lea", "about"], sqlite_where=where, postgresql_where=where)


def upgrade() -> None:
    """Make the table, then the column and its index."""
    _slices()
    _questions()
