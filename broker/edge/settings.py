"""The settings of one exchange: a frozen tree read from `satchel.toml`.

Owns every limit, with its unit and default. Promises: an unknown key, a wrong type or a value below its minimum is one
sentence (`SettingsError`) that names key and file; nothing is read from the environment here.
"""

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from broker.core.errors import OperatorError
from broker.core.school_year import Calendar


class SettingsError(OperatorError):
    """The settings file is wrong; the message is one sentence for the operator."""


def _setting(default: Any, unit: str, why: str, low: int | float = 0) -> Any:
    return field(default=default, metadata={"unit": unit, "why": why, "low": low})


MIB = 1024 * 1024


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
    certificate_bytes: int = _setting(MIB, "bytes", "largest public key file", 1024)


@dataclass(frozen=True, slots=True)
class Intake:
    """How the watcher takes files in."""

    watch: str = _setting("auto", "auto | events | polling", "how to notice files; polling for network mounts")
    poll_seconds: float = _setting(1.0, "seconds", "between two looks of the polling watcher", 0.05)
    scan_seconds: float = _setting(5.0, "seconds", "between two full scans of every outbox", 0.05)
    settle_seconds: float = _setting(3.0, "seconds", "unchanged this long counts as complete", 0.1)
    broken_seconds: float = _setting(900.0, "seconds", "a file that ends too early is waited for this long", 0.1)
    batch: int = _setting(64, "files", "taken in at once", 1)
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
    connections: int = _setting(200, "connections", "at the same time, all LEAs", 1)
    connections_per_lea: int = _setting(8, "connections", "at the same time, one LEA", 1)
    connections_per_minute: int = _setting(120, "connections", "from one address, in a minute", 1)
    handles: int = _setting(32, "files", "open at the same time, one connection", 1)
    idle_seconds: float = _setting(300.0, "seconds", "without a request before a connection is closed", 0.5)
    login_seconds: float = _setting(20.0, "seconds", "to log in", 0.5)
    bytes_per_second: int = _setting(0, "bytes per second", "up or down, one connection; 0: as fast as it goes")
    login_attempts: int = _setting(10, "keys", "that one connection may offer", 1)
    outbox_files: int = _setting(200_000, "files", "in one outbox before uploads are refused", 1)
    outbox_bytes: int = _setting(16 * 1024 * MIB, "bytes", "in one outbox before uploads are refused", 1024)
    partials_per_lea: int = _setting(64, "files", "unfinished uploads in one outbox; old ones make room for new", 1)


@dataclass(frozen=True, slots=True)
class Redis:
    """The queue's server."""

    url: str = _setting("", "redis:// or unix:// URL", "empty: Satchel starts its own on a socket in run/")


@dataclass(frozen=True, slots=True)
class Ledger:
    """The database."""

    url: str = _setting("", "SQLAlchemy URL", "empty: SQLite in ledger.db of this home")
    busy_seconds: float = _setting(30.0, "seconds", "to wait for another writer", 0.1)


@dataclass(frozen=True, slots=True)
class Identity:
    """Numbers of students."""

    ssid_digits: int = _setting(10, "digits", "of an SSID, the check digit among them", 6)


@dataclass(frozen=True, slots=True)
class Claims:
    """The report of overlapping membership, and the school year that it counts in."""

    report_hour: int = _setting(2, "hour of the day", "of this machine, when the nightly report is due; 24: never")
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
class Settings:
    """All settings of one home."""

    home: Path
    name: str = "Satchel exchange"
    limits: Limits = Limits()
    intake: Intake = Intake()
    workers: Workers = Workers()
    sftp: Sftp = Sftp()
    redis: Redis = Redis()
    ledger: Ledger = Ledger()
    identity: Identity = Identity()
    claims: Claims = Claims()


_SECTIONS: dict[str, type[Any]] = {
    "limits": Limits,
    "intake": Intake,
    "workers": Workers,
    "sftp": Sftp,
    "redis": Redis,
    "ledger": Ledger,
    "identity": Identity,
    "claims": Claims,
}


def _checked(path: Path, section: str, known: "dataclasses.Field[Any]", value: Any) -> Any:
    wanted = type(known.default)
    if wanted is float and type(value) is int:
        value = float(value)
    if type(value) is not wanted:
        raise SettingsError(f"{path}: {section}.{known.name} must be a {wanted.__name__} ({known.metadata['unit']}).")
    if wanted in (int, float) and value < known.metadata["low"]:
        raise SettingsError(f"{path}: {section}.{known.name} must be at least {known.metadata['low']}.")
    return value


def _section(path: Path, section: str, table: Any) -> Any:
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: {section} must be a table, as in [{section}].")
    fields = {f.name: f for f in dataclasses.fields(_SECTIONS[section])}
    for key in table:
        if key not in fields:
            raise SettingsError(f"{path}: {section}.{key} is not a setting; known here: {', '.join(fields)}.")
    checked = {key: _checked(path, section, fields[key], value) for key, value in table.items()}
    try:
        return _SECTIONS[section](**checked)
    except ValueError as error:
        raise SettingsError(f"{path}: [{section}] {error}.") from None


def load(home: Path) -> Settings:
    """Read `home/satchel.toml`. Raises SettingsError."""
    path = home / "satchel.toml"
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{home} is not a Satchel home; make one with `satchel init {home}`.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from None
    name = table.pop("name", Settings.__dataclass_fields__["name"].default)
    if not isinstance(name, str) or not name.strip():
        raise SettingsError(f"{path}: name must be a text.")
    unknown = sorted(set(table) - set(_SECTIONS))
    if unknown:
        raise SettingsError(f"{path}: [{unknown[0]}] is not a section; known: {', '.join(_SECTIONS)}.")
    parts = {section: _section(path, section, value) for section, value in table.items()}
    return Settings(home=home.resolve(), name=name, **parts)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


def render(name: str) -> str:
    """A whole `satchel.toml` with every setting, its default, its unit and what it is for."""
    lines = ["# Settings of this exchange. Restart `satchel up` after a change.", f"name = {_toml(name)}"]
    for section, kind in _SECTIONS.items():
        lines += ["", f"[{section}]"]
        for known in dataclasses.fields(kind):
            text = f"{known.name} = {_toml(known.default)}"
            lines.append(f"{text:<34} # {known.metadata['unit']}: {known.metadata['why']}")
    return "\n".join(lines) + "\n"
