"""On SQLite, gives the table of students' features row numbers, which makes its tree of pages wide and low.

A table without row numbers keeps whole rows in its inner pages too, which suits only short rows (SQLite advises at most
a twentieth of a page). These rows have 700 bytes, five to a page, so finding one in a whole state's table read nine
pages. PostgreSQL has always stored them this way.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_OLD = "student_features_until_0010"
_WITHOUT = "WITHOUT ROWID"


def upgrade() -> None:
    """Create the table again, with its present columns and rows."""
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
