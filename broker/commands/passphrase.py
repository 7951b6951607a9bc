"""Reading what the LEA's commands are given in files: documents, keys, passphrases.

Promises: bounded; a passphrase comes from a file, never from the command line, and no message shows it.
"""

from pathlib import Path
from typing import Annotated

import typer

from broker.commands.common import fail

PassphraseOption = Annotated[
    Path | None, typer.Option("--passphrase-file", help="A file whose first line is the key's passphrase.")
]


def read(path: Path, most: int) -> bytes:
    """A file's bytes, `most` at most."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}.")
    if len(content) > most:
        fail(f"{path} is larger than {most} bytes, the most that the exchange takes; split it.")
    return content


def passphrase_of(path: Path | None) -> str | None:
    """The first line of a passphrase file; None without one."""
    if path is None:
        return None
    try:
        return read(path, 4096).decode("utf-8").splitlines()[0]
    except (UnicodeDecodeError, IndexError):
        fail(f"{path} does not hold a passphrase in its first line.")
