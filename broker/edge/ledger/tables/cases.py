"""Tables of what follows a student: transfers, flags, the record store, and the disclosure log."""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, Table, Text, literal_column

from broker.core.transfer import LIVE
from broker.edge.ledger.tables.base import Serial, in_constants, metadata, partial

# The case that opens when a student of `source` enrolls at `destination`; states in broker.core.transfer.
transfers = Table(
    "transfers",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("ssid", Text, ForeignKey("students.ssid"), nullable=False),
    Column("source", Text, ForeignKey("parties.id"), nullable=False),
    Column("destination", Text, ForeignKey("parties.id"), nullable=False),
    Column("opened_at", Float, nullable=False),
    Column("cause", Text, nullable=False),  # tracking id of the packet that opened it; '' for the state's operator
    Column("follows", BigInteger),  # the case that this one replaced
    # columns that may change:
    Column("military", Integer, nullable=False, server_default="0"),  # 1: 53A-1-1001, 10 days
    Column("entered_on", Text, nullable=False),  # the first day at the destination, as known now
    Column("reported_on", Text, nullable=False, server_default=""),  # when the destination reported it; '': at opening
    Column("by_request", Integer, nullable=False, server_default="0"),  # 1: the destination itself has asked for it
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),  # why it was cancelled or refused
    Column("requested_at", Float),  # when the source was asked
    Column("request", Text, nullable=False, server_default=""),  # tracking id of the record-request notice
    Column("due_on", Text, nullable=False, server_default=""),  # the last day on which the answer is in time
    Column("rule", Text, nullable=False, server_default=""),  # which deadline rule
    Column("answered_at", Float),
    Column("answer", Text, nullable=False, server_default=""),  # tracking id of the record
    Column("closed_at", Float),  # collected, or cancelled
    Column("overdue_at", Float),  # when it was first reported as overdue
    Index("transfers_by_student", "ssid", "state"),
    Index("transfers_by_source", "source", "state"),
    Index("transfers_by_destination", "destination", "state"),
    Index("transfers_by_answer", "answer"),
    Index("transfers_by_due", "state", "due_on"),
    partial("transfers_by_request", "request", where="request <> ''"),
    partial("transfers_live", "id", where="state IN ('blocked', 'refused', 'requested')"),
)
# The cases in these indexes; a query that is to use an index must state exactly this condition.
is_requested = transfers.c.request != literal_column("''")
is_live = in_constants(transfers.c.state, LIVE)

transfer_events = Table(
    "transfer_events",
    metadata,
    Column("seq", Serial, primary_key=True),
    Column("transfer", BigInteger, nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("tracking", Text, nullable=False),
)

# Students moved by a packet that moved many; their cases are still to be updated, in this order.
follow_ups = Table(
    "follow_ups",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("ssid", Text, ForeignKey("students.ssid"), nullable=False, unique=True),
    Column("cause", Text, nullable=False),  # tracking id of that packet
    Column("at", Float, nullable=False),  # when it was carried out: the cases begin then
)

# Missing children (Utah 53A-11-502): set and lifted by the state only.
flags = Table(
    "flags",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("ssid", Text, ForeignKey("students.ssid"), nullable=False, index=True),
    Column("set_at", Float, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_why", Text, nullable=False),
    Column("lifted_at", Float),
    Column("lifted_by", Text, nullable=False, server_default=""),
    Column("lifted_why", Text, nullable=False, server_default=""),
    partial("flags_standing", "id", where="lifted_at IS NULL"),
)

# What the state must be told at once.
alerts = Table(
    "alerts",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("at", Float, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ssid", Text, nullable=False, index=True),
    Column("lea", Text, nullable=False),  # who asked or sent
    Column("tracking", Text, nullable=False),
    Column("seen_at", Float),
    Column("seen_by", Text, nullable=False, server_default=""),
)

# Alerts whose notice is still to be made, because the part that found them cannot seal; a row is deleted when its
# notice is made.
owed_alerts = Table(
    "owed_alerts",
    metadata,
    Column("alert", BigInteger, ForeignKey("alerts.id"), primary_key=True, autoincrement=False),
)

# The Student Record Store: which sealed packets are held about a student; the bytes are in the vault.
backpacks = Table(
    "backpacks",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("ssid", Text, ForeignKey("students.ssid"), nullable=False),
    Column("lea", Text, ForeignKey("parties.id"), nullable=False),
    Column("tracking", Text, nullable=False, unique=True),  # the packet that brought it
    Column("mode", Text, nullable=False),  # replace | add
    Column("version", Integer, nullable=False),  # from 1, for each student and LEA
    Column("school_year", Integer),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("signer", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("ended_at", Float),  # replaced by `ended_by`
    Column("ended_by", Text, nullable=False, server_default=""),
    Index("backpacks_by_student", "ssid", "lea", "version"),
    partial("backpacks_current", "ssid", "lea", where="ended_at IS NULL"),
)

# Who was given which data about whom, and on what ground (34 CFR 99.32); one line for each read, delivery or refusal.
disclosures = Table(
    "disclosures",
    metadata,
    Column("seq", Serial, primary_key=True),
    Column("at", Float, nullable=False),
    Column("ssid", Text, nullable=False, index=True),  # '' where it concerns no single student
    Column("action", Text, nullable=False),
    Column("outcome", Text, nullable=False),  # allowed | refused
    Column("party", Text, nullable=False),  # who got it, or was refused
    Column("actor", Text, nullable=False),  # the person, where one is known
    Column("source", Text, nullable=False),  # whose record it is
    Column("what", Text, nullable=False),
    Column("ground", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("tracking", Text, nullable=False, index=True),
    partial("disclosures_asked", "party", "tracking", where="action IN ('read-disclosures', 'request-record')"),
)
# The lines in this index; a query that is to use it must state exactly this condition.
is_asked = in_constants(disclosures.c.action, ["read-disclosures", "request-record"])

# How often an LEA guessed wrongly at a child on a day (ISO 8601): `child` is a number that was named or found; ''
# counts all guesses, also those at nobody.
guesses = Table(
    "guesses",
    metadata,
    Column("lea", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("child", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    sqlite_with_rowid=False,
)
