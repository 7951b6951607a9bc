"""`satchel init`: a home comes to be.

Promises: nothing is made where the database or Redis does not answer, or the ledger is another home's, and nothing
stays where the disk is full or somebody breaks it off; secrets are created with mode 0600 and never overwritten; a
password is taken from a file or the environment, and never shown.
"""

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from broker import founding, offline
from broker.edge.home.durable import write_atomic
from broker.edge.home.folders import Home
from broker.edge.ledger.engine import connect, place_of
from broker.edge.ledger.migrate import upgrade
from broker.edge.pgp import keyring
from broker.edge.queue.queues import Queues
from broker.edge.settings import file, passwords
from broker.edge.settings.values import Settings
from broker.edge.sftp.hostkey import ensure_host_key
from broker.terminal.common import fail, say


def init(
    home: Annotated[Path, typer.Argument(help="The folder to make; it must be empty or not there yet.")],
    name: Annotated[str, typer.Option(help="The exchange's name, as LEAs see it.")] = "Satchel exchange",
    ledger_url: Annotated[str, typer.Option(help="An empty PostgreSQL database for the ledger.")] = "",
    redis_url: Annotated[str, typer.Option(help="A Redis or Valkey server for the queues.")] = "",
    ledger_password_file: Annotated[
        Path | None, typer.Option(help="A file of mode 0600 with the database's password.")
    ] = None,
    redis_password_file: Annotated[Path | None, typer.Option(help="A file of mode 0600 with Redis's password.")] = None,
) -> None:
    """Make a home: settings, the exchange's key, ledger and folders."""
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        fail(f"{home} is not an empty folder; choose another one.")
    offline.harden()
    if not name.strip() or not name.isprintable() or not str(home).isprintable():
        fail("The name of the exchange and of its folder must be plain text on one line.", 2)
    changed = {
        "ledger.url": _url("ledger", ledger_url),
        "ledger.password_file": str(ledger_password_file.absolute()) if ledger_password_file else "",
        "redis.url": _url("redis", redis_url),
        "redis.password_file": str(redis_password_file.absolute()) if redis_password_file else "",
    }
    chosen = file.parse(home.absolute(), file.render(name, changed))
    _check_servers(chosen)
    was_there = home.is_dir()
    try:
        _make(home, name, changed)
    except BaseException:  # a full disk, Ctrl-C: what was begun would be in the way of the next try
        _unmake(home, was_there)
        raise
    say(f"{home} is ready. Next: satchel lea add ID --name NAME --kind district --cert KEY.asc --home {home}")


def _make(home: Path, name: str, changed: Mapping[str, str]) -> None:
    folders = Home(home.absolute())
    folders.create()
    secret = keyring.generate(f"{name} <exchange@satchel.invalid>", "cv25519", offline.now(), None)
    _write_secret(folders.keys / "exchange.key", secret)
    _write_secret(folders.keys / "digest.key", secrets.token_bytes(32))
    write_atomic(folders.certificate, keyring.public(secret), 0o644)
    ensure_host_key(folders.keys / "ssh_host_ed25519")
    write_atomic(folders.settings, file.render(name, changed).encode(), 0o600)
    chosen = file.load(home)
    upgrade(connect(chosen), lambda connection: founding.settle(connection, chosen))


def _unmake(home: Path, was_there: bool) -> None:
    """Take away what was begun; the folder itself stays where it was there before."""
    if not was_there:
        shutil.rmtree(home, ignore_errors=True)
        return
    for one in home.iterdir():
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one, ignore_errors=True)
        else:
            one.unlink(missing_ok=True)


def _url(section: str, url: str) -> str:
    if not url.isprintable() or (url and passwords.is_in(url)):
        fail(
            f"--{section}-url must have no password in it, for others see it in the list of processes: give"
            f" --{section}-password-file FILE, or SATCHEL_{section.upper()}_PASSWORD in the environment.",
            2,
        )
    return url


def _check_servers(chosen: Settings) -> None:
    """Before anything is written: the database is there, and nobody's; Redis answers."""
    if chosen.ledger.url and offline.find_ledger(chosen)[1]:
        fail(f"The ledger at {place_of(chosen)} belongs to another home already; give the URL of an empty database.")
    if chosen.redis.url and not Queues(chosen).ping():
        fail("Redis does not answer; see --redis-url, and its password.")


def _write_secret(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
