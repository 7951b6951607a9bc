"""Brings the tables of a ledger to the newest form, with Alembic.

Promises: it is one transaction, so a ledger has its old form or its new one, whatever is killed; `upgrade` first keeps
a copy of a SQLite ledger that has tables; two upgrades do not race: the second one waits and finds nothing to do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from broker.edge.ledger import copies
from broker.edge.ledger.engine import REVISION, Reading, Writing, form, writing

_LOCK = 0x5A7C_4E1E  # any number that nobody else uses for an advisory lock in this database


@dataclass(frozen=True, slots=True)
class Upgraded:
    """`before` is the form that was found, '' without tables; `copy` is the file with the ledger in that form."""

    before: str
    copy: Path | None = None

    @property
    def is_changed(self) -> bool:
        """Whether there was anything to upgrade."""
        return self.before < REVISION


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _run(connection: Reading) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest form and keep no copy; does nothing where they have it already."""
    with writing(engine) as connection:
        _alone(connection)
        _run(connection)


def _alone(connection: Reading) -> None:
    """Wait until no other process does this; SQLite has only one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def upgrade(engine: Engine, also: Callable[[Writing, Upgraded], object] | None = None) -> Upgraded:
    """Bring the ledger to the newest form; a ledger of a later form is left alone. `also` runs in the same transaction
    after the upgrade, and gets what was done. Raises copies.NoCopy and engine.Busy."""
    with writing(engine) as connection:
        _alone(connection)
        before = form(connection)
        done = Upgraded(before)
        if done.is_changed:
            if before and connection.dialect.name == "sqlite":
                done = Upgraded(before, copies.keep(Path(str(engine.url.database)), before))
            _run(connection)
        if also and before <= REVISION:
            also(connection, done)
    return done
