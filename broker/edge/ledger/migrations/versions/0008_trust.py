"""What a part without the exchange's key has found out is told by one that has it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def _owed_alerts() -> None:
    """Alerts of which the notice is to be made; no triggers, for the rows come and go."""
    op.create_table(
        "owed_alerts",
        sa.Column("alert", sa.BigInteger, sa.ForeignKey("alerts.id"), primary_key=True, autoincrement=False),
    )


def upgrade() -> None:
    """Make the new table."""
    _owed_alerts()
