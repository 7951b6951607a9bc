"""Every refusal code: what it means and what its reader does next.

Owns the closed list. Promises: codes are stable (never renamed, never reused) and docs/codes.md prints this very table;
a test compares the two. Sentences speak to a records secretary and hold no value of any packet.
"""

from broker.core.codes import documents, sealed, students
from broker.core.codes.code import Code

__all__ = ["CODES", "NOT_KEPT", "Code"]

CODES: dict[str, Code] = sealed.ROWS | documents.ROWS | students.ROWS

# What was refused before a seal was found around it may be in the clear: it is not kept (DESIGN section 1, promise 5).
# A secret key is not kept either, be it sealed or not.
NOT_KEPT = frozenset(
    {"not-openpgp", "bad-armor", "truncated", "bad-structure", "not-sealed", "key-secret"}
    | {"signature-alone", "public-key-sent", "secret-key-sent", "revocation-sent", "receipt-sent"}
)
