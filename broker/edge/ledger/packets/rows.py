"""A packet's row, and what one move writes.

Owns the shapes that stages and the ledger exchange. Promises: immutable; field names are the columns' names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from broker.core.model import LeaId, Sha256, Ssid, State, TrackingId
from broker.edge.ledger.engine import Writing


class PacketRow(NamedTuple):
    """One packet as the ledger has it. Times are seconds since the epoch; '' stands for "not known".

    A tuple, because every packet is changed a dozen times on its way: measured, `_replace` takes a fifth of the time of
    a dataclass's `replace`.
    """

    tracking: TrackingId
    origin: LeaId
    source_name: str
    source_mark: str  # the file's mark; for a part of the record store, whether it goes to a parent
    sha256: Sha256
    size: int
    received_at: float
    state: State
    type: str = ""
    packet_id: str = ""
    addressed_to: str = ""
    receiver: str = ""
    signer: str = ""
    ssid: str = ""
    identity: str = ""
    held_for: str = ""
    code: str = ""
    duplicate_of: str = ""
    lane: int = 0
    receipts: int = 0
    attempts: int = 0
    deferrals: int = 0
    claim: str = ""
    claim_until: float = 0.0
    due_at: float = 0.0
    enqueued_at: float = 0.0
    updated_at: float = 0.0
    replaces: str = ""  # the earlier packet that this one replaces

    @property
    def token(self) -> str:
        """The part of the claim that names the file of the delivery; '' without a claim."""
        return token_of(self.claim)


def claim_of(worker: str, token: str) -> str:
    """The claim of a worker on the packets of one round; `token` is drawn for each round."""
    return f"{worker}:{token}"


def token_of(claim: str) -> str:
    """The part of a claim that was drawn for the round."""
    return claim.rpartition(":")[2]


FIXED = ("tracking", "origin", "source_name", "source_mark", "sha256", "size", "received_at")
COLUMNS = PacketRow._fields
MUTABLE = tuple(name for name in COLUMNS if name not in FIXED)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one party is told: `text` is the statement (cleartext-signed where an earlier program wrote it), `party` the
    LEA whose folder gets the file, `at` seconds since the epoch."""

    tracking: TrackingId
    n: int
    state: str
    party: str
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a move; `why` is a code, a held reason or ''. Never student data."""

    after: State
    why: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """What becomes of a packet: `row` as it was, `new` as it will be, the steps between, and the receipts.

    The counters, the claim and the times of `new` are ignored: the ledger sets them.

    `document` is the id and the digest of the document that the packet brings: an id is used once.

    `slices`, where given, runs before the move, in transactions of its own. It returns False where the packet's turn or
    claim is over and there is more to do, and raises as the work of a stage does. `lines` is how many lines of a
    document the effect carries out in the transaction of the move, 0 for next to nothing.

    `effect`, where given, runs inside the transaction (registry changes, notices). The move that it returns replaces
    this one; when it raises, only this packet's part of the transaction is rolled back.
    """

    row: PacketRow
    new: PacketRow
    steps: tuple[Step, ...]
    receipts: tuple[Receipt, ...] = ()
    document: tuple[str, str] | None = None
    effect: "Callable[[Writing], Move] | None" = None
    slices: "Callable[[], bool] | None" = None
    lines: int = 0


@dataclass(frozen=True, slots=True)
class EnrollmentRow:
    """One LEA location of a student; `exit_date` is '' while it is open. Dates are ISO 8601; '' where not known.

    `dual`, `military` and `is_old` are 0 or 1, as in `core.stays.Location`; `day_part` is a fraction such as 1/2, ''
    for the whole day (Utah R277-419-6(4)); `reported_on` is the day on which the entry was first reported.
    """

    ssid: Ssid
    lea: LeaId
    school: str
    local_id: str
    entry_date: str
    exit_date: str
    entry_code: str
    exit_code: str
    tracking: str
    grade: str = ""
    programme: str = ""
    dual: int = 0
    military: int = 0
    day_part: str = ""
    reported_on: str = ""
    is_old: int = 0
