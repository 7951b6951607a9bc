"""In SQLite, the columns of students lie in a table with row numbers: its tree of pages is wide and low.

Without them a table keeps whole rows in its inner pages too, which is right for short rows only (SQLite's own advice is
a twentieth of a page): of these, of 700 bytes, a page has five, so that to find one of a whole state's took nine pages.
PostgreSQL has had it so from the beginning.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_OLD = "student_features_until_0010"
_WITHOUT = "WITHOUT ROWID"


def upgrade() -> None:
    """Make the table anew, with the columns that it has by now and what is in it."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    made = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'student_features'")
    form = str(connection.execute(made).scalar_one())
    if _WITHOUT not in form:
        raise RuntimeError("the table of features is not as the program before this one made it")
    op.rename_table("student_features", _OLD)
    op.execute(sa.text(form.replace(_WITHOUT, "")))
    op.execute(sa.text("INSERT INTO student_features SELECT * FROM student_features_until_0010 ORDER BY ssid, variant"))
    op.drop_table(_OLD)
