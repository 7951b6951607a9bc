"""Tables of the installation: the home, the LEAs' inboxes and mappings, and what operators did."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, Table, Text

from broker.edge.ledger.tables.base import Serial, metadata

# The one home that works with this ledger (`home.id` in its folder). One row.
home = Table(
    "home",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("home", Text, nullable=False),
    Column("proof", Text, nullable=False),  # made by the home's keys: another home with the same id does not have them
    Column("at", Float, nullable=False),
    Column("run", Text, nullable=False, server_default=""),  # which start of the exchange was the last; '' for none
)

# The mark of an LEA's inbox: a folder without it is another folder, or a mount point with nothing mounted.
inbox_marks = Table(
    "inbox_marks",
    metadata,
    Column("lea", Text, ForeignKey("parties.id"), primary_key=True),
    Column("mark", Text, nullable=False),
    Column("at", Float, nullable=False),
)

# What an LEA's own columns, codes and dates are to the exchange; the newest row holds.
mappings = Table(
    "mappings",
    metadata,
    Column("n", Serial, primary_key=True),
    Column("lea", Text, ForeignKey("parties.id"), nullable=False),
    Column("at", Float, nullable=False),
    Column("text", Text, nullable=False),  # TOML; '': none from then on
    Index("mappings_by_lea", "lea", "n"),
)

# Acts and refusals that concern no single student, in a log that nobody can change.
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
    Column("told", Text, nullable=False),  # the result, as JSON
)
