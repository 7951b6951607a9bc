"""Indexes of live rows only, so that no everyday look-up gets slower with the rows that have ended."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_PARTIAL = (
    ("packets_first", "packets", ["origin", "sha256"], "state NOT IN ('DUPLICATE', 'REFUSED')"),
    ("packets_waiting", "packets", ["origin", "state"], "state IN ('ADMITTED', 'RECEIVED', 'ROUTED')"),
    ("packets_claimed", "packets", ["claim"], "claim_until > 0"),
    ("packets_refused", "packets", ["state", "code"], "state = 'REFUSED'"),
    ("transfers_by_request", "transfers", ["request"], "request <> ''"),
    ("transfers_live", "transfers", ["id"], "state IN ('blocked', 'refused', 'requested')"),
    ("flags_standing", "flags", ["id"], "lifted_at IS NULL"),
    ("reviews_open", "reviews", ["opened_at", "tracking", "line"], "closed_at IS NULL"),
)


def upgrade() -> None:
    """Create the new indexes, and drop the two that they replace."""
    for name, table, columns, condition in _PARTIAL:
        where = sa.text(condition)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
    op.create_index("packets_by_drop", "packets", ["origin", "source_name", "source_mark"])
    op.drop_index("packets_by_source")
    op.drop_index("packets_by_content")
