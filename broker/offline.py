"""What a command needs if it does not work on packets: settings, ledger, folders, a clock; no key, schemas or queue.

Owns how a process of Satchel begins. Promises: loads nothing that such a command does not need; raises `NotReady` with
one sentence where there is no usable home.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from broker.core.days.state_time import StateTime
from broker.core.errors import OperatorError
from broker.core.stays import Today
from broker.edge.bounded import privilege
from broker.edge.home import home_id
from broker.edge.home.apart import Apart
from broker.edge.home.folders import Home
from broker.edge.ledger import homes
from broker.edge.ledger.engine import REVISION, DatabaseError, Engine, connect, form, is_broken_off, place_of, reading
from broker.edge.settings import file
from broker.edge.settings.values import Settings

if TYPE_CHECKING:
    import structlog

    from broker.identity.model import Model


# What to say about SQLite's errors on its own file, by the beginning of the error's name.
_SQLITE = {
    "SQLITE_FULL": "The ledger cannot be written, for the disk is full; make room, and try again.",
    "SQLITE_IOERR": "The ledger's disk cannot be read or written; see whether it is full, and the system's log.",
    "SQLITE_READONLY": "The ledger may only be read by this account; see who owns ledger.db and its folder.",
    "SQLITE_CANTOPEN": "The ledger cannot be opened; see who owns ledger.db and its folder.",
    "SQLITE_BUSY": "The ledger is written by another program, and was not free in time; try again.",
}


class NotReady(OperatorError):
    """The home cannot be used as it is; the message says what to do."""


class Unreachable(NotReady):
    """The ledger's database does not answer, or cannot be read; the message is one sentence."""


def harden() -> None:
    """Keep records and keys out of core dumps (DESIGN section 1, promise 5) and out of reach of this user's other
    processes; new files are this user's alone."""
    privilege.hide_memory()
    os.umask(0o077)


def logger(part: str) -> "structlog.stdlib.BoundLogger":
    """JSON lines on standard error, for all code in this process (`broker.edge.log`)."""
    from broker.edge import log

    return log.begin(part)


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

    @property
    def time(self) -> StateTime:
        """Days and hours in the state's zone."""
        return self.settings.time

    def day(self) -> date:
        """Today in the state's zone."""
        return self.time.day(self.clock())

    def today(self) -> Today:
        """The day for judging where a student is."""
        return self.settings.today(self.day())

    @cached_property
    def apart(self) -> Apart:
        """The processes that work in the folders of LEAs with mounts of their own."""
        return Apart(self.home, self.settings.limits, self.settings.intake.answer_seconds)

    @cached_property
    def model(self) -> "Model":
        """The identity model; read when it is first used. Raises OperatorError for unusable model files."""
        from broker.identity.models import load

        return load(self.home.root, is_strict=self.settings.identity.birth_date_must_agree)


def model_of(home: Path | None) -> "Model":
    """The identity model for a command that can run without an exchange: the home's, with its settings, if there is a
    home. Raises OperatorError for unusable model files or settings."""
    from broker.identity.models import load

    has_settings = home is not None and (home / "satchel.toml").is_file()
    return load(home, is_strict=has_settings and file.load(home_of(home)).identity.birth_date_must_agree)


def home_of(given: Path | None) -> Path:
    """The home that a command is about. Raises NotReady when none is given."""
    if given is None:
        raise NotReady("Say which exchange: give --home FOLDER or set SATCHEL_HOME.")
    return given


def unopened(chosen: Settings) -> Offline:
    """The parts of a command that itself checks whether there is a ledger, and in which form."""
    return Offline(chosen, connect(chosen), Home(chosen.home), now)


def find_ledger(chosen: Settings) -> tuple[Engine, str]:
    """The ledger in any form, and its form. Raises NotReady where there is none, or it cannot be read."""
    folders, engine = Home(chosen.home), connect(chosen)
    if not chosen.ledger.url and not folders.ledger.is_file():
        raise NotReady(f"{folders.ledger} is not there; put it back from a backup.")
    try:
        with reading(engine) as connection:
            return engine, form(connection)
    except DatabaseError as error:
        raise Unreachable(f"The ledger of {chosen.home} cannot be opened: {reason_of(error)}.") from None


def said_of(error: Exception) -> str | None:
    """The sentence about a database that does not answer or breaks off; None for an error of the program itself."""
    if isinstance(error, DatabaseError) and is_broken_off(error):
        name = str(getattr(error.orig, "sqlite_errorname", ""))
        for begins, sentence in _SQLITE.items():
            if name.startswith(begins):
                return sentence
        return f"The ledger's database does not answer: {reason_of(error)}."
    return None


def reason_of(error: DatabaseError) -> str:
    """Why the database could not be reached, in its own words."""
    return " ".join(str(error.orig).partition("\n")[0].split()).rstrip(".") or "it does not answer"


def open_ledger(chosen: Settings, *, is_put_back: bool = False, has_keys: bool = True) -> Engine:
    """The ledger, in this program's form and bound to this home. Raises NotReady where it has another form, which only
    `satchel upgrade` changes; home_id.OtherHome where home, ledger and vault do not belong together, or one of them was
    restored from a backup and `is_put_back` does not allow for that. A part without the home's keys (`has_keys`) checks
    only the ids: its starter has checked the proof."""
    engine, found = find_ledger(chosen)
    if found == REVISION:
        check_home(engine, chosen, is_put_back=is_put_back, has_keys=has_keys)
        return engine
    if found > REVISION:
        raise later(chosen, found)
    was = f"has the form of an earlier program ({found}; this one needs {REVISION})" if found else "has no tables yet"
    todo = "stop the exchange, make a backup, and run" if found else "run"
    raise NotReady(f"The ledger of {chosen.home} {was}: {todo} `satchel upgrade --home {chosen.home}`.")


def check_home(engine: Engine, chosen: Settings, *, is_put_back: bool = False, has_keys: bool = True) -> None:
    """Check that home, ledger and vault belong together. Raises home_id.OtherHome."""
    home = Home(chosen.home)
    with reading(engine) as connection:
        owner, last = homes.owner(connection), homes.last_run(connection)
    home_id.check(home, owner, place_of(chosen), has_keys=has_keys)
    if not is_put_back:
        home_id.check_last(home, last)


def later(chosen: Settings, found: str) -> NotReady:
    """The error about a ledger that a later program has had: this program cannot know what its rows mean."""
    was = f"has the form of a later program ({found}; this one knows {REVISION})"
    return NotReady(f"The ledger of {chosen.home} {was}: use that program; nothing was changed.")


def build(given: Path | None, *, is_put_back: bool = False) -> Offline:
    """The parts of a command. Raises NotReady, settings.SettingsError, and what `open_ledger` does."""
    harden()
    chosen = file.load(home_of(given))
    return Offline(chosen, open_ledger(chosen, is_put_back=is_put_back), Home(chosen.home), now)
