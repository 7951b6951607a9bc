"""Tables of what is outside the ledger and belongs to it: the home, and the LEAs' inboxes."""

from sqlalchemy import Column, Float, ForeignKey, Integer, Table, Text

from broker.edge.ledger.tables.base import metadata

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
