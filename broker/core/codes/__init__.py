"""Every refusal code: what it means and what its reader does next.

Owns the closed list. Promises: codes are stable (never renamed, never reused) and docs/codes.md prints this table; a
test compares the two. The sentences speak to a records secretary and hold no value of any packet.
"""

from broker.core.codes import documents, sealed, students
from broker.core.codes.code import Code

__all__ = ["CODES", "NOT_KEPT", "Code"]

CODES: dict[str, Code] = sealed.ROWS | documents.ROWS | students.ROWS

# Files refused with these codes may be in the clear, because no seal was found around them: they are not kept (DESIGN
# section 1, promise 5). A secret key is not kept either, sealed or not.
NOT_KEPT = frozenset(
    {"not-openpgp", "bad-armor", "truncated", "bad-structure", "not-sealed", "key-secret"}
    | {"signature-alone", "public-key-sent", "secret-key-sent", "revocation-sent", "receipt-sent"}
)
