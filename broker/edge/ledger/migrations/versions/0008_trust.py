"""The published form of each key, the changes of keys and parties, an index of a day's requests, and alerts that a part
without the exchange's key has found, for a part that has the key to send."""

import sqlalchemy as sa
from alembic import op

from broker.edge.ledger.guards import statements

revision = "0008"
down_revision = "0007"

_serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _asked() -> None:
    """An index of the requests in the disclosure log, which also has a line for each delivery of the night."""
    where = sa.text("action IN ('read-disclosures', 'request-record')")
    op.create_index(
        "disclosures_asked", "disclosures", ["party", "tracking"], sqlite_where=where, postgresql_where=where
    )


def _owed_alerts() -> None:
    """Alerts whose notice is still to be made; no triggers, because the rows come and go."""
    op.create_table(
        "owed_alerts",
        sa.Column("alert", sa.BigInteger, sa.ForeignKey("alerts.id"), primary_key=True, autoincrement=False),
    )


def _keys() -> None:
    """The published form of each key is filled in when keys are next published."""
    op.add_column("parties", sa.Column("suspended_at", sa.Float))
    op.add_column("certificates", sa.Column("ended_at", sa.Float))
    op.add_column("certificates", sa.Column("shown", sa.Text))
    op.add_column("certificates", sa.Column("user_id", sa.Text, nullable=False, server_default=""))
    op.add_column("ssh_keys", sa.Column("ended_at", sa.Float))
    later = (sa.Column(name, sa.Text, nullable=False, server_default="") for name in ("subject", "who", "why"))
    op.create_table(
        "directory_changes",
        sa.Column("n", _serial, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("party", sa.Text, sa.ForeignKey("parties.id"), nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        *later,
    )
    op.create_index("directory_changes_by_party", "directory_changes", ["party", "what", "subject"])


def upgrade() -> None:
    """Create the new tables, columns, indexes and triggers."""
    _asked()
    _owed_alerts()
    _keys()
    for statement in statements(op.get_bind().dialect.name, revision):
        op.execute(sa.text(statement))
