"""home: creates a home.

Contract: nothing is made where the database or Redis does not answer, or the ledger is another home's, and nothing is
left where the disk is full or the user interrupts; secrets are created with mode 0600 and never overwritten.
"""

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from broker import founding, offline
from broker.core.access import Action
from broker.core.actor import Actor
from broker.core.errors import NotDone
from broker.edge.home.durable import write_atomic
from broker.edge.ledger.engine import Writing, place_of
from broker.edge.ledger.migrate import Upgraded, upgrade
from broker.edge.pgp import keyring
from broker.edge.queue.queues import Queues
from broker.edge.settings import file
from broker.edge.settings.values import Settings
from broker.edge.sftp.hostkey import ensure_host_key
from broker.offline import Offline
from broker.verbs.acting import note, verb


@verb(Action.RUN_EXCHANGE)
def make(room: Offline, changed: Mapping[str, str], *, actor: Actor) -> None:
    """Create the home of these settings, whose folder is empty or missing: settings (`changed` has those that differ
    from their defaults, by names such as `ledger.url`), the exchange's key, ledger and folders. Raises NotDone
    `ledger-taken`, `no-redis`, NotReady where the database does not answer."""
    _check_servers(room.settings)
    home = room.settings.home
    was_there = home.is_dir()
    try:
        _make(room, changed, actor)
    except BaseException:  # a full disk, Ctrl-C: leftovers would block the next try
        _unmake(home, was_there)
        raise


def _check_servers(chosen: Settings) -> None:
    """Before anything is written, check that the database answers and is nobody's, and that Redis answers."""
    if chosen.ledger.url and offline.find_ledger(chosen)[1]:
        raise NotDone("ledger-taken", place=place_of(chosen))
    if chosen.redis.url and not Queues(chosen).ping():
        raise NotDone("no-redis")


def _make(room: Offline, changed: Mapping[str, str], actor: Actor) -> None:
    folders, name = room.home, room.settings.name
    folders.create()
    secret = keyring.generate(f"{name} <exchange@satchel.invalid>", "cv25519", room.clock(), None)
    _write_secret(folders.keys / "exchange.key", secret)
    _write_secret(folders.keys / "digest.key", secrets.token_bytes(32))
    write_atomic(folders.certificate, keyring.public(secret), 0o644)
    ensure_host_key(folders.keys / "ssh_host_ed25519")
    write_atomic(folders.settings, file.render(name, changed).encode(), 0o600)
    chosen = file.load(room.settings.home)

    def also(connection: Writing, _: Upgraded) -> None:
        founding.settle(connection, chosen)
        note(connection, room, "make", actor=actor, subject=str(chosen.home))

    upgrade(room.engine, also)


def _unmake(home: Path, was_there: bool) -> None:
    """Remove what was made; the folder itself stays if it was there before."""
    if not was_there:
        shutil.rmtree(home, ignore_errors=True)
        return
    for one in home.iterdir():
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one, ignore_errors=True)
        else:
            one.unlink(missing_ok=True)


def _write_secret(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
