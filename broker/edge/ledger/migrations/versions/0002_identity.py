"""Identity: all names and evidence of a student, the columns that the model searches, merges, reviews and decisions."""

import json

import sqlalchemy as sa
from alembic import op

from broker.edge.ledger.guards import statements

revision = "0002"
down_revision = "0001"

_serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False)


def _new_text(name: str, value: str = "") -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False, server_default=value)


def _student(name: str = "ssid") -> "sa.Column[str]":
    return sa.Column(name, sa.Text, sa.ForeignKey("students.ssid"), nullable=False)


def _at(name: str) -> "sa.Column[float]":
    return sa.Column(name, sa.Float, nullable=False)


def _undone() -> "list[sa.Column[str]]":
    return [_new_text("undone_by"), _new_text("undone_why")]


def _students() -> None:
    op.drop_index("students_by_birth")
    op.drop_index("students_by_birth_first")
    for column in ("key_first", "key_middle", "key_last"):
        op.execute(sa.text(f"ALTER TABLE students DROP COLUMN {column}"))
    op.add_column("students", _new_text("merged_into"))
    merged = sa.text("merged_into <> ''")
    op.create_index("students_merged", "students", ["merged_into"], sqlite_where=merged, postgresql_where=merged)
    op.create_table(
        "student_names",
        sa.Column("id", _serial, primary_key=True),
        _student(),
        *map(_text, ("kind", "first", "middle", "last", "suffix", "lea", "tracking")),
        _at("added_at"),
        sa.Column("ended_at", sa.Float),
    )
    op.create_index("ix_student_names_ssid", "student_names", ["ssid"])
    op.create_table(
        "evidence",
        sa.Column("id", _serial, primary_key=True),
        _student(),
        *map(_text, ("kind", "value", "lea", "tracking")),
        _at("added_at"),
        sa.Column("ended_at", sa.Float),
    )
    op.create_index("ix_evidence_ssid", "evidence", ["ssid"])


def _index() -> None:
    op.create_table(
        "student_features",
        sa.Column("ssid", sa.Text, primary_key=True),
        sa.Column("variant", sa.Integer, primary_key=True),
        _text("data"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "student_blocks",
        sa.Column("block", sa.BigInteger, primary_key=True),
        sa.Column("ssid", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "registry_index", sa.Column("id", sa.Integer, primary_key=True, autoincrement=False), _text("model")
    )


def _decisions() -> None:
    op.create_table(
        "merges",
        sa.Column("id", _serial, primary_key=True),
        _student("kept"),
        _student("merged"),
        _at("at"),
        *map(_text, ("who", "why", "moved")),
        sa.Column("undone_at", sa.Float),
        *_undone(),
    )
    op.create_index("merges_by_merged", "merges", ["merged"])
    op.create_table(
        "decisions",
        sa.Column("id", _serial, primary_key=True),
        _text("tracking"),
        sa.Column("line", sa.Integer, nullable=False),
        *map(_text, ("verb", "ssid", "who", "why")),
        _at("at"),
        sa.Column("undone_at", sa.Float),
        *_undone(),
    )
    op.create_index("decisions_by_review", "decisions", ["tracking", "line"])
    op.add_column("reviews", _new_text("lea"))
    op.add_column("reviews", _new_text("subject", "{}"))
    for name in ("grade", "programme"):
        op.add_column("enrollments", _new_text(name))
    op.create_index("enrollments_by_local_id", "enrollments", ["lea", "local_id"])


def _carry_over() -> None:
    """Names become rows of their own, and the candidates of reviews become JSON. The columns that the model searches
    are filled later, when the ledger is opened: that needs the model."""
    first = "coalesce((SELECT {} FROM enrollments e WHERE e.ssid = s.ssid ORDER BY e.id LIMIT 1), '')"
    op.execute(
        sa.text(
            "INSERT INTO student_names (ssid, kind, first, middle, last, suffix, lea, tracking, added_at)"  # noqa: S608
            f" SELECT ssid, 'legal', first, middle, last, suffix, {first.format('e.lea')},"
            f" {first.format('e.tracking')}, added_at FROM students s ORDER BY ssid"
        )
    )
    op.execute(sa.text("INSERT INTO registry_index (id, model) SELECT 1, '' WHERE EXISTS (SELECT 1 FROM students)"))
    origin = "(SELECT origin FROM packets p WHERE p.tracking = reviews.tracking)"
    op.execute(sa.text(f"UPDATE reviews SET lea = coalesce({origin}, '')"))  # noqa: S608
    bind = op.get_bind()
    for tracking, line, candidates in bind.execute(sa.text("SELECT tracking, line, candidates FROM reviews")).all():
        found = [{"ssid": ssid, "weight": 0.0} for ssid in candidates.split(",") if ssid]
        bind.execute(
            sa.text("UPDATE reviews SET candidates = :found WHERE tracking = :tracking AND line = :line"),
            {"found": json.dumps(found), "tracking": tracking, "line": line},
        )


def upgrade() -> None:
    """Create the tables, carry over the rows, then create the triggers."""
    for part in (_students, _index, _decisions, _carry_over):
        part()
    for statement in statements(op.get_bind().dialect.name, revision):
        op.execute(sa.text(statement.replace(":", "\\:")))
