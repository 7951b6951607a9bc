"""A note that a worker's claimed packets must not have this attempt counted.

Owns a file in the home's `run/`, because the database may be away when this is known, and the process may have to end
before it is back. Promises: while the note is there, freeing these claims does not count the attempt.
"""

from pathlib import Path

import structlog


class Owed:
    """The note, in memory and in the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_noted = False

    @property
    def is_noted(self) -> bool:
        """Whether a failure of the world broke off this worker's claims, now or when the worker last ended."""
        return self._is_noted or self._path.exists()

    def note(self, log: structlog.stdlib.BoundLogger) -> None:
        """Write the note; where the disk is full, only this process knows it."""
        self._is_noted = True
        try:
            self._path.touch(mode=0o600)
        except OSError as full:
            log.warning("not noted what is owed", errno=full.errno)

    def settled(self) -> None:
        """Remove the note, because the claims are free. Raises OSError where it cannot be removed."""
        self._is_noted = False
        self._path.unlink(missing_ok=True)
