"""The ledger's tables, as the code sees them.

Owns names and types of columns. Promises: what stands here is what the migrations made (a test compares the two).
Times are seconds since 1970-01-01 UTC; dates of people are ISO 8601 text.
"""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint

metadata = MetaData()

_Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only under this exact type

parties = Table(
    "parties",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("added_at", Float, nullable=False),
)

certificates = Table(
    "certificates",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("party", Text, ForeignKey("parties.id"), nullable=False, index=True),
    Column("armored", Text, nullable=False),
    Column("added_at", Float, nullable=False),
    Column("retired_at", Float),
)

# Every primary key and subkey by its 16-digit id, so that a stranger's signature can be told from another LEA's.
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
    # what may change:
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
    Column("attempts", Integer, nullable=False),  # workers that started on it in this state and did not finish
    Column("deferrals", Integer, nullable=False),
    Column("claim", Text, nullable=False),  # the worker that has it now; '' for none
    Column("claim_until", Float, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("enqueued_at", Float, nullable=False),  # 0: nobody told a queue of it yet
    Column("updated_at", Float, nullable=False),
    Index("packets_by_state", "state", "due_at"),
    Index("packets_by_source", "origin", "source_name"),
    Index("packets_by_content", "origin", "sha256"),
    Index("packets_by_receiver", "receiver", "state"),
    Index("packets_by_student", "ssid", "state"),
)

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
    Column("seq", _Serial, primary_key=True),
    Column("tracking", Text, nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("why", Text, nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    Column("seq", _Serial, primary_key=True),
    Column("tracking", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("text", Text, nullable=False),  # cleartext-signed JSON
    UniqueConstraint("tracking", "n"),
)

# Receipts whose file is not known to be written yet; a row leaves when its file is durable.
publications = Table(
    "publications",
    metadata,
    Column("tracking", Text, primary_key=True),
    Column("n", Integer, primary_key=True),
)

students = Table(
    "students",
    metadata,
    Column("ssid", Text, primary_key=True),
    Column("first", Text, nullable=False),
    Column("middle", Text, nullable=False),
    Column("last", Text, nullable=False),
    Column("suffix", Text, nullable=False),
    Column("birth_date", Text, nullable=False),
    Column("gender", Text, nullable=False),
    Column("key_first", Text, nullable=False),  # normalised, for look-ups only
    Column("key_middle", Text, nullable=False),
    Column("key_last", Text, nullable=False),
    Column("added_at", Float, nullable=False),
    Index("students_by_birth", "birth_date", "key_last"),
    Index("students_by_birth_first", "birth_date", "key_first"),
)

enrollments = Table(
    "enrollments",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("ssid", Text, ForeignKey("students.ssid"), nullable=False),
    Column("lea", Text, ForeignKey("parties.id"), nullable=False),
    Column("school", Text, nullable=False),
    Column("local_id", Text, nullable=False),
    Column("entry_date", Text, nullable=False),
    Column("exit_date", Text, nullable=False),  # '' while open
    Column("entry_code", Text, nullable=False),
    Column("exit_code", Text, nullable=False),
    Column("tracking", Text, nullable=False),
    Index("enrollments_by_student", "ssid", "lea"),
)

# What a person must decide: a packet's student (line -1) or one line of an enrollment. Only numbers, no names.
reviews = Table(
    "reviews",
    metadata,
    Column("tracking", Text, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("candidates", Text, nullable=False),  # SSIDs, comma separated
    Column("opened_at", Float, nullable=False),
    Column("closed_at", Float),
)
