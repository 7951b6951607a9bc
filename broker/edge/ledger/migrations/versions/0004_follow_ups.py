"""Students whose follow-up work, after a packet that moved many, is still to be done."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the table. It has no triggers, because its rows come and go."""
    op.create_table(
        "follow_ups",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("ssid", sa.Text, sa.ForeignKey("students.ssid"), nullable=False, unique=True),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("arrived", sa.Integer, nullable=False),
        sa.Column("military", sa.Integer, nullable=False),
    )
