"""Bounds of what one LEA, packet or transaction may cost."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def _purged() -> None:
    """Whose bytes were removed though its row stays, and an index of whose are kept that nobody will work again."""
    op.add_column("packets", sa.Column("purged_at", sa.Float))
    where = sa.text("state IN ('DUPLICATE', 'REFUSED') AND purged_at IS NULL AND size > 0")
    columns = ["origin", "updated_at", "size"]
    op.create_index("packets_kept", "packets", columns, sqlite_where=where, postgresql_where=where)


def upgrade() -> None:
    """Add what is new."""
    _purged()
