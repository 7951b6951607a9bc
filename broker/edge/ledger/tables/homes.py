"""Tables of the installation: the home, the LEAs' inboxes, and what operators did."""

from sqlalchemy import Column, Float, ForeignKey, Integer, Table, Text

from broker.edge.ledger.tables.base import Serial, metadata

# The one home that works with this ledger (`home.id` in its folder). One row.
home = Table(
    "home",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("home", Text, nullable=False),
    Column("proof", Text, nullable=False),  # of the home's keys: another home that has the id has not these
    Column("at", Float, nullable=False),
    Column("run", Text, nullable=False, server_default=""),  # which start of the exchange was the last; '' for none
)

# The mark that an LEA's inbox has: a folder without it is another one, or the bare place of a mount.
inbox_marks = Table(
    "inbox_marks",
    metadata,
    Column("lea", Text, ForeignKey("parties.id"), primary_key=True),
    Column("mark", Text, nullable=False),
    Column("at", Float, nullable=False),
)

# What was done, or refused, that concerns no one student, for a log that nobody can change.
acts = Table(
    "acts",
    metadata,
    Column("n", Serial, primary_key=True),
    Column("at", Float, nullable=False),
    Column("verb", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("proof", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("result", Text, nullable=False),  # done | refused
    Column("told", Text, nullable=False),  # what came of it, as JSON
)
