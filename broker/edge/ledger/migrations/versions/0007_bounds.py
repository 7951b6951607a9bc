"""Marks what belongs to a home, and counts what work costs, what is kept and what is guessed, to keep all bounded."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def _homes() -> None:
    """The home that works with this ledger: `satchel upgrade` writes the row in the same transaction."""
    op.create_table(
        "home",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("home", sa.Text, nullable=False),
        sa.Column("proof", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("run", sa.Text, nullable=False, server_default=""),
    )
    op.create_table(
        "inbox_marks",
        sa.Column("lea", sa.Text, sa.ForeignKey("parties.id"), primary_key=True),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
    )


def _guesses() -> None:
    """How many wrong guesses were made, by LEA, day and child."""
    op.create_table(
        "guesses",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("lea", "day", "child", "kind")),
        sa.Column("count", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )


def _slices() -> None:
    """The work that a packet has done so far, one row for each transaction; no triggers: the rows come and go."""
    op.create_table(
        "packet_slices",
        sa.Column("tracking", sa.Text, primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("document", "form", "answers", "seen", "guessed")),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("followed", sa.Integer, nullable=False, server_default="0"),
    )


def _questions() -> None:
    """The student whom a question is mainly about, so that they can be counted by student; unknown for older ones."""
    op.add_column("reviews", sa.Column("about", sa.Text, nullable=False, server_default=""))
    where = sa.text("closed_at IS NULL")
    op.create_index("reviews_about", "reviews", ["lea", "about"], sqlite_where=where, postgresql_where=where)


def _named() -> None:
    """The local id and name in a question, so that questions with the same ones are found; also for open questions."""
    for name in ("local_id", "named"):
        op.add_column("reviews", sa.Column(name, sa.Text, nullable=False, server_default=""))
    connection = op.get_bind()
    waiting = sa.text("SELECT tracking, line, subject FROM reviews WHERE closed_at IS NULL")
    change = sa.text("UPDATE reviews SET local_id = :number, named = :mark WHERE tracking = :tracking AND line = :line")
    for row in connection.execute(waiting).all():
        subject = json.loads(row.subject)
        block = subject.get("student") if isinstance(subject, dict) else None
        if block:
            name = block["legal_name"]
            words = [*(name.get(part, "") for part in ("first", "middle", "last", "suffix")), block["birth_date"]]
            mark = hashlib.sha256(json.dumps(words).encode()).hexdigest()
            values = {"number": block.get("local_id", ""), "mark": mark, "tracking": row.tracking, "line": row.line}
            connection.execute(change, values)
    where = sa.text("closed_at IS NULL")
    for index, column in (("reviews_number", "local_id"), ("reviews_named", "named")):
        columns = ["lea", column, "opened_at", "tracking", "line"]
        op.create_index(index, "reviews", columns, sqlite_where=where, postgresql_where=where)


def _opted() -> None:
    """An index of the opt-outs in force: an LEA may send a child's opt-out as often as it likes."""
    where = sa.text("ended_at IS NULL")
    op.create_index("opt_outs_standing", "opt_outs", ["ssid"], sqlite_where=where, postgresql_where=where)


def _purged() -> None:
    """When a packet's bytes were removed though its row stays, and an index of kept bytes that will never be worked
    again."""
    op.add_column("packets", sa.Column("purged_at", sa.Float))
    where = sa.text("state IN ('DUPLICATE', 'REFUSED') AND purged_at IS NULL AND size > 0")
    columns = ["origin", "updated_at", "size"]
    op.create_index("packets_kept", "packets", columns, sqlite_where=where, postgresql_where=where)


def _costly_lane() -> None:
    """An index of the few packets in the costly lane."""
    where = sa.text("lane = 2 AND state IN ('ADMITTED', 'RECEIVED', 'ROUTED')")
    op.create_index("packets_costly", "packets", ["origin", "tracking"], sqlite_where=where, postgresql_where=where)


def upgrade() -> None:
    """Create the new tables, columns and indexes."""
    _homes()
    _guesses()
    _slices()
    _questions()
    _named()
    _opted()
    _purged()
    _costly_lane()
