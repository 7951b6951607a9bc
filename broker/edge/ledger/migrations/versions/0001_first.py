"""The first tables, and the triggers by which the database refuses illegal changes."""

import sqlalchemy as sa
from alembic import op

from broker.edge.ledger.guards import statements

revision = "0001"
down_revision = None

_serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False)


def _time(name: str) -> "sa.Column[float]":
    return sa.Column(name, sa.Float, nullable=False)


def _count(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer, nullable=False)


def _directory() -> None:
    op.create_table(
        "parties", sa.Column("id", sa.Text, primary_key=True), _text("name"), _text("kind"), _time("added_at")
    )
    op.create_table(
        "certificates",
        sa.Column("fingerprint", sa.Text, primary_key=True),
        sa.Column("party", sa.Text, sa.ForeignKey("parties.id"), nullable=False, index=True),
        _text("armored"),
        _time("added_at"),
        sa.Column("retired_at", sa.Float),
    )
    op.create_table(
        "key_ids",
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, sa.ForeignKey("certificates.fingerprint"), primary_key=True),
    )
    op.create_table(
        "ssh_keys",
        sa.Column("party", sa.Text, sa.ForeignKey("parties.id"), primary_key=True),
        sa.Column("line", sa.Text, primary_key=True),
        _time("added_at"),
    )


def _packets() -> None:
    op.create_table(
        "packets",
        sa.Column("tracking", sa.Text, primary_key=True),
        *map(_text, ("origin", "source_name", "source_mark", "sha256")),
        sa.Column("size", sa.BigInteger, nullable=False),
        _time("received_at"),
        *map(_text, ("state", "type", "packet_id", "addressed_to", "receiver", "signer", "ssid", "identity")),
        *map(_text, ("held_for", "code", "duplicate_of")),
        *map(_count, ("lane", "receipts", "attempts", "deferrals")),
        _text("claim"),
        *map(_time, ("claim_until", "due_at", "enqueued_at", "updated_at")),
    )
    for name, columns in {
        "packets_by_state": ["state", "due_at"],
        "packets_by_source": ["origin", "source_name"],
        "packets_by_content": ["origin", "sha256"],
        "packets_by_receiver": ["receiver", "state"],
        "packets_by_student": ["ssid", "state"],
    }.items():
        op.create_index(name, "packets", columns)
    op.create_table(
        "packet_ids",
        sa.Column("origin", sa.Text, primary_key=True),
        sa.Column("packet_id", sa.Text, primary_key=True),
        _text("tracking"),
        _text("digest"),
    )


def _history() -> None:
    op.create_table(
        "events",
        sa.Column("seq", _serial, primary_key=True),
        sa.Column("tracking", sa.Text, nullable=False, index=True),
        _time("at"),
        *map(_text, ("before", "after", "why")),
    )
    op.create_table(
        "receipts",
        sa.Column("seq", _serial, primary_key=True),
        _text("tracking"),
        _count("n"),
        *map(_text, ("state", "party")),
        _time("at"),
        _text("text"),
        sa.UniqueConstraint("tracking", "n"),
    )
    op.create_table(
        "publications",
        sa.Column("tracking", sa.Text, primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
    )


def _registry() -> None:
    op.create_table(
        "students",
        sa.Column("ssid", sa.Text, primary_key=True),
        *map(_text, ("first", "middle", "last", "suffix", "birth_date", "gender")),
        *map(_text, ("key_first", "key_middle", "key_last")),
        _time("added_at"),
    )
    op.create_index("students_by_birth", "students", ["birth_date", "key_last"])
    op.create_index("students_by_birth_first", "students", ["birth_date", "key_first"])
    op.create_table(
        "enrollments",
        sa.Column("id", _serial, primary_key=True),
        sa.Column("ssid", sa.Text, sa.ForeignKey("students.ssid"), nullable=False),
        sa.Column("lea", sa.Text, sa.ForeignKey("parties.id"), nullable=False),
        *map(_text, ("school", "local_id", "entry_date", "exit_date", "entry_code", "exit_code", "tracking")),
    )
    op.create_index("enrollments_by_student", "enrollments", ["ssid", "lea"])
    op.create_table(
        "reviews",
        sa.Column("tracking", sa.Text, primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        _text("candidates"),
        _time("opened_at"),
        sa.Column("closed_at", sa.Float),
    )


def upgrade() -> None:
    """Create the tables, then the triggers."""
    for part in (_directory, _packets, _history, _registry):
        part()
    for statement in statements(op.get_bind().dialect.name, revision):
        op.execute(sa.text(statement.replace(":", "\\:")))
