"""Tables of the registry: students, their names and numbers, their enrollments, and decisions about them."""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, Table, Text

from broker.edge.ledger.tables.base import Serial, metadata, partial

students = Table(
    "students",
    metadata,
    Column("ssid", Text, primary_key=True),
    Column("first", Text, nullable=False),  # the present legal name; all names are in student_names
    Column("middle", Text, nullable=False),
    Column("last", Text, nullable=False),
    Column("suffix", Text, nullable=False),
    Column("birth_date", Text, nullable=False),
    Column("gender", Text, nullable=False),
    Column("added_at", Float, nullable=False),
    Column("merged_into", Text, nullable=False, server_default=""),  # the SSID that stands for this one; '' for none
    partial("students_merged", "merged_into", where="merged_into <> ''"),
)

# Every name by which a student was ever reported, as it was spelt.
student_names = Table(
    "student_names",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("ssid", Text, ForeignKey("students.ssid"), nullable=False, index=True),
    Column("kind", Text, nullable=False),  # legal | alias | preferred
    Column("first", Text, nullable=False),
    Column("middle", Text, nullable=False),
    Column("last", Text, nullable=False),
    Column("suffix", Text, nullable=False),
    Column("lea", Text, nullable=False),  # who brought it, in which packet; '' for the state's operator
    Column("tracking", Text, nullable=False),
    Column("added_at", Float, nullable=False),
    Column("ended_at", Float),  # when another legal name replaced it
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("ssid", Text, ForeignKey("students.ssid"), nullable=False, index=True),
    Column("kind", Text, nullable=False),  # guardian | phone | address | birth_order
    Column("value", Text, nullable=False),  # JSON
    Column("lea", Text, nullable=False),
    Column("tracking", Text, nullable=False),
    Column("added_at", Float, nullable=False),
    Column("ended_at", Float),
)

# The columns that the model compares, one row for each name: made from the tables above, and made again for another
# model. On SQLite with row numbers, because the rows are long: without them the inner pages would hold whole rows too.
student_features = Table(
    "student_features",
    metadata,
    Column("ssid", Text, primary_key=True),
    Column("variant", Integer, primary_key=True),  # 0 is the legal name
    Column("data", Text, nullable=False),  # JSON
    # the LEA that reported the name: it counts there, and everywhere once that LEA has or had the child; '': everywhere
    Column("told_by", Text, nullable=False, server_default=""),
    Column("only_at", Text, nullable=False, server_default=""),  # the one LEA where it counts; '' for no limit
)

# The keys under which the model looks for a student, as 64-bit digests.
student_blocks = Table(
    "student_blocks",
    metadata,
    Column("block", BigInteger, primary_key=True),
    Column("ssid", Text, primary_key=True),
    sqlite_with_rowid=False,
)

# The model for which the two tables above were made; at most one row.
registry_index = Table(
    "registry_index",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("model", Text, nullable=False),
)

