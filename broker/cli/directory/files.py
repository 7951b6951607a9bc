"""Files with public keys, as arguments of commands.

Promises: a file that cannot be read is one sentence that names it; the verbs judge its content.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from broker.core.errors import NotDone
from broker.terminal.files import read
from broker.verbs.keys import Given


def certificate(path: Path, most: int) -> Given:
    """An OpenPGP key or a revocation, of at most `most` bytes."""
    return Given(str(path), lambda: read(path, most, "export only the one public key"))


def ssh_keys(paths: Sequence[Path] | None) -> tuple[Given, ...]:
    """SSH public keys."""
    return tuple(Given(str(path), partial(_ssh_key, path)) for path in paths or ())


def _ssh_key(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise NotDone("ssh-unreadable", file=str(path)) from None
