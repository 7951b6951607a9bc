"""The ledger's tables, as the code sees them.

Owns names and types of columns. Promises: what stands here is what the migrations made (a test compares the two).
Times are seconds since 1970-01-01 UTC; dates of people are ISO 8601 text.
"""

from broker.edge.ledger.tables.base import metadata
from broker.edge.ledger.tables.cases import (
    alerts,
    backpacks,
    disclosures,
    flags,
    follow_ups,
    transfer_events,
    transfers,
)
from broker.edge.ledger.tables.packets import (
    acknowledgements,
    certificates,
    events,
    exceptions,
    key_ids,
    packet_ids,
    packets,
    parties,
    publications,
    receipts,
    school_days,
    ssh_keys,
)
from broker.edge.ledger.tables.people import (
    decisions,
    enrollment_changes,
    enrollments,
    evidence,
    merges,
    opt_outs,
    registry_epoch,
    registry_index,
    reviews,
    student_blocks,
    student_features,
    student_names,
    students,
)

__all__ = [
    "acknowledgements",
    "alerts",
    "backpacks",
    "certificates",
    "decisions",
    "disclosures",
    "enrollment_changes",
    "enrollments",
    "events",
    "evidence",
    "exceptions",
    "flags",
    "follow_ups",
    "key_ids",
    "merges",
    "metadata",
    "opt_outs",
    "packet_ids",
    "packets",
    "parties",
    "publications",
    "receipts",
    "registry_epoch",
    "registry_index",
    "reviews",
    "school_days",
    "ssh_keys",
    "student_blocks",
    "student_features",
    "student_names",
    "students",
    "transfer_events",
    "transfers",
]