merges = Table(
    "merges",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("kept", Text, ForeignKey("students.ssid"), nullable=False),
    Column("merged", Text, ForeignKey("students.ssid"), nullable=False),
    Column("at", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("moved", Text, nullable=False),  # JSON: the rows it moved, so that it can be undone
    Column("undone_at", Float),
    Column("undone_by", Text, nullable=False, server_default=""),
    Column("undone_why", Text, nullable=False, server_default=""),
    Index("merges_by_merged", "merged"),
)

enrollments = Table(
    "enrollments",
    metadata,
    Column("id", Serial, primary_key=True),
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
    Column("dual", Integer, nullable=False, server_default="0"),  # 1: beside another LEA's stay (R277-419-5)
    Column("military", Integer, nullable=False, server_default="0"),  # 1: 53A-1-1001, art. IV
    Column("day_part", Text, nullable=False, server_default=""),  # such as 1/2 (R277-419-6(4)); '': the whole day
    Column("reported_on", Text, nullable=False, server_default=""),  # the day on which the entry was first reported
    # 1: reported to a program that did not derive cases from stays; it is too late to ask for what that program did not
    Column("is_old", Integer, nullable=False, server_default="0"),
    Index("enrollments_by_student", "ssid", "lea"),
    Index("enrollments_by_local_id", "lea", "local_id"),
)

# What an LEA corrected in a stay, one row for each fact.
enrollment_changes = Table(
    "enrollment_changes",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("enrollment", BigInteger, nullable=False, index=True),
    Column("fact", Text, nullable=False),  # a column of enrollments
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("tracking", Text, nullable=False),  # the packet that said so
    Column("at", Float, nullable=False),
    partial("enrollment_changes_numbers", "before", where="fact = 'local_id'"),
)

# A spelling of a student that a person has decided on: name and birth date as they were sent. `lea` is the one LEA at
# which it counts, '' for all; `ended_at` is None while it stands.
spellings = Table(
    "spellings",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("ssid", Text, ForeignKey("students.ssid"), nullable=False),
    Column("first", Text, nullable=False),
    Column("middle", Text, nullable=False),
    Column("last", Text, nullable=False),
    Column("suffix", Text, nullable=False),
    Column("birth_date", Text, nullable=False),
    Column("lea", Text, nullable=False),
    Column("decider", Text, nullable=False),  # the LEA that decided; '' for the state
    Column("tracking", Text, nullable=False),  # the question that was decided
    Column("line", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("ended_at", Float),
    partial("spellings_by_student", "ssid", where="ended_at IS NULL"),
)

# Two students whom a person has told apart, with columns as above.
told_apart = Table(
    "told_apart",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("ssid", Text, ForeignKey("students.ssid"), nullable=False),
    Column("other", Text, ForeignKey("students.ssid"), nullable=False),
    Column("lea", Text, nullable=False),
    Column("decider", Text, nullable=False),
    Column("tracking", Text, nullable=False),
    Column("line", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("ended_at", Float),
    partial("told_apart_by_student", "ssid", where="ended_at IS NULL"),
    partial("told_apart_by_other", "other", where="ended_at IS NULL"),
)

# What a parent opted out of, as an LEA recorded it (Utah SB 152, 2026); `ended_at` is None while it stands.
opt_outs = Table(
    "opt_outs",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("ssid", Text, ForeignKey("students.ssid"), nullable=False, index=True),
    Column("purpose", Text, nullable=False),
    Column("lea", Text, nullable=False),
    Column("tracking", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("ended_at", Float),
    Column("ended_by", Text, nullable=False, server_default=""),
    partial("opt_outs_standing", "ssid", where="ended_at IS NULL"),
)

# What a person must decide: the student of a packet (line -1), or of one line of an enrollment or SSID request.
reviews = Table(
    "reviews",
    metadata,
    Column("tracking", Text, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("lea", Text, nullable=False, server_default=""),  # who is asked
    Column("subject", Text, nullable=False, server_default="{}"),  # JSON: what is carried out after the decision
    Column("candidates", Text, nullable=False),  # JSON: [{"ssid": …, "weight": bits}]
    Column("opened_at", Float, nullable=False),
    Column("closed_at", Float),
    Column("about", Text, nullable=False, server_default=""),  # the SSID under which it is counted
    Column("local_id", Text, nullable=False, server_default=""),  # the LEA's own number of the student who was sent
    Column("named", Text, nullable=False, server_default=""),  # the mark of name and birth date (`core.review.sent_as`)
    partial("reviews_about", "lea", "about", where="closed_at IS NULL"),
    partial("reviews_number", "lea", "local_id", "opened_at", "tracking", "line", where="closed_at IS NULL"),
    partial("reviews_named", "lea", "named", "opened_at", "tracking", "line", where="closed_at IS NULL"),
    partial("reviews_open", "opened_at", "tracking", "line", where="closed_at IS NULL"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Serial, primary_key=True),
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

# Increases with every change that can send a packet elsewhere: enrollments, merges, flags. One row.
registry_epoch = Table(
    "registry_epoch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
)
