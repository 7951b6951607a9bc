"""The ledger's tables, as the code sees them.

Owns names and types of columns. Promises: what stands here is what the migrations made (a test compares the two).
Times are seconds since 1970-01-01 UTC; dates of people are ISO 8601 text.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

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
    Column("replaces", Text, nullable=False, server_default=""),  # tracking id of the earlier packet; '' for none
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
    Column("first", Text, nullable=False),  # the legal name of now; all names are in student_names
    Column("middle", Text, nullable=False),
    Column("last", Text, nullable=False),
    Column("suffix", Text, nullable=False),
    Column("birth_date", Text, nullable=False),
    Column("gender", Text, nullable=False),
    Column("added_at", Float, nullable=False),
    Column("merged_into", Text, nullable=False, server_default=""),  # the SSID that stands for this one; '' for none
    Index(
        "students_merged",
        "merged_into",
        sqlite_where=text("merged_into <> ''"),
        postgresql_where=text("merged_into <> ''"),
    ),
)

# Every name by which a student was ever reported, as it was spelt.
student_names = Table(
    "student_names",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("ssid", Text, ForeignKey("students.ssid"), nullable=False, index=True),
    Column("kind", Text, nullable=False),  # legal | alias | preferred
    Column("first", Text, nullable=False),
    Column("middle", Text, nullable=False),
    Column("last", Text, nullable=False),
    Column("suffix", Text, nullable=False),
    Column("lea", Text, nullable=False),  # who brought it, in which packet; '' for the state's operator
    Column("tracking", Text, nullable=False),
    Column("added_at", Float, nullable=False),
    Column("ended_at", Float),  # a legal name that another one took the place of
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("ssid", Text, ForeignKey("students.ssid"), nullable=False, index=True),
    Column("kind", Text, nullable=False),  # guardian | phone | address | birth_order
    Column("value", Text, nullable=False),  # JSON
    Column("lea", Text, nullable=False),
    Column("tracking", Text, nullable=False),
    Column("added_at", Float, nullable=False),
    Column("ended_at", Float),
)

# What the model compares, one row a name: made from the tables above, and made again for another model.
student_features = Table(
    "student_features",
    metadata,
    Column("ssid", Text, primary_key=True),
    Column("variant", Integer, primary_key=True),  # 0 is the legal name
    Column("data", Text, nullable=False),  # JSON
    sqlite_with_rowid=False,
)

# The keys under which the model looks for a student, as 64-bit digests.
student_blocks = Table(
    "student_blocks",
    metadata,
    Column("block", BigInteger, primary_key=True),
    Column("ssid", Text, primary_key=True),
    sqlite_with_rowid=False,
)

# For which model the two tables above were made; one row at most.
registry_index = Table(
    "registry_index",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("model", Text, nullable=False),
)

merges = Table(
    "merges",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("kept", Text, ForeignKey("students.ssid"), nullable=False),
    Column("merged", Text, ForeignKey("students.ssid"), nullable=False),
    Column("at", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("moved", Text, nullable=False),  # JSON: which rows, so that it can be undone
    Column("undone_at", Float),
    Column("undone_by", Text, nullable=False, server_default=""),
    Column("undone_why", Text, nullable=False, server_default=""),
    Index("merges_by_merged", "merged"),
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
    Column("grade", Text, nullable=False, server_default=""),  # '' where it is not known
    Column("programme", Text, nullable=False, server_default=""),
    Index("enrollments_by_student", "ssid", "lea"),
    Index("enrollments_by_local_id", "lea", "local_id"),
)

# What a person must decide: a packet's student (line -1) or one line of an enrollment or SSID request.
reviews = Table(
    "reviews",
    metadata,
    Column("tracking", Text, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("lea", Text, nullable=False, server_default=""),  # who is asked
    Column("subject", Text, nullable=False, server_default="{}"),  # JSON: what is carried out once it is decided
    Column("candidates", Text, nullable=False),  # JSON: [{"ssid": …, "weight": bits}]
    Column("opened_at", Float, nullable=False),
    Column("closed_at", Float),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("tracking", Text, nullable=False),
    Column("line", Integer, nullable=False),
    Column("verb", Text, nullable=False),
    Column("ssid", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("undone_at", Float),
    Column("undone_by", Text, nullable=False, server_default=""),
    Column("undone_why", Text, nullable=False, server_default=""),
    Index("decisions_by_review", "tracking", "line"),
)

# Counts up with every change that can lead a packet elsewhere: enrollments, merges, flags. One row.
registry_epoch = Table(
    "registry_epoch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
)

# The case that opens when a student of `source` enrolls at `destination`; states in broker.core.transfer.
transfers = Table(
    "transfers",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("ssid", Text, ForeignKey("students.ssid"), nullable=False),
    Column("source", Text, ForeignKey("parties.id"), nullable=False),
    Column("destination", Text, ForeignKey("parties.id"), nullable=False),
    Column("entered_on", Text, nullable=False),  # the first day at the destination
    Column("opened_at", Float, nullable=False),
    Column("cause", Text, nullable=False),  # tracking id of the packet that opened it; '' for the state's operator
    Column("follows", BigInteger),  # the case that this one took the place of
    Column("military", Integer, nullable=False, server_default="0"),  # 1: 53A-1-1001, 10 days
    # what may change:
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),  # why it was cancelled or refused
    Column("requested_at", Float),  # when the source was asked
    Column("request", Text, nullable=False, server_default=""),  # tracking id of the record-request notice
    Column("due_on", Text, nullable=False, server_default=""),  # the last day on which the answer is in time
    Column("rule", Text, nullable=False, server_default=""),  # which clock
    Column("answered_at", Float),
    Column("answer", Text, nullable=False, server_default=""),  # tracking id of the record
    Column("closed_at", Float),  # collected, or cancelled
    Column("overdue_at", Float),  # when it was first told as overdue
    Index("transfers_by_student", "ssid", "state"),
    Index("transfers_by_source", "source", "state"),
    Index("transfers_by_destination", "destination", "state"),
    Index("transfers_by_answer", "answer"),
    Index("transfers_by_due", "state", "due_on"),
)

transfer_events = Table(
    "transfer_events",
    metadata,
    Column("seq", _Serial, primary_key=True),
    Column("transfer", BigInteger, nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("tracking", Text, nullable=False),
)

# Missing children (Utah 53A-11-502): set and lifted by the state only.
flags = Table(
    "flags",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("ssid", Text, ForeignKey("students.ssid"), nullable=False, index=True),
    Column("set_at", Float, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_why", Text, nullable=False),
    Column("lifted_at", Float),
    Column("lifted_by", Text, nullable=False, server_default=""),
    Column("lifted_why", Text, nullable=False, server_default=""),
)

# What the state must hear of at once.
alerts = Table(
    "alerts",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("at", Float, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ssid", Text, nullable=False, index=True),
    Column("lea", Text, nullable=False),  # who asked or sent
    Column("tracking", Text, nullable=False),
    Column("seen_at", Float),
    Column("seen_by", Text, nullable=False, server_default=""),
)

# The Student Record Store: which sealed packets are held of a student; the bytes are in the vault.
backpacks = Table(
    "backpacks",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("ssid", Text, ForeignKey("students.ssid"), nullable=False),
    Column("lea", Text, ForeignKey("parties.id"), nullable=False),
    Column("tracking", Text, nullable=False, unique=True),  # the packet that brought it
    Column("mode", Text, nullable=False),  # replace | add
    Column("version", Integer, nullable=False),  # from 1, of this student and LEA
    Column("school_year", Integer),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("signer", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("ended_at", Float),  # replaced by `ended_by`
    Column("ended_by", Text, nullable=False, server_default=""),
    Index("backpacks_by_student", "ssid", "lea", "version"),
    Index(
        "backpacks_current",
        "ssid",
        "lea",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

# Who was given what of whom, and on what ground (34 CFR 99.32); one line a read, a delivery or a refusal.
disclosures = Table(
    "disclosures",
    metadata,
    Column("seq", _Serial, primary_key=True),
    Column("at", Float, nullable=False),
    Column("ssid", Text, nullable=False, index=True),  # '' where it concerns no one student
    Column("action", Text, nullable=False),
    Column("outcome", Text, nullable=False),  # allowed | refused
    Column("party", Text, nullable=False),  # who got it, or was refused
    Column("actor", Text, nullable=False),  # the person, where one is known
    Column("source", Text, nullable=False),  # whose record it is
    Column("what", Text, nullable=False),
    Column("ground", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("tracking", Text, nullable=False, index=True),
)

# What a receiver said of a packet that it had.
acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("tracking", Text, nullable=False, index=True),  # of the packet acknowledged
    Column("by", Text, nullable=False),  # the packet that brought the acknowledgement
    Column("party", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("form", Text, nullable=False),  # acknowledgement.v1 | pesc
    Column("status", Text, nullable=False),  # received | rejected
    Column("code", Text, nullable=False),
    Column("courses", Integer),  # how many the receiver counted in a transcript
)

# Days on which an LEA's schools are closed, or open although the state's calendar says closed; lea '' is every LEA.
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
    Column("id", _Serial, primary_key=True),
    Column("domain", Text, nullable=False),
    Column("law", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("ended_at", Float),
    Column("ended_by", Text, nullable=False, server_default=""),
    Column("ended_why", Text, nullable=False, server_default=""),
)
