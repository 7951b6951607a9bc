"""What a command needs that does not work on packets: settings, ledger, folders, a clock; no key, no schemas, no queue.

Owns how a process of Satchel begins. Promises: loads nothing that such a command does not need; raises `NotReady` with
one sentence when there is no usable home.
"""

import logging
import os
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from broker.core.errors import OperatorError
from broker.edge import settings_file
from broker.edge.folders import Home
from broker.edge.ledger.engine import connect, is_current
from broker.edge.settings import Settings

if TYPE_CHECKING:
    import structlog

    from broker.identity.model import Model


class NotReady(OperatorError):
    """The home cannot be used as it is; the message says what to do."""


def harden() -> None:
    """No core dump may hold a record (DESIGN section 1, promise 5), and new files are this user's alone."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)


def logger(part: str) -> "structlog.stdlib.BoundLogger":
    """JSON lines on standard error; the library loggers speak through it, from WARNING up."""
    import structlog

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


@dataclass(frozen=True)
class Offline:
    """What commands need that do not work on packets: no key, no schemas, no queue."""

    settings: Settings
    engine: Engine
    home: Home
    clock: Callable[[], datetime]

    @cached_property
    def model(self) -> "Model":
        """Who is who; read when it is first asked for. Raises OperatorError for model files that cannot be used."""
        from broker.identity.models import load

        return load(self.home.root)


def home_of(given: Path | None) -> Path:
    """The home that a command is about. Raises NotReady when none is named."""
    if given is None:
        raise NotReady("Say which exchange: give --home FOLDER or set SATCHEL_HOME.")
    return given


def build(given: Path | None) -> Offline:
    """The parts of a command. Raises NotReady and settings.SettingsError."""
    harden()
    chosen = settings_file.load(home_of(given))
    folders, engine = Home(chosen.home), connect(chosen)
    if not chosen.ledger.url and not folders.ledger.is_file():
        raise NotReady(f"{folders.ledger} is not there; put it back from a backup.")
    try:
        current = is_current(engine)
    except DatabaseError as error:
        reason = str(error.orig).partition("\n")[0]
        raise NotReady(f"The ledger of {chosen.home} cannot be opened: {reason}.") from None
    if not current:
        from broker.edge.ledger.migrate import migrate

        migrate(engine)
    return Offline(chosen, engine, folders, now)
