"""What is asked in a day is counted by an index of its own; and what a part without the exchange's key has found out is
told by one that has it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def _asked() -> None:
    """An index of the requests in the disclosure log, which has a line for each delivery of the night, too."""
    where = sa.text("action IN ('read-disclosures', 'request-record')")
    op.create_index(
        "disclosures_asked", "disclosures", ["party", "tracking"], sqlite_where=where, postgresql_where=where
    )


def _owed_alerts() -> None:
    """Alerts of which the notice is to be made; no triggers, for the rows come and go."""
    op.create_table(
        "owed_alerts",
        sa.Column("alert", sa.BigInteger, sa.ForeignKey("alerts.id"), primary_key=True, autoincrement=False),
    )


def upgrade() -> None:
    """Make the new tables and indexes."""
    _asked()
    _owed_alerts()
