"""`satchel init`: creates a home.

Promises: a password comes from a file or the environment, and is never shown; for the rest see
`broker.verbs.installation.home`.
"""

from pathlib import Path
from typing import Annotated

import typer

from broker import offline
from broker.cli.acting import operator
from broker.edge.settings import file, passwords
from broker.terminal.common import fail, say
from broker.verbs.installation import home as making


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
    making.make(offline.unopened(chosen), changed, actor=operator())
    say(f"{home} is ready. Next: satchel lea add ID --name NAME --kind district --cert KEY.asc --home {home}")


def _url(section: str, url: str) -> str:
    if not url.isprintable() or (url and passwords.is_in(url)):
        fail(
            f"--{section}-url must have no password in it, for others see it in the list of processes: give"
            f" --{section}-password-file FILE, or SATCHEL_{section.upper()}_PASSWORD in the environment.",
            2,
        )
    return url
