"""exchange: start the exchange, upgrade its ledger, and continue after a restored backup.

Contract: each verb writes its line in the log of acts in the transaction of its change. An upgrade, and continuing
after a backup, need the exchange stopped; if they are killed at any moment, the ledger is in its old or its new state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from broker import founding, offline
from broker.core.access import Action
from broker.core.actor import Actor
from broker.core.model import LeaId
from broker.edge.ledger.engine import REVISION, Writing
from broker.edge.ledger.migrate import Upgraded
from broker.edge.ledger.migrate import upgrade as upgrade_ledger
from broker.edge.settings import passwords
from broker.edge.settings.values import Settings
from broker.offline import Offline
from broker.verbs.acting import note, recorded, verb

__all__ = ["Now", "check_start", "go_on", "start", "upgrade"]


@dataclass(frozen=True, slots=True)
class Now:
    """The form that a ledger had, '' for none, and has now; the copy of its old state, where one was made; and the LEAs
    whose inbox is missing or in doubt. With `was_settled` there was nothing to do at all."""

    before: str
    form: str
    is_changed: bool
    copy: Path | None = None
    doubtful: tuple[LeaId, ...] = ()
    was_settled: bool = False


@verb(Action.RUN_EXCHANGE)
def upgrade(room: Offline, *, actor: Actor) -> Now:
    """Bring the ledger of an earlier program to this program's form, and bind it to this home; of two upgrades at once
    the second one waits, and finds nothing to do. Raises NotDone `running`, NotReady where there is no ledger, or a
    later program's."""
    chosen = room.settings
    _, found = offline.find_ledger(chosen)
    if found > REVISION:
        raise offline.later(chosen, found)
    if found == REVISION and founding.is_settled(room.engine, chosen):
        return Now(found, REVISION, is_changed=False, was_settled=True)
    doubtful: list[LeaId] = []

    def also(connection: Writing, done: Upgraded) -> None:
        doubtful.extend(founding.settle(connection, chosen))
        told = {"from": done.before, "to": REVISION, "inboxes_in_doubt": doubtful}
        note(connection, room, "upgrade", actor=actor, subject=str(chosen.home), told=told)

    with founding.stopped(room.home):
        done = upgrade_ledger(room.engine, also)
    return Now(done.before, REVISION, done.is_changed, done.copy, tuple(doubtful))


@verb(Action.RUN_EXCHANGE)
def go_on(room: Offline, *, actor: Actor) -> Sequence[LeaId]:
    """Continue with a home or a ledger that was restored from a backup; returns the LEAs whose inbox lacks packets or
    is missing, and therefore has no mark any more. Raises NotDone `running`."""
    with founding.stopped(room.home):
        return recorded(
            room,
            "go_on",
            lambda connection: founding.accept(connection, room.home),
            actor=actor,
            subject=str(room.settings.home),
            told=lambda doubtful: {"inboxes_in_doubt": list(doubtful)},
        )


@verb(Action.RUN_EXCHANGE)
def check_start(room: Offline, *, actor: Actor) -> None:
    """Check that nothing in the settings forbids a start: no federal name. Raises as `joining.check_settings`."""
    from broker.parties import joining  # imported here, because it needs the OpenPGP library

    joining.check_settings(room)


@verb(Action.RUN_EXCHANGE)
def start(room: Offline, *, actor: Actor) -> Sequence[LeaId]:
    """Record that the exchange runs, with its settings, in the log of acts, and bring the LEAs' pages up to date with
    them. Returns the LEAs whose folder is missing."""
    from broker.parties.pages import write_readmes  # imported here, because it needs the OpenPGP and SSH libraries

    chosen = room.settings
    told = {"name": chosen.name, "settings": _unlike_defaults(chosen)}
    recorded(room, "start", lambda _: None, actor=actor, subject=str(chosen.home), told=lambda _: told)
    return write_readmes(room)


def _unlike_defaults(chosen: Settings) -> Mapping[str, Any]:
    """The settings that differ from their defaults, by names such as `sftp.port`; without passwords."""
    sections = [(one.name, getattr(chosen, one.name)) for one in fields(Settings) if is_dataclass(one.default)]
    values = [(f"{name}.{one.name}", getattr(of, one.name), one.default) for name, of in sections for one in fields(of)]
    return {key: _shown(value) for key, value, default in values if value != default}


def _shown(value: Any) -> Any:
    return "a URL with a password" if isinstance(value, str) and "://" in value and passwords.is_in(value) else value
