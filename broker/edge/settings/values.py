"""The settings of one exchange: a frozen tree.

Owns the tree, and every limit for packets and machinery; the settings for decisions about students are in
`broker.edge.settings.rules`. Promises: this module reads neither a file (`broker.edge.settings.file` does, and checks
it with `broker.edge.settings.checks`) nor the environment.
"""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from broker.core.days.plausible import Frame
from broker.core.days.state_time import StateTime
from broker.core.errors import OperatorError
from broker.core.stays import Today
from broker.edge.settings.rules import Claims, Dates, Harvest, Identity, Keeping, TheState, Transcripts, Transfers
from broker.edge.settings.setting import setting


class SettingsError(OperatorError):
    """The settings file is wrong; the message is one sentence for the operator."""


MIB = 1024 * 1024
_BESIDE_BYTES = 200_000_000  # what a reader may use in addition to what grows with the packet


@dataclass(frozen=True, slots=True)
class Limits:
    """What one packet may cost."""

    sealed_bytes: int = setting(128 * MIB, "bytes", "largest sealed file", 1024)
    content_bytes: int = setting(128 * MIB, "bytes", "largest document after decompression", 1024)
    inflate_ratio: int = setting(100, "times", "largest growth by decompression, above inflate_floor_bytes", 2)
    inflate_floor_bytes: int = setting(4 * MIB, "bytes", "growth up to this size is never questioned", 1024)
    openpgp_packets: int = setting(64, "packets", "most OpenPGP packets in one layer of a message", 4)
    recipients: int = setting(16, "keys", "most keys that one message may be encrypted to", 1)
    json_depth: int = setting(32, "levels", "deepest nesting of a document", 4)
    schema_errors: int = setting(20, "places", "most places that one schema refusal names", 1)
    file_name_chars: int = setting(200, "characters", "longest file name in outbox", 16)
    students_per_enrollment: int = setting(10_000, "students", "most entries of one enrollment packet", 1)
    cases_per_transaction: int = setting(
        25, "students", "students who moved in one transaction; all other writers wait for it", 1
    )
    lines_per_transaction: int = setting(
        50, "lines", "lines of packets in one transaction; all other writers wait for it", 1
    )
    transaction_ms: int = setting(
        250, "milliseconds", "after this, a packet's transaction ends with its present line, and the next one begins", 1
    )
    lines_per_turn: int = setting(2_000, "lines", "lines of one packet before other packets have their turn", 1)
    read_first_bytes: int = setting(
        8 * MIB, "bytes", "packets larger than this are read one at a time, apart from all others", 1024
    )
    read_first_cpu_seconds: float = setting(
        0.5,
        "seconds of processor time",
        "most for reading a packet among others; then it is put aside, and read apart",
        0.05,
    )
    read_cpu_seconds: float = setting(
        30.0, "seconds of processor time", "most for reading a packet apart; then it is refused as too costly", 0.1
    )
    read_wall_seconds: float = setting(
        1800.0,
        "seconds",
        "most time by the clock for reading a packet; a reader without progress for a thirtieth of it hangs",
        1,
    )
    read_memory_bytes: int = setting(
        0, "bytes", "most memory for reading a packet apart; 0: four times the largest packet, and 200 MB"
    )
    certificate_bytes: int = setting(MIB, "bytes", "largest public key file", 1024)
    handed_in_bytes: int = setting(MIB // 16, "bytes", "largest public key that an LEA hands in by packet", 4096)
    keys: int = setting(8, "keys", "most keys of one LEA in use; then it can hand in no more by packet", 2)

    def memory_of(self, packet: int) -> int:
        """How many bytes of memory the reading of a packet of this size may take."""
        return self.read_memory_bytes or 4 * packet + _BESIDE_BYTES

    @property
    def largest_bytes(self) -> int:
        """The largest packet, sealed or opened."""
        return max(self.sealed_bytes, self.content_bytes)


@dataclass(frozen=True, slots=True)
class ToldLimits:
    """How much is kept about one student or packet from one LEA: anything beyond is not kept, and the LEA is told."""

    names: int = setting(24, "names", "most spellings of the legal name, and aliases", 17)
    aliases: int = setting(16, "names", "most aliases among these; the places left are for legal names alone", 16)
    guardians: int = setting(24, "names", "most guardians; new ones are added to those that are known", 16)
    changes: int = setting(
        100, "changes a year", "most changes of legal name, birth date, phone and the like, or of one stay", 4
    )
    stays: int = setting(64, "stays", "most stays at schools of the LEA; a child is at school for 13 years", 1)
    questions: int = setting(20, "questions", "most open questions about which student its lines mean", 1)
    statements: int = setting(
        20,
        "statements",
        "most answers of a receiver about one packet that differ in turn: it has it, it cannot use it",
        2,
    )


@dataclass(frozen=True, slots=True)
class Intake:
    """How the watcher takes files in."""

    watch: str = setting("auto", "auto | events | polling", "how to notice files; polling for network mounts")
    poll_seconds: float = setting(1.0, "seconds", "between two looks of the polling watcher", 0.05)
    scan_seconds: float = setting(5.0, "seconds", "between two full scans of every outbox", 0.05)
    settle_seconds: float = setting(3.0, "seconds", "a file that is unchanged this long counts as complete", 0.1)
    broken_seconds: float = setting(
        900.0, "seconds", "the exchange waits this long for the rest of a file that ends too early", 0.1
    )
    tell_seconds: float = setting(
        20.0, "seconds", "a file is incomplete this long before its LEA is told in OUTBOX-WAITS.txt", 0.1
    )
    batch: int = setting(64, "files", "taken in at once", 1)
    answer_seconds: float = setting(
        3.0,
        "seconds",
        "a folder on a mount of its own may be silent this long, before it is left alone for a while",
        0.1,
    )
    abandon_seconds: float = setting(
        60.0, "seconds", "a folder's process may be silent this long, before it is killed and another one tried", 0.1
    )
    reserve_bytes: int = setting(
        256 * MIB, "bytes", "free space on the vault's disk that intake and uploads never use; 0: none"
    )
    waiting_files: int = setting(
        200_000, "files", "most files of one LEA in the vault that have not ended; then its outbox waits", 1
    )
    waiting_bytes: int = setting(16 * 1024 * MIB, "bytes", "most bytes of these files; then its outbox waits", 1024)
    refused_days: float = setting(30.0, "days", "how long the bytes of refused files are kept", 0.00001)
    refused_files: int = setting(
        10_000, "files", "most refused files of one LEA whose bytes are kept; the oldest go first", 1
    )
    refused_bytes: int = setting(1024 * MIB, "bytes", "most bytes of these that are kept; the oldest go first", 1024)
    express_in_flight: int = setting(
        64, "packets", "most packets of one LEA at work; its next ones go to the bulk lane", 1
    )


@dataclass(frozen=True, slots=True)
class Workers:
    """The processes that admit, route and deliver."""

    processes: int = setting(0, "processes", "0: one per core")
    batch: int = setting(64, "packets", "per message", 1)
    poll_ms: int = setting(40, "milliseconds", "longest pause of an idle worker between two looks at Redis", 1)
    lease_seconds: float = setting(300.0, "seconds", "after this a silent worker's packets are given to another", 1)
    sweep_seconds: float = setting(1.0, "seconds", "between two rounds of the sweeper", 0.05)
    stale_seconds: float = setting(30.0, "seconds", "a packet that stands still this long is enqueued again", 0.1)
    retry_first_seconds: float = setting(2.0, "seconds", "first pause after a failure that may pass", 0.01)
    retry_most_seconds: float = setting(300.0, "seconds", "longest pause after a failure that may pass", 0.01)


@dataclass(frozen=True, slots=True)
class Sftp:
    """The built-in SFTP server."""

    enabled: bool = setting(True, "true | false", "whether to serve SFTP at all")
    address: str = setting("127.0.0.1", "IP address", "the address to listen on")
    host: str = setting("", "host name", "the host that LEAs are told to connect to; empty: the address")
    port: int = setting(2222, "port", "the port to listen on; 0 takes a free one and writes it to run/sftp.port")
    connections: int = setting(
        200, "connections", "most that are logged in at the same time; each LEA's first one is always let in", 1
    )
    connections_per_lea: int = setting(8, "connections", "most of one LEA at the same time", 1)
    connections_per_minute: int = setting(
        120, "connections", "most from one address in a minute, and at most a fifth of it in two seconds", 1
    )
    waiting: int = setting(
        160, "connections", "most that have not logged in yet; then the address with the most of them makes room", 1
    )
    waiting_per_address: int = setting(24, "connections", "most of these from one address; the oldest makes room", 1)
    post_quantum_only: bool = setting(
        False,
        "true | false",
        "refuse programs without ML-KEM, such as OpenSSH before 9.9: others may record now and read later",
    )
    handles: int = setting(32, "files", "most files that one connection has open at the same time", 1)
    idle_seconds: float = setting(300.0, "seconds", "a connection is closed after this long without a request", 0.5)
    handshake_seconds: float = setting(
        10.0, "seconds", "most time to agree on keys, which programs do by themselves", 0.5
    )
    login_seconds: float = setting(20.0, "seconds", "most time to log in; a person may have to type a passphrase", 0.5)
    bytes_per_second: int = setting(
        0, "bytes per second", "highest speed of one connection, up or down; 0: as fast as it goes"
    )
    login_attempts: int = setting(10, "keys", "most keys that one connection may offer", 1)
    outbox_files: int = setting(200_000, "files", "most files in one outbox; then uploads are refused", 1)
    outbox_bytes: int = setting(16 * 1024 * MIB, "bytes", "most bytes in one outbox; then uploads are refused", 1024)
    partials_per_lea: int = setting(64, "files", "most unfinished uploads in one outbox; old ones make room for new", 1)


@dataclass(frozen=True, slots=True)
class Redis:
    """The queue's server."""

    url: str = setting(
        "", "redis:// or unix:// URL", "the queue's server; empty: Satchel starts its own on a socket in run/"
    )
    password_file: str = setting("", "path", "a file of mode 0600 with the password; or give SATCHEL_REDIS_PASSWORD")


@dataclass(frozen=True, slots=True)
class Ledger:
    """The database."""

    url: str = setting("", "SQLAlchemy URL", "the database; empty: SQLite in ledger.db of this home")
    password_file: str = setting("", "path", "a file of mode 0600 with the password; or give SATCHEL_LEDGER_PASSWORD")
    busy_seconds: float = setting(30.0, "seconds", "how long to wait for another writer", 0.1)
    conflict_tries: int = setting(
        8, "times", "how often the same work is tried where two writers are in each other's way", 1
    )


@dataclass(frozen=True, slots=True)
class Status:
    """When `satchel status` says that something needs a person."""

    waiting_seconds: float = setting(900.0, "seconds", "a packet that waits longer than this needs a person", 1)
    key_days: int = setting(30, "days", "a key that ends within this time needs a person", 0)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one home."""

    home: Path
    name: str = "Satchel exchange"
    limits: Limits = Limits()
    told: ToldLimits = ToldLimits()
    intake: Intake = Intake()
    workers: Workers = Workers()
    sftp: Sftp = Sftp()
    redis: Redis = Redis()
    ledger: Ledger = Ledger()
    state: TheState = field(default=TheState())
    identity: Identity = field(default=Identity())
    claims: Claims = field(default=Claims())
    transfers: Transfers = field(default=Transfers())
    transcripts: Transcripts = field(default=Transcripts())
    harvest: Harvest = field(default=Harvest())
    status: Status = Status()
    dates: Dates = field(default=Dates())
    keeping: Keeping = field(default=Keeping())

    @property
    def time(self) -> StateTime:
        """The state's days and hours."""
        return self.state.time

    def today(self, day: date) -> Today:
        """The day for judging where a student is, with the state's choices about that."""
        of = self.transfers
        return Today(day.isoformat(), self.claims.calendar, of.ahead_days, of.unrenewed_goes_on)

    def frame(self, day: date) -> Frame:
        """The bounds for judging a student's dates on this day."""
        return Frame(day, self.claims.calendar.containing(day), self.dates.bounds)
