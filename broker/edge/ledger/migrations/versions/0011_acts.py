"""The log of acts: what operators did that concerns no single student."""

import sqlalchemy as sa
from alembic import op

from broker.edge.ledger.guards import statements

revision = "0011"
down_revision = "0010"

_serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the table and its triggers; earlier acts have left no line."""
    told = ("verb", "role", "party", "actor", "proof", "subject", "why", "result", "told")
    op.create_table(
        "acts",
        sa.Column("n", _serial, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in told),
    )
    for statement in statements(op.get_bind().dialect.name, revision):
        op.execute(sa.text(statement))
