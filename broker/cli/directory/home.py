"""`satchel lea add` and `key`: enter parties into the directory, and their keys.

Promises: everything that was accepted is printed, so that it can be compared with what the LEA reads out.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from broker import offline
from broker.cli.acting import operator
from broker.cli.directory import files
from broker.cli.directory.keys_text import told_of_key
from broker.terminal.common import HomeOption, say, warn
from broker.verbs import directory, keys
from broker.verbs.keys import News, Taken


def add(
    lea: Annotated[str, typer.Argument(metavar="ID", help="Short id, such as 01 or 6G; also the SFTP user name.")],
    name: Annotated[str, typer.Option(help="The LEA's full name.")],
    kind: Annotated[str, typer.Option(help="district, charter, state or higher-ed.")],
    cert: Annotated[Path, typer.Option(help="Its OpenPGP public key.")],
    ssh_key: Annotated[list[Path] | None, typer.Option(help="An SSH public key for SFTP; may be repeated.")] = None,
    home: HomeOption = None,
) -> None:
    """Enter a party into the directory and make its folders."""
    services = offline.build(home)
    given = files.certificate(cert, services.settings.limits.certificate_bytes)
    done = directory.add_party(services, lea, name, kind, given, files.ssh_keys(ssh_key), actor=operator())
    say(f"{lea} ({name}) is in the directory with key {done.key.fingerprint}. Its folder: {done.folder}")
    for told in told_of_key(done.key, done.user_id, done.ssh_keys):
        say(told)
    warn_of_nameless(done.nameless)


def warn_of_nameless(found: Sequence[tuple[str, str]]) -> None:
    """Warn about keys whose user id now names another party."""
    for lea, mark in found:
        warn(
            f"From now on, key {mark} of {lea} is published without a name, because its user id now names another"
            f" party: gpg does not import it. Ask {lea} for a key with its own name."
        )


def key(
    lea: Annotated[str, typer.Argument(metavar="ID", help="The party's id.")],
    cert: Annotated[
        Path | None, typer.Option(help="A new OpenPGP key, a newer form of a known one, or a revocation.")
    ] = None,
    ssh_key: Annotated[list[Path] | None, typer.Option(help="An SSH public key to add.")] = None,
    remove_ssh_key: Annotated[
        list[Path] | None, typer.Option(help="An SSH public key that may no longer log in.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Renew a party's key, enter its revocation, or add a further key."""
    services = offline.build(home)
    given = files.certificate(cert, services.settings.limits.certificate_bytes) if cert else None
    news = News(given, files.ssh_keys(ssh_key), files.ssh_keys(remove_ssh_key))
    done = keys.change_keys(services, lea, news, actor=operator())
    for line in _told_of_taken(lea, done.key) if done.key else [f"{lea}: its SSH keys are recorded."]:
        say(line)


def _told_of_taken(lea: str, taken: Taken) -> Iterator[str]:
    state = f"it is not valid now [{taken.info.fault}]" if taken.info.fault else "it is valid"
    yield f"{lea}: key {taken.info.fingerprint} is recorded; {state}."
    if taken.info.fault is None:
        yield from told_of_key(taken.info, taken.user_id, ())
    if taken.missing:
        yield f"  It is published without a name, so gpg does not import it: {taken.missing}"
