"""Which values each setting may have: type, range and form.

Owns three tables: the forms of texts, the highest numbers by unit, and the settings that depend on each other.
Promises: for any TOML value, either it is good or `wrong` says what is allowed; a value is never repeated, because it
may be a password. Nothing is looked up on a network, and on disk only the list of time zones.
"""

import ipaddress
import math
import re
import zoneinfo
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

_USUAL_ZONE = "America/Denver"  # the default; it needs no look at the list
_HOUR = "hour of the day"
# No machine needs more than these; a clock or a database would fail at about the next power of ten.
_HIGHEST = {
    "bytes": 2**60,
    "bytes per second": 2**60,
    "seconds": 31_622_400,
    "seconds of processor time": 31_622_400,
    "milliseconds": 86_400_000,
    "days": 36_500,
    "school days": 36_500,
    _HOUR: 24,
    "hour of every day": 23,  # for work that can never be switched off
    "port": 65_535,
    "percent": 100,
    "digits": 18,
    "processes": 1024,
    "levels": 200,
}
_HIGH = 1_000_000_000
_STATE = re.compile(r"[A-Z]{2}")
_REGION = re.compile(r"(?:[A-Z]{2}(?:-[A-Z0-9]{1,3})?)?")
_FILE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_LEA_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
_DAY = re.compile(r"(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
_DATABASES = frozenset({"sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"})
# options that Redis's driver accepts after the question mark and that make sense here
_REDIS_OPTIONS = re.compile(
    r"db|username|password|protocol|client_name|health_check_interval|retry_on_timeout|virtual_host"
    r"|socket_(?:timeout|connect_timeout|keepalive)|ssl_(?:cert_reqs|ca_certs|ca_path|certfile|keyfile|check_hostname"
    r"|min_version)"
)


class Form(NamedTuple):
    """The form of a text: its description, as the operator reads it after "must be", and the check."""

    what: str
    fits: Callable[[str], object]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_host(text: str) -> bool:
    labels = text.removesuffix(".").split(".")
    return not text or _is_address(text) or (len(text) <= 253 and all(map(_LABEL.fullmatch, labels)))


def _are_leas(text: str) -> bool:
    return all(_LEA_ID.fullmatch(one.strip()) for one in text.split(",") if one.strip())


def _is_redis(text: str) -> bool:
    if not text:
        return True
    try:
        found = urlsplit(text)
        options = parse_qs(found.query, keep_blank_values=True, strict_parsing=bool(found.query))
        port = found.port
    except ValueError:
        return False
    if not text.isprintable() or found.fragment or not all(_REDIS_OPTIONS.fullmatch(one) for one in options):
        return False
    if not all(one.isdigit() for one in options.get("db", [])):
        return False
    if found.scheme == "unix":
        return len(found.path) > 1
    number = found.path.removeprefix("/")
    is_there = bool(found.hostname) and port != 0 and (not number or number.isdigit())
    return found.scheme in ("redis", "rediss") and is_there


def _is_database(text: str) -> bool:
    if not text:
        return True
    try:
        found = urlsplit(text)
        is_there = found.port != 0
    except ValueError:
        return False
    kind = found.scheme.partition("+")[0]
    is_named = len(found.path) > 1 if kind == "sqlite" else True
    return text.isprintable() and "://" in text and found.scheme in _DATABASES and is_there and is_named


def _is_path(text: str) -> bool:
    return text.isprintable() and len(text.encode()) < 4096 and text == text.strip()


def _is_zone(text: str) -> bool:
    return text == _USUAL_ZONE or text in _zones()


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


_MONTH_DAY = Form("a month and a day, such as 07-01", _DAY.fullmatch)
_PASSWORD_FILE = Form("the path of a file, or empty", _is_path)
FORMS: Mapping[str, Form] = {
    "intake.watch": Form("auto, events or polling", lambda text: text in ("auto", "events", "polling")),
    "sftp.address": Form("an IP address, such as 127.0.0.1 or ::", _is_address),
    "sftp.host": Form("the name or address of a host, or empty", _is_host),
    "redis.url": Form("a redis://HOST:PORT/NUMBER, rediss:// or unix:///PATH URL, or empty", _is_redis),
    "redis.password_file": _PASSWORD_FILE,
    "ledger.url": Form("a postgresql://USER@HOST:PORT/NAME or sqlite:///PATH URL, or empty", _is_database),
    "ledger.password_file": _PASSWORD_FILE,
    "identity.state": Form("a code of two capital letters, such as UT", _STATE.fullmatch),
    "state.zone": Form("the name of a time zone, such as America/Denver", _is_zone),
    "claims.year_begins": _MONTH_DAY,
    "claims.opens": _MONTH_DAY,
    "claims.closes": _MONTH_DAY,
    "transfers.holidays": Form("a country and its part such as US-UT, or empty", _REGION.fullmatch),
    "transfers.year_round": Form("ids of LEAs with commas between them, or empty", _are_leas),
    "transfers.codes": Form("the name of a list of codes, such as utah", _FILE_NAME.fullmatch),
}
# The first must not be greater than the second.
ORDER = (
    ("told.aliases", "told.names"),
    ("workers.retry_first_seconds", "workers.retry_most_seconds"),
)
NAME = Form("a text of 1 to 200 printable characters", lambda text: bool(text.strip()) and is_line(text))


def is_line(text: str) -> bool:
    """Whether a text fits into a line of a page: no control characters, no half of a surrogate pair, not too long."""
    return text.isprintable() and len(text) <= 200


def high(unit: str) -> int:
    """The highest number that a setting of this unit may have."""
    return _HIGHEST.get(unit, _HIGH)


def wrong(key: str, value: Any, default: Any, unit: str, low: int | float) -> str:
    """What the setting must be, where this value is wrong; '' for a good one. Form of `key`: `section.name`."""
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "true or false, without quotation marks"
    if isinstance(default, str):
        form = FORMS[key]
        return "" if isinstance(value, str) and form.fits(value) else f"{form.what}, in quotation marks"
    return _wrong_number(value, isinstance(default, int), unit, low)


def _wrong_number(value: Any, is_whole: bool, unit: str, low: int | float) -> str:
    most = high(unit)
    if type(value) not in ((int,) if is_whole else (int, float)) or value in (math.inf, -math.inf) or value != value:
        return f"{'a whole number' if is_whole else 'a number'} from {low} to {most} ({unit})"
    if low <= value <= most:
        return ""
    if unit == _HOUR:
        return "an hour from 0 to 23, or 24 for never"
    return f"at least {low} ({unit})" if value < low else f"at most {most} ({unit})"
