"""In SQLite, the columns of students lie in a table with row numbers: its tree of pages is wide and low.

Without them a table keeps whole rows in its inner pages too, which is right for short rows only (SQLite's own advice is
a twentieth of a page): of these, of 700 bytes, a page has five, so that to find one of a whole state's took
eight or nine pages. PostgreSQL has had it so from the beginning.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"

_OLD = "student_features_until_0010"


def upgrade() -> None:
    """Make the table anew, with what is in it."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.rename_table("student_features", _OLD)
    op.create_table(
        "student_features",
        sa.Column("ssid", sa.Text, primary_key=True),
        sa.Column("variant", sa.Integer, primary_key=True),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.execute(
        sa.text(f"INSERT INTO student_features SELECT ssid, variant, data FROM {_OLD} ORDER BY ssid, variant")  # noqa: S608
    )
    op.drop_table(_OLD)
