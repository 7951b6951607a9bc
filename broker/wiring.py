"""Settings -> Services: the only place where the parts of one process are put together.

Owns nothing that lives longer than the process. Promises: raises `NotReady` with one sentence for the operator when the
home is not complete; hardens the process that will hold plaintext.
"""

import hashlib
import hmac
import logging
import os
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
import uuid6
from sqlalchemy import Engine

from broker.edge import openpgp, settings
from broker.edge.contracts import Contracts
from broker.edge.folders import Home
from broker.edge.inbox import Inboxes
from broker.edge.ledger.engine import connect, is_current, migrate
from broker.edge.outbox import Outboxes
from broker.edge.queues import Queues
from broker.edge.resources import folder as data_folder
from broker.edge.vault import DirectoryVault
from broker.stages.services import Services


class NotReady(Exception):
    """The home cannot be used as it is; the message says what to do."""


def harden() -> None:
    """No core dump may hold a record (DESIGN section 1, promise 5), and new files are this user's alone."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)


def logger(part: str) -> structlog.stdlib.BoundLogger:
    """JSON lines on standard error; the library loggers speak through it, from WARNING up."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format='{"part":"%(name)s","event":"%(message)s"}')
    logging.getLogger("satchel").setLevel(logging.INFO)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    bound: structlog.stdlib.BoundLogger = structlog.get_logger().bind(part=part)
    return bound


def now() -> datetime:
    """The clock of the exchange."""
    return datetime.now(UTC)


def new_tracking() -> str:
    """A UUIDv7 (RFC 9562 section 5.7): sorts by time."""
    return str(uuid6.uuid7())


def read_key(home: Home) -> openpgp.SecretKey:
    """The exchange's own key. Raises NotReady."""
    try:
        return openpgp.load_secret((home.keys / "exchange.key").read_bytes())
    except OSError:
        raise NotReady(f"{home.keys / 'exchange.key'} cannot be read; was this home made by `satchel init`?") from None


def digester(home: Home) -> "Digester":
    """The keyed digest of documents. Raises NotReady."""
    try:
        return Digester((home.keys / "digest.key").read_bytes())
    except OSError:
        raise NotReady(f"{home.keys / 'digest.key'} cannot be read; was this home made by `satchel init`?") from None


class Digester:
    """HMAC-SHA256 (RFC 2104) of a document under a secret of this home."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __call__(self, content: bytes) -> str:
        """64 hex digits."""
        return hmac.new(self._secret, content, hashlib.sha256).hexdigest()


def build(home: Path, part: str, number: int = 0) -> Services:
    """The parts of one process of the exchange. Raises NotReady and settings.SettingsError."""
    harden()
    chosen = settings.load(home)
    folders = Home(chosen.home)
    return Services(
        settings=chosen,
        engine=connect(chosen),
        vault=DirectoryVault(folders.vault),
        home=folders,
        outboxes=Outboxes(folders, chosen.limits),
        inboxes=Inboxes(folders),
        key=read_key(folders),
        contracts=Contracts(data_folder("schemas"), chosen.identity.ssid_digits, chosen.limits.students_per_enrollment),
        queues=Queues(chosen),
        clock=now,
        new_tracking=new_tracking,
        digest=digester(folders),
        worker=f"{part}-{number}",
        log=logger(f"{part}-{number}"),
    )


@dataclass(frozen=True, slots=True)
class Offline:
    """What commands need that do not work on packets: no key, no schemas, no queue."""

    settings: settings.Settings
    engine: Engine
    home: Home
    clock: Callable[[], datetime]


def home_of(given: Path | None) -> Path:
    """The home that a command is about. Raises NotReady when none is named."""
    if given is None:
        raise NotReady("Say which exchange: give --home FOLDER or set SATCHEL_HOME.")
    return given


def build_offline(given: Path | None) -> Offline:
    """The parts of a command. Raises NotReady and settings.SettingsError."""
    harden()
    chosen = settings.load(home_of(given))
    engine = connect(chosen)
    if not is_current(engine):
        migrate(engine)
    return Offline(chosen, engine, Home(chosen.home), now)
