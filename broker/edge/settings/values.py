"""The settings of one exchange: a frozen tree.

Owns every limit, with its unit, its default, its minimum and what it is for. Promises: nothing is read here, neither a
file (`broker.edge.settings.file` does that, and checks it by `settings_checks`) nor the environment.
"""

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

from broker.core.days.deadlines import Clock
from broker.core.days.plausible import Bounds, Frame
from broker.core.days.school_year import Calendar
from broker.core.days.state_time import StateTime
from broker.core.errors import OperatorError
from broker.core.stays import Today


class SettingsError(OperatorError):
    """The settings file is wrong; the message is one sentence for the operator."""


def _setting(default: Any, unit: str, why: str, low: int | float = 0) -> Any:
    return field(default=default, metadata={"unit": unit, "why": why, "low": low})


MIB = 1024 * 1024
_BESIDE_BYTES = 200_000_000  # that a reader may have beside what grows with the packet


@dataclass(frozen=True, slots=True)
class Limits:
    """What one packet may cost."""

    sealed_bytes: int = _setting(128 * MIB, "bytes", "largest sealed file", 1024)
    content_bytes: int = _setting(128 * MIB, "bytes", "largest document after decompression", 1024)
    inflate_ratio: int = _setting(100, "times", "largest growth by decompression, above inflate_floor_bytes", 2)
    inflate_floor_bytes: int = _setting(4 * MIB, "bytes", "growth up to this size is never questioned", 1024)
    openpgp_packets: int = _setting(64, "packets", "OpenPGP packets in one layer of a message", 4)
    recipients: int = _setting(16, "keys", "keys that one message may be encrypted to", 1)
    json_depth: int = _setting(32, "levels", "nesting of a document", 4)
    schema_errors: int = _setting(20, "places", "places named in one schema refusal", 1)
    file_name_chars: int = _setting(200, "characters", "longest file name in outbox", 16)
    students_per_enrollment: int = _setting(10_000, "students", "entries of one enrollment packet", 1)
    cases_per_transaction: int = _setting(25, "students", "who moved, worked while all other writers wait", 1)
    lines_per_transaction: int = _setting(50, "lines", "of packets, carried out while all other writers wait", 1)
    transaction_ms: int = _setting(
        250, "milliseconds", "after which one of several transactions of a packet ends, behind the line in hand", 1
    )
    lines_per_turn: int = _setting(2_000, "lines", "of one packet, before other packets have their turn", 1)
    read_first_bytes: int = _setting(8 * MIB, "bytes", "larger packets are read one at a time, beside all others", 1024)
    read_first_cpu_seconds: float = _setting(
        0.5, "seconds of processor time", "to read a packet among others, before it is put aside", 0.05
    )
    read_cpu_seconds: float = _setting(
        30.0, "seconds of processor time", "to read a packet by itself, before it is refused as too costly", 0.1
    )
    read_wall_seconds: float = _setting(
        1800.0, "seconds", "by the clock to read a packet; a reader that stands still for a thirtieth of it hangs", 1
    )
    read_memory_bytes: int = _setting(
        0, "bytes", "to read a packet by itself; 0: four times the largest packet, and 200 MB"
    )
    certificate_bytes: int = _setting(MIB, "bytes", "largest public key file", 1024)
    handed_in_bytes: int = _setting(MIB // 16, "bytes", "largest public key that an LEA hands in by packet", 4096)
    keys: int = _setting(8, "keys", "of one LEA that are in use, before it can hand in no more by packet", 2)

    def memory_of(self, packet: int) -> int:
        """The bytes of memory that reading a packet of so many bytes may take."""
        return self.read_memory_bytes or 4 * packet + _BESIDE_BYTES

    @property
    def largest_bytes(self) -> int:
        """The largest packet, sealed or opened."""
        return max(self.sealed_bytes, self.content_bytes)


@dataclass(frozen=True, slots=True)
class Told:
    """What is kept of one student or packet, as one LEA tells it: what comes above is not kept, and the LEA is told."""

    names: int = _setting(24, "names", "spellings of the legal name, and aliases", 17)
    aliases: int = _setting(16, "names", "aliases among these; the places left are for legal names alone", 16)
    guardians: int = _setting(24, "names", "guardians, which add up", 16)
    changes: int = _setting(100, "changes a year", "of legal name, birth date, phone and the like; of one stay", 4)
    stays: int = _setting(64, "stays", "at schools of the LEA; a child is at school for 13 years", 1)
    questions: int = _setting(20, "questions", "that are open about whom its lines mean", 1)
    statements: int = _setting(20, "statements", "of a receiver that it has one packet, or cannot use it, in turn", 2)


@dataclass(frozen=True, slots=True)
class Intake:
    """How the watcher takes files in."""

    watch: str = _setting("auto", "auto | events | polling", "how to notice files; polling for network mounts")
    poll_seconds: float = _setting(1.0, "seconds", "between two looks of the polling watcher", 0.05)
    scan_seconds: float = _setting(5.0, "seconds", "between two full scans of every outbox", 0.05)
    settle_seconds: float = _setting(3.0, "seconds", "unchanged this long counts as complete", 0.1)
    broken_seconds: float = _setting(900.0, "seconds", "a file that ends too early is waited for this long", 0.1)
    tell_seconds: float = _setting(
        20.0, "seconds", "a file that is not whole waits, before its LEA is told in OUTBOX-WAITS.txt", 0.1
    )
    batch: int = _setting(64, "files", "taken in at once", 1)
    answer_seconds: float = _setting(
        3.0, "seconds", "a folder on a mount of its own may be silent, before it is left alone for a while", 0.1
    )
    abandon_seconds: float = _setting(
        60.0, "seconds", "a folder's runner may be silent, before it is killed and another one tried", 0.1
    )
    reserve_bytes: int = _setting(
        256 * MIB, "bytes", "free on the vault's disk that intake and uploads never touch; 0: none"
    )
    waiting_files: int = _setting(200_000, "files", "of one LEA in the vault that have not ended, before it waits", 1)
    waiting_bytes: int = _setting(16 * 1024 * MIB, "bytes", "of them, before it waits", 1024)
    refused_days: float = _setting(30.0, "days", "the bytes of what was refused are kept", 0.00001)
    refused_files: int = _setting(10_000, "files", "refused of one LEA whose bytes are kept; the oldest go first", 1)
    refused_bytes: int = _setting(1024 * MIB, "bytes", "kept of them; the oldest go first", 1024)
    express_in_flight: int = _setting(64, "packets", "of one LEA before its next ones go to the bulk lane", 1)


@dataclass(frozen=True, slots=True)
class Workers:
    """The processes that admit, route and deliver."""

    processes: int = _setting(0, "processes", "0: one per core")
    batch: int = _setting(64, "packets", "per message", 1)
    poll_ms: int = _setting(40, "milliseconds", "longest pause of an idle worker between two looks at Redis", 1)
    lease_seconds: float = _setting(300.0, "seconds", "after this a silent worker's packets are given to another", 1)
    sweep_seconds: float = _setting(1.0, "seconds", "between two rounds of the sweeper", 0.05)
    stale_seconds: float = _setting(30.0, "seconds", "a packet that stands still this long is enqueued again", 0.1)
    retry_first_seconds: float = _setting(2.0, "seconds", "first pause after a failure that may pass", 0.01)
    retry_most_seconds: float = _setting(300.0, "seconds", "longest pause after a failure that may pass", 0.01)


@dataclass(frozen=True, slots=True)
class Sftp:
    """The built-in SFTP server."""

    enabled: bool = _setting(True, "true | false", "serve SFTP at all")
    address: str = _setting("127.0.0.1", "IP address", "to listen on")
    host: str = _setting("", "host name", "that LEAs are told to connect to; empty: the address")
    port: int = _setting(2222, "port", "to listen on; 0 takes a free one and writes it to run/sftp.port")
    connections: int = _setting(200, "connections", "logged in at the same time; each LEA's first one always may", 1)
    connections_per_lea: int = _setting(8, "connections", "at the same time, one LEA", 1)
    connections_per_minute: int = _setting(
        120, "connections", "from one address, in a minute; a fifth of it in two seconds", 1
    )
    waiting: int = _setting(160, "connections", "not logged in yet; then those of the greediest address make room", 1)
    waiting_per_address: int = _setting(24, "connections", "of them from one address; the oldest makes room", 1)
    post_quantum_only: bool = _setting(
        False,
        "true | false",
        "refuse programs that know no ML-KEM, such as OpenSSH before 9.9: what is recorded may be read one day",
    )
    handles: int = _setting(32, "files", "open at the same time, one connection", 1)
    idle_seconds: float = _setting(300.0, "seconds", "without a request before a connection is closed", 0.5)
    handshake_seconds: float = _setting(10.0, "seconds", "to agree on keys, which programs do by themselves", 0.5)
    login_seconds: float = _setting(20.0, "seconds", "to log in; somebody may have to type a passphrase", 0.5)
    bytes_per_second: int = _setting(0, "bytes per second", "up or down, one connection; 0: as fast as it goes")
    login_attempts: int = _setting(10, "keys", "that one connection may offer", 1)
    outbox_files: int = _setting(200_000, "files", "in one outbox before uploads are refused", 1)
    outbox_bytes: int = _setting(16 * 1024 * MIB, "bytes", "in one outbox before uploads are refused", 1024)
    partials_per_lea: int = _setting(64, "files", "unfinished uploads in one outbox; old ones make room for new", 1)


@dataclass(frozen=True, slots=True)
class Redis:
    """The queue's server."""

    url: str = _setting("", "redis:// or unix:// URL", "empty: Satchel starts its own on a socket in run/")
    password_file: str = _setting("", "path", "of a file of mode 0600 with the password; or SATCHEL_REDIS_PASSWORD")


@dataclass(frozen=True, slots=True)
class Ledger:
    """The database."""

    url: str = _setting("", "SQLAlchemy URL", "empty: SQLite in ledger.db of this home")
    password_file: str = _setting("", "path", "of a file of mode 0600 with the password; or SATCHEL_LEDGER_PASSWORD")
    busy_seconds: float = _setting(30.0, "seconds", "to wait for another writer", 0.1)
    conflict_tries: int = _setting(8, "times", "the same work is done where two writers were in each other's way", 1)


@dataclass(frozen=True, slots=True)
class TheState:
    """Where the exchange is."""

    zone: str = _setting(
        "America/Denver", "IANA time zone", "by which it is today and an hour of the day, whatever the machine's own is"
    )

    @property
    def time(self) -> StateTime:
        """Days and hours there."""
        return StateTime(zoneinfo.ZoneInfo(self.zone))


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a student is, and numbers of students."""

    ssid_digits: int = _setting(10, "digits", "of an SSID, the check digit among them", 6)
    state: str = _setting("UT", "two letters", "whose student ids are SSIDs, as transcripts in PESC's form name it")
    birth_date_must_agree: bool = _setting(
        False,
        "true | false",
        "for a match; else a slip is forgiven where all names, gender and two of home, telephone and guardian agree",
    )


@dataclass(frozen=True, slots=True)
class Claims:
    """The report of overlapping membership, and the school year that it counts in."""

    report_hour: int = _setting(2, "hour of the day", "when the nightly report is due; 24: never")
    report_days: int = _setting(60, "days", "a nightly report is kept", 1)
    year_begins: str = _setting("07-01", "month-day", "first day of a school year")
    opens: str = _setting("08-15", "month-day", "first day of instruction of schools that are not year-round")
    closes: str = _setting("06-05", "month-day", "their last day of instruction, on which open memberships end")

    def __post_init__(self) -> None:
        """Raises ValueError for days that no calendar has."""
        Calendar.of(self.year_begins, self.opens, self.closes)

    @property
    def calendar(self) -> Calendar:
        """When school years begin, and schools open and close."""
        return Calendar.of(self.year_begins, self.opens, self.closes)


@dataclass(frozen=True, slots=True)
class Transfers:
    """What is due when a student moves, and by which calendar."""

    request_days: int = _setting(14, "days", "from enrolling to asking the previous school (Utah 53A-11-504)", 1)
    answer_school_days: int = _setting(30, "school days", "from the request to the record (Utah 53A-11-504)", 1)
    military_days: int = _setting(10, "days", "the same for a military family's child (Utah 53A-1-1001, art. IV)", 1)
    digest_hour: int = _setting(6, "hour of the day", "when LEAs are told what is overdue; 24: never")
    holidays: str = _setting("US-UT", "ISO 3166-2 code", "where public holidays are free of school; empty: none")
    year_round: str = _setting("", "LEA ids, with commas", "that teach in summer too, not only opens to closes")
    codes: str = _setting("utah", "name", "of the list of exit codes; see `satchel codes`")
    clock_stands: bool = _setting(
        True, "true | false", "the answer's clock stands while a record lies with its receiver that rejects it later"
    )
    ahead_days: int = _setting(0, "days", "before its day an entry counts although another LEA has the student")
    unrenewed_goes_on: bool = _setting(
        True, "true | false", "a stay without an exit that nobody renewed goes on into the next school year"
    )
    dual_asks: bool = _setting(
        False, "true | false", "an LEA with a dual enrollment has the others asked by itself, not on its request only"
    )

    @property
    def lengths(self) -> Mapping[Clock, int]:
        """How long each clock runs (`broker.core.days.deadlines.due`)."""
        return {
            Clock.REQUEST: self.request_days,
            Clock.ANSWER: self.answer_school_days,
            Clock.MILITARY: self.military_days,
        }

    @property
    def year_round_leas(self) -> frozenset[str]:
        """Ids of the LEAs that teach all year."""
        return frozenset(filter(None, (one.strip() for one in self.year_round.split(","))))


@dataclass(frozen=True, slots=True)
class Transcripts:
    """What goes to higher education."""

    request_days: int = _setting(
        400, "days", "after the student asked for it, a transcript may go: a school year, and the summer after it", 1
    )


@dataclass(frozen=True, slots=True)
class Harvest:
    """What an LEA may ask for in a day, and what the state is told of (`broker.core.harvest`)."""

    requests_per_student: int = _setting(3, "requests", "of one LEA about one student on one day", 1)
    requests_per_day: int = _setting(2000, "requests", "of one LEA on one day, about all students", 1)
    pattern_hour: int = _setting(3, "hour of the day", "when patterns are looked for; 24: never")
    days: int = _setting(30, "days", "back that patterns are looked for", 1)
    lost_students: int = _setting(5, "students", "taken in and not kept, or contested, before the state is told", 1)
    lost_percent: int = _setting(20, "percent", "of an LEA's transfers-in that were not kept, before that", 1)
    backdated_days: int = _setting(30, "days", "before its report, an entry older than this counts as backdated", 1)
    announced_days: int = _setting(
        30, "days", "an entry further ahead, of a student whom another LEA has, is told to the state", 1
    )
    backdated_per_day: int = _setting(20, "entries", "late in this way, of one LEA on one day, before that", 1)
    guesses_per_child: int = _setting(5, "guesses", "of one LEA at one child that it never had, on one day", 1)
    guesses_per_day: int = _setting(300, "guesses", "of one LEA at children that it never had, on one day", 1)
    guesses_told: int = _setting(50, "guesses", "of one LEA within `days` days, before the state is told", 1)


@dataclass(frozen=True, slots=True)
class Status:
    """When `satchel status` says that something needs a person."""

    waiting_seconds: float = _setting(900.0, "seconds", "a packet waits to be worked, before it is told", 1)
    key_days: int = _setting(30, "days", "before a key ends, it is told", 0)


@dataclass(frozen=True, slots=True)
class Dates:
    """Which dates of a student cannot be, and which are asked back: by what schools do, for no law bounds them."""

    least_age: int = _setting(2, "years", "old is the youngest student; a younger one cannot be")
    most_age: int = _setting(100, "years", "old is the oldest; more is a century mistyped, 1914 for 2014", 30)
    school_age_from: int = _setting(3, "years", "a younger student is asked back: preschool begins with 3 (IDEA)", 1)
    school_age_to: int = _setting(22, "years", "an older one is asked back: special education ends with 22 (IDEA)", 18)
    grade_younger: int = _setting(1, "years", "younger than usual in a grade, before it is asked back")
    grade_older: int = _setting(3, "years", "older than usual in a grade, before it is asked back")
    entry_back_years: int = _setting(
        9, "years", "an entry or exit so long ago is asked back: kindergarten to grade 8 at one school", 1
    )
    school_years_back: int = _setting(
        3, "school years", "before the current one are corrected late; an older one is asked back"
    )
    school_years_ahead: int = _setting(1, "school years", "behind the current one, a later one cannot be")
    file_days: int = _setting(
        300, "days", "old may the date in a CSV's name be; more is a year mistyped, or a file of last year", 1
    )
    created_ahead_days: int = _setting(31, "days", "a document may be from the future: clocks are wrong by less", 1)

    @property
    def bounds(self) -> Bounds:
        """Those by which a student's dates are judged."""
        return Bounds(**{one.name: getattr(self, one.name) for one in fields(Bounds)})


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long what is needed no more is kept."""

    undo_days: float = _setting(
        14.0, "days", "a decided question keeps what was sent of the student, so that it can be taken back", 0.00001
    )
    forget_hour: int = _setting(1, "hour of every day", "when it goes, and SQLite's log is emptied")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one home."""

    home: Path
    name: str = "Satchel exchange"
    limits: Limits = Limits()
    told: Told = Told()
    intake: Intake = Intake()
    workers: Workers = Workers()
    sftp: Sftp = Sftp()
    redis: Redis = Redis()
    ledger: Ledger = Ledger()
    state: TheState = TheState()
    identity: Identity = Identity()
    claims: Claims = Claims()
    transfers: Transfers = Transfers()
    transcripts: Transcripts = Transcripts()
    harvest: Harvest = Harvest()
    status: Status = Status()
    dates: Dates = Dates()
    keeping: Keeping = Keeping()

    @property
    def time(self) -> StateTime:
        """The state's days and hours."""
        return self.state.time

    def today(self, day: date) -> Today:
        """The day by which it is judged where a student is, with what the state has decided about that."""
        of = self.transfers
        return Today(day.isoformat(), self.claims.calendar, of.ahead_days, of.unrenewed_goes_on)

    def frame(self, day: date) -> Frame:
        """By what a student's dates are judged on this day."""
        return Frame(day, self.claims.calendar.containing(day), self.dates.bounds)
