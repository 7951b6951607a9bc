"""What a worker owes to the packets that it has claimed: that this attempt is not counted.

Owns a file of the home's `run/`, for the database may be away when it is known, and the process may have to end before
it is back. Promises: while it is noted, whoever frees these claims does not count them.
"""

from pathlib import Path

import structlog


class Owed:
    """Noted or not, in memory and in the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_noted = False

    @property
    def is_noted(self) -> bool:
        """Whether the claims under this worker's name were broken off by the world, now or when it last ended."""
        return self._is_noted or self._path.exists()

    def note(self, log: structlog.stdlib.BoundLogger) -> None:
        """They were; where the disk is full, only this process knows."""
        self._is_noted = True
        try:
            self._path.touch(mode=0o600)
        except OSError as full:
            log.warning("not noted what is owed", errno=full.errno)

    def settled(self) -> None:
        """The claims are free. Raises OSError where the note cannot be removed."""
        self._is_noted = False
        self._path.unlink(missing_ok=True)
