"""What is asked in a day is counted by an index of its own."""

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


def upgrade() -> None:
    """Make the new index."""
    _asked()
