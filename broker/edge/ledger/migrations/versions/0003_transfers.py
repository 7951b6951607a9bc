"""Transfers, the record store, the disclosure log, flags and alerts, school days, legal exceptions."""

import sqlalchemy as sa
from alembic import op

from broker.edge.ledger.guards import statements

revision = "0003"
down_revision = "0002"

_serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _id(name: str = "id") -> "sa.Column[int]":
    return sa.Column(name, _serial, primary_key=True)


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False)


def _later(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def _at(name: str) -> "sa.Column[float]":
    return sa.Column(name, sa.Float, nullable=False)


def _perhaps(name: str) -> "sa.Column[float]":
    return sa.Column(name, sa.Float)


def _student() -> "sa.Column[str]":
    return sa.Column("ssid", sa.Text, sa.ForeignKey("students.ssid"), nullable=False)


def _party(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, sa.ForeignKey("parties.id"), nullable=False)


def _cases() -> None:
    op.add_column("packets", _later("replaces"))
    op.create_table(
        "registry_epoch",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("n", sa.BigInteger, nullable=False),
    )
    op.execute(sa.text("INSERT INTO registry_epoch (id, n) VALUES (1, 1)"))
    op.create_table(
        "transfers",
        _id(),
        _student(),
        _party("source"),
        _party("destination"),
        _text("entered_on"),
        _at("opened_at"),
        _text("cause"),
        sa.Column("follows", sa.BigInteger),
        sa.Column("military", sa.Integer, nullable=False, server_default="0"),
        _text("state"),
        _later("reason"),
        _perhaps("requested_at"),
        *map(_later, ("request", "due_on", "rule")),
        _perhaps("answered_at"),
        _later("answer"),
        *map(_perhaps, ("closed_at", "overdue_at")),
    )
    for name, columns in {
        "transfers_by_student": ["ssid", "state"],
        "transfers_by_source": ["source", "state"],
        "transfers_by_destination": ["destination", "state"],
        "transfers_by_answer": ["answer"],
        "transfers_by_due": ["state", "due_on"],
    }.items():
        op.create_index(name, "transfers", columns)
    op.create_table(
        "transfer_events",
        _id("seq"),
        sa.Column("transfer", sa.BigInteger, nullable=False, index=True),
        _at("at"),
        *map(_text, ("before", "after", "why", "tracking")),
    )


def _state() -> None:
    op.create_table(
        "flags",
        _id(),
        _student(),
        _at("set_at"),
        *map(_text, ("set_by", "set_why")),
        _perhaps("lifted_at"),
        *map(_later, ("lifted_by", "lifted_why")),
    )
    op.create_index("ix_flags_ssid", "flags", ["ssid"])
    op.create_table(
        "alerts",
        _id(),
        _at("at"),
        *map(_text, ("kind", "ssid", "lea", "tracking")),
        _perhaps("seen_at"),
        _later("seen_by"),
    )
    op.create_index("ix_alerts_ssid", "alerts", ["ssid"])
    op.create_table(
        "exceptions",
        _id(),
        *map(_text, ("domain", "law", "why", "who")),
        _at("at"),
        _perhaps("ended_at"),
        *map(_later, ("ended_by", "ended_why")),
    )
    op.create_table(
        "school_days",
        sa.Column("lea", sa.Text, primary_key=True),
        sa.Column("day", sa.Text, primary_key=True),
        *map(_text, ("kind", "why")),
    )


def _store() -> None:
    op.create_table(
        "backpacks",
        _id(),
        _student(),
        _party("lea"),
        sa.Column("tracking", sa.Text, nullable=False, unique=True),
        _text("mode"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("school_year", sa.Integer),
        _text("sha256"),
        sa.Column("size", sa.BigInteger, nullable=False),
        _text("signer"),
        _at("at"),
        _perhaps("ended_at"),
        _later("ended_by"),
    )
    op.create_index("backpacks_by_student", "backpacks", ["ssid", "lea", "version"])
    current = sa.text("ended_at IS NULL")
    op.create_index("backpacks_current", "backpacks", ["ssid", "lea"], sqlite_where=current, postgresql_where=current)
    op.create_table(
        "disclosures",
        _id("seq"),
        _at("at"),
        *map(_text, ("ssid", "action", "outcome", "party", "actor", "source", "what", "ground", "purpose", "tracking")),
    )
    op.create_table(
        "acknowledgements",
        _id(),
        *map(_text, ("tracking", "by", "party")),
        _at("at"),
        *map(_text, ("form", "status", "code")),
        sa.Column("courses", sa.Integer),
    )
    for table, column in (("disclosures", "ssid"), ("disclosures", "tracking"), ("acknowledgements", "tracking")):
        op.create_index(f"ix_{table}_{column}", table, [column])


def upgrade() -> None:
    """Create the tables, then the triggers; the trigger of packets' moves is created again."""
    for part in (_cases, _state, _store):
        part()
    for statement in statements(op.get_bind().dialect.name, revision):
        op.execute(sa.text(statement.replace(":", "\\:")))
