"""What bounds the work of a packet: the lane for those that are costly to read."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Each part for itself."""
    _costly_lane()


def _costly_lane() -> None:
    """An index of the packets in that lane, of which there are few."""
    where = sa.text("lane = 2 AND state IN ('ADMITTED', 'RECEIVED', 'ROUTED')")
    op.create_index("packets_costly", "packets", ["origin", "tracking"], sqlite_where=where, postgresql_where=where)
