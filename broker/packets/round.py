"""The facts that the workers of one batch read from the ledger, each once.

Owns the memory of one batch, and no longer: a revocation or a new enrollment takes effect with the next batch, which
comes at once. Promises: reads only.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from broker.core.errors import Deferred, Refused
from broker.core.model import LeaId, Party, Student, TrackingId
from broker.core.parties.nearly import nearly
from broker.core.stays import Account, Today
from broker.edge.ledger import epoch
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.engine import Reading
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.parties import directory, mappings
from broker.edge.ledger.parties.mappings import MappingRow
from broker.edge.ledger.people import flags, stays
from broker.edge.pgp import keyring, minimal, openpgp, validity
from broker.formats.opening import Outcome
from handlers.backpack import Slip


@dataclass(frozen=True, slots=True, repr=False)
class PacketInHand:
    """The packet that is worked now: its sealed bytes, and the session key once it is known. Repr hidden."""

    tracking: str
    sealed: bytes
    session: openpgp.Session | None = None


class RoundFacts:
    """The facts as they were when this batch first read them."""

    def __init__(self, connection: Reading, now: datetime, today: Today) -> None:
        self.connection = connection
        self.now = now
        self.today = today
        self.epoch = epoch.now(connection)  # read before any other fact, so that a later change is noticed
        self.letter: PacketInHand | None = None  # of the packet that is worked on now
        self.rows: Sequence[PacketRow] = ()  # of the packets of this round
        self.opened: dict[str, tuple[bytes, Outcome]] = {}  # of packets read ahead: (sealed bytes, outcome)
        self.slow: set[str] = set()  # LEAs with a packet that this round put aside as costly to read
        self.turns: dict[str, float] = defaultdict(
            float
        )  # by LEA: the used share of its turn in this round; 1 is all of it
        self.waiting_costly: set[str] | None = None  # LEAs with a costly packet waiting
        self.slips: dict[str, Slip] = {}  # of the backpacks of this round, by tracking id
        self.students: dict[TrackingId, Student] = {}  # the students named by this round's packets, by tracking id
        self.named: dict[TrackingId, list[str]] = {}  # every number that each packet may be about
        self.meant: dict[TrackingId, str] = {}  # the student whom each packet matches among all students
        self._parties: dict[str, Party | None] = {}
        self._certificates: dict[str, list[bytes]] = {}
        self._valid: dict[str, bytes | None] = {}
        self._faults: dict[str, dict[str, bool]] = {}  # by LEA: its keys in use, and whether each is revoked
        self._ended: dict[str, set[str]] = {}
        self._mappings: dict[str, MappingRow | None] = {}
        self._accounts: dict[str, Account] = {}
        self._any_flag: bool | None = None

    def letter_of(self, tracking: str) -> PacketInHand | None:
        """The packet's letter, if an earlier stage of this round has opened it; else None."""
        return self.letter if self.letter and self.letter.tracking == tracking else None

    def party(self, lea: str) -> Party | None:
        """A party of the directory, or None."""
        if lea not in self._parties:
            self._parties[lea] = directory.party(self.connection, lea)
        return self._parties[lea]

    def meant_by(self, written: str) -> str:
        """A sentence that suggests a party's id that is almost the written one; '' for none."""
        meant = nearly(written, (party.id for party in directory.all_parties(self.connection)))
        return f"Did you mean {meant}?" if meant else ""

    def certificates(self, lea: str) -> list[bytes]:
        """All certificates of an LEA that are not retired, newest first."""
        if lea not in self._certificates:
            self._certificates[lea] = directory.certificates_of(self.connection, lea)
        return self._certificates[lea]

    def mapping(self, row: PacketRow) -> str:
        """The mapping that the packet's LEA had when the packet came, as text; '' for none. It is the same however
        often the packet is read."""
        if row.origin not in self._mappings:
            self._mappings[row.origin] = mappings.newest(self.connection, row.origin)
        newest = self._mappings[row.origin]
        if newest is None:
            return ""
        found = newest if newest.at <= row.received_at else mappings.at(self.connection, row.origin, row.received_at)
        return found.text if found else ""

    def is_suspended(self, lea: str) -> bool:
        """Whether the state has suspended this party."""
        party = self.party(lea) if lea else None
        return party is not None and party.is_suspended

    def check_going_on(self, lea: str) -> None:
        """Raises Deferred where this LEA is suspended: its packets stay where they are."""
        if self.is_suspended(lea):
            raise Deferred("its LEA is suspended")

    def valid_certificate(self, lea: str) -> bytes | None:
        """The newest certificate of an LEA that is valid for encryption now; None for none, and while the LEA is
        suspended."""
        if self.is_suspended(lea):
            return None
        if lea not in self._valid:
            good = (one for one in self.certificates(lea) if keyring.inspect(one, self.now).fault is None)
            self._valid[lea] = next(good, None)
        return self._valid[lea]

    def check_signer(self, lea: str, fingerprint: str) -> None:
        """Check a packet's signing key again: a revocation, and the state's end of a key, also count for waiting
        packets. Raises Refused `key-revoked`, `key-ended`; Deferred where the LEA is suspended."""
        self.check_going_on(lea)
        if lea not in self._faults:
            found = [key for one in self.certificates(lea) for key in validity.keys(one, self.now)]
            revoked = {one.key.fingerprint for one in found if one.fault == "key-revoked"}
            self._faults[lea] = {one.key.fingerprint: one.key.fingerprint in revoked for one in found}
        is_revoked = self._faults[lea].get(fingerprint)
        if is_revoked:
            raise Refused("key-revoked", hint="Then seal the document again with the new key.")
        if is_revoked is None and fingerprint in self._ended_of(lea):
            raise Refused("key-ended", hint="Then seal the document again.")

    def _ended_of(self, lea: str) -> set[str]:
        if lea not in self._ended:
            found = directory.ended_certificates(self.connection, lea)
            self._ended[lea] = {key for one in found for key in minimal.bound(one)}
        return self._ended[lea]

    def has_ended(self, lea: str, key_id: str) -> bool:
        """Whether this key, by fingerprint or id, was the LEA's and the state has ended it."""
        return any(one.endswith(key_id) for one in self._ended_of(lea)) and bool(key_id)

    def is_known(self, key_id: str) -> bool:
        """Whether some party owns this key, in use or not."""
        return directory.owner_of(self.connection, key_id) is not None

    def account(self, ssid: str) -> Account:
        """The account of a student's stays."""
        if ssid not in self._accounts:
            self._accounts[ssid] = stays.account(self.connection, ssid, self.today)
        return self._accounts[ssid]

    def awaited_by(self, ssid: str, sender: str) -> list[LeaId]:
        """The LEAs whose transfer cases wait for this sender's record; empty unless several LEAs have the student."""
        is_asked = len(self.account(ssid).holders) > 1
        return transfers.awaiting(self.connection, ssid, sender) if is_asked else []

    def is_flagged(self, ssid: str) -> bool:
        """Whether the state has flagged this student."""
        if self._any_flag is None:
            self._any_flag = flags.is_any(self.connection)
        return self._any_flag and flags.is_flagged(self.connection, ssid)
