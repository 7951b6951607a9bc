"""Copies of a SQLite ledger, in files beside it.

Promises: a copy is the ledger at one moment, even if others write meanwhile; it gets its name only when it is whole and
on disk; only its owner may read it, and it never replaces an earlier copy.
"""

import itertools
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from broker.core.errors import OperatorError
from broker.edge.home import durable


class NoCopy(OperatorError):
    """There is no room for a copy, or it cannot be written."""


def keep(ledger: Path, form: str) -> Path:
    """Copy the ledger, whose tables have this form; returns the copy. Raises NoCopy, and then leaves nothing behind."""
    copy = _free(ledger, form)
    part = ledger.with_name(f".{ledger.stem}.part")
    try:
        _purge(part)  # left by a copy that was killed
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        _fill(ledger, part)
        part.rename(copy)
        durable.sync_folder(copy.parent)
    except (OSError, sqlite3.Error) as error:
        _purge(part)
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise NoCopy(f"No copy of {ledger} could be made beside it ({why}); nothing was changed.") from None
    return copy


def _free(ledger: Path, form: str) -> Path:
    first = ledger.with_name(f"{ledger.stem}-{form}{ledger.suffix}")
    further = (first.with_stem(f"{first.stem}-{number}") for number in itertools.count(2))
    return next(path for path in itertools.chain([first], further) if not path.exists())


def _fill(ledger: Path, part: Path) -> None:
    """Uses SQLite's own backup (sqlite.org/backup.html), page by page."""
    read_only = f"{ledger.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(read_only, uri=True)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)
    with part.open("rb") as written:
        durable.sync(written.fileno())


def _purge(part: Path) -> None:
    for path in (part, part.with_name(f"{part.name}-journal")):
        path.unlink(missing_ok=True)
