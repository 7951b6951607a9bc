"""Tables of the directory, of packets and their history, and of what the state enters besides."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    and_,
    literal_column,
)

from broker.core.lanes import COSTLY
from broker.core.model import State
from broker.edge.ledger.tables.base import Serial, in_constants, metadata, partial

parties = Table(
    "parties",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("added_at", Float, nullable=False),
    Column("removed_at", Float),  # no longer a party; what it did stays
    Column("removed_by", Text, nullable=False, server_default=""),
    Column("removed_why", Text, nullable=False, server_default=""),
    Column("suspended_at", Float),  # for a time: no login, its packets stop, packets for it wait
)

certificates = Table(
    "certificates",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("party", Text, ForeignKey("parties.id"), nullable=False, index=True),
    Column("armored", Text, nullable=False),
    Column("added_at", Float, nullable=False),
    Column("retired_at", Float),
    Column("ended_at", Float),  # ended by the state's decision: its signatures are no longer accepted
    Column("shown", Text),  # its published form; None: still to be made, because the key or the directory has changed
    Column("user_id", Text, nullable=False, server_default=""),  # the one in `shown`; '' for none
)

# Every primary key and subkey by its 16-digit id, so that an unknown key can be told from another LEA's.
key_ids = Table(
    "key_ids",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("fingerprint", Text, ForeignKey("certificates.fingerprint"), primary_key=True),
)

ssh_keys = Table(
    "ssh_keys",
    metadata,
    Column("party", Text, ForeignKey("parties.id"), primary_key=True),
    Column("line", Text, primary_key=True),
    Column("added_at", Float, nullable=False),
    Column("ended_at", Float),
)

# The changes of parties and their keys, in order; `subject` is a key's fingerprint, or a party's former name.
directory_changes = Table(
    "directory_changes",
    metadata,
    Column("n", Serial, primary_key=True),
    Column("at", Float, nullable=False),
    Column("party", Text, ForeignKey("parties.id"), nullable=False),
    Column("what", Text, nullable=False),
    Column("subject", Text, nullable=False, server_default=""),
    Column("who", Text, nullable=False, server_default=""),
    Column("why", Text, nullable=False, server_default=""),
    Index("directory_changes_by_party", "party", "what", "subject"),
)

packets = Table(
    "packets",
    metadata,
    Column("tracking", Text, primary_key=True),
    Column("origin", Text, nullable=False),  # the LEA whose outbox it came from; '' for the exchange's own notices
    Column("source_name", Text, nullable=False),
    Column("source_mark", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("received_at", Float, nullable=False),
    # columns that may change:
    Column("state", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("packet_id", Text, nullable=False),
    Column("addressed_to", Text, nullable=False),  # the document's `to`
    Column("receiver", Text, nullable=False),  # where it goes, once routed
    Column("signer", Text, nullable=False),
    Column("ssid", Text, nullable=False),
    Column("identity", Text, nullable=False),  # match | review | '' where no student is needed
    Column("held_for", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("duplicate_of", Text, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("receipts", Integer, nullable=False),  # how many receipts it has
    Column("attempts", Integer, nullable=False),  # how often a worker started on it in this state and did not finish
    Column("deferrals", Integer, nullable=False),
    Column("claim", Text, nullable=False),  # the worker that has it now; '' for none
    Column("claim_until", Float, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("enqueued_at", Float, nullable=False),  # 0: no queue was told of it yet
    Column("updated_at", Float, nullable=False),
    Column("replaces", Text, nullable=False, server_default=""),  # tracking id of the earlier packet; '' for none
    Column("purged_at", Float),  # its bytes were deleted, because nobody needs them any more
    Index("packets_by_state", "state", "due_at"),
    Index("packets_by_drop", "origin", "source_name", "source_mark"),  # the same name may come every night
    Index("packets_by_receiver", "receiver", "state"),
    Index("packets_by_student", "ssid", "state"),
    partial("packets_first", "origin", "sha256", where="state NOT IN ('DUPLICATE', 'REFUSED')"),
    partial("packets_waiting", "origin", "state", where="state IN ('ADMITTED', 'RECEIVED', 'ROUTED')"),
    partial("packets_costly", "origin", "tracking", where="lane = 2 AND state IN ('ADMITTED', 'RECEIVED', 'ROUTED')"),
    partial("packets_claimed", "claim", where="claim_until > 0"),
    partial(
        "packets_kept",
        *("origin", "updated_at", "size"),
        where="state IN ('DUPLICATE', 'REFUSED') AND purged_at IS NULL AND size > 0",
    ),
    partial("packets_refused", "code", "state", where="state = 'REFUSED'"),
)
# The packets in these indexes; a query that is to use an index must state exactly this condition.
is_first = ~in_constants(packets.c.state, [State.DUPLICATE, State.REFUSED])
is_kept = and_(
    in_constants(packets.c.state, [State.DUPLICATE, State.REFUSED]),
    packets.c.purged_at.is_(None),
    packets.c.size > literal_column("0"),
)
is_waiting = in_constants(packets.c.state, [State.RECEIVED, State.ADMITTED, State.ROUTED])
is_costly = (packets.c.lane == literal_column(str(COSTLY))) & is_waiting
is_claimed = packets.c.claim_until > literal_column("0")
is_refused = packets.c.state == literal_column(f"'{State.REFUSED}'")

packet_ids = Table(
    "packet_ids",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("packet_id", Text, primary_key=True),
    Column("tracking", Text, nullable=False),
    Column("digest", Text, nullable=False),  # keyed digest of the document, see wiring
)

events = Table(
    "events",
    metadata,
    Column("seq", Serial, primary_key=True),
    Column("tracking", Text, nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("why", Text, nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    Column("seq", Serial, primary_key=True),
    Column("tracking", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("text", Text, nullable=False),  # the statement, JSON; cleartext-signed where an earlier program wrote it
    UniqueConstraint("tracking", "n"),
)

# Receipts whose file may not be written yet; a row is deleted when its file is durable.
publications = Table(
    "publications",
    metadata,
    Column("tracking", Text, primary_key=True),
    Column("n", Integer, primary_key=True),
)

# What a packet of many lines has done so far, one row for each transaction; deleted when the packet is answered.
packet_slices = Table(
    "packet_slices",
    metadata,
    Column("tracking", Text, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("document", Text, nullable=False),  # the document's id
    Column("form", Text, nullable=False),  # the form of its answer
    Column("answers", Text, nullable=False),  # JSON: numbers, and the results of the lines; no name, no birth date
    Column("seen", Text, nullable=False),  # JSON: the flagged children that these lines concern, and how
    Column("guessed", Text, nullable=False),  # JSON: wrong guesses in these lines, as [child, kind, count]
    Column("at", Float, nullable=False),
    Column("followed", Integer, nullable=False, server_default="0"),  # 1: the follow-up work of these lines is done
)

# What a receiver said about a packet that it received.
acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("tracking", Text, nullable=False, index=True),  # of the packet acknowledged
    Column("by", Text, nullable=False),  # the packet that brought the acknowledgement
    Column("party", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("form", Text, nullable=False),  # acknowledgement.v1 | pesc
    Column("status", Text, nullable=False),  # received | rejected
    Column("code", Text, nullable=False),
    Column("courses", Integer),  # how many the receiver counted in a transcript
)

# Days on which an LEA's schools are closed, or open although the state's calendar says closed; lea '' means every LEA.
school_days = Table(
    "school_days",
    metadata,
    Column("lea", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # closed | open
    Column("why", Text, nullable=False),
)

# A named legal exception to "no federal party" (Utah R277-484-6, 53E-9-308), recorded by the state.
exceptions = Table(
    "exceptions",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("domain", Text, nullable=False),
    Column("law", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("ended_at", Float),
    Column("ended_by", Text, nullable=False, server_default=""),
    Column("ended_why", Text, nullable=False, server_default=""),
)
