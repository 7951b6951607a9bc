"""The mappings of LEAs: what their own columns, codes and dates are to the exchange."""

import sqlalchemy as sa
from alembic import op

from broker.edge.ledger.guards import statements

revision = "0013"
down_revision = "0012"

_serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the table, its index and its triggers; no LEA has a mapping yet."""
    op.create_table(
        "mappings",
        sa.Column("n", _serial, primary_key=True),
        sa.Column("lea", sa.Text, sa.ForeignKey("parties.id"), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("mappings_by_lea", "mappings", ["lea", "n"])
    for statement in statements(op.get_bind().dialect.name, revision):
        op.execute(sa.text(statement))
