"""The passphrase of the LEA's own key.

Promises: a passphrase comes from a file, never from the command line, and no message shows it.
"""

from pathlib import Path
from typing import Annotated

import typer

from broker.terminal.common import fail
from broker.terminal.files import read

PassphraseOption = Annotated[
    Path | None, typer.Option("--passphrase-file", help="A file whose first line is the key's passphrase.")
]


def passphrase_of(path: Path | None) -> str | None:
    """The first line of a passphrase file; None without one."""
    if path is None:
        return None
    try:
        return read(path, 4096).decode("utf-8").splitlines()[0]
    except (UnicodeDecodeError, IndexError):
        fail(f"{path} does not hold a passphrase in its first line.")
