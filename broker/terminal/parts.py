"""One file that a command writes, or several numbered ones where it is too much for one.

Owns their names: `list.json`, or `list-001.json`, `list-002.json` and so on. Promises: each has mode 0600, and gets its
name only when all of them are complete; none is written over a file that is there, unless that is wanted; what is
broken off leaves nothing.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from broker.edge.home import durable
from broker.terminal.common import fail


class Parts:
    """The files. `written` makes and ends it."""

    def __init__(self, folder: int, target: Path, *, replaces: bool) -> None:
        self.paths: list[Path] = []
        """The files' names, when they are complete."""
        self._folder = folder
        self._target = target
        self._replaces = replaces
        self._drafts: list[str] = []

    def add(self, content: bytes) -> None:
        """Write the next file. Raises OSError."""
        draft = f".{self._target.name}.{secrets.token_hex(8)}.part"
        descriptor = durable.create_at(self._folder, draft, 0o600)
        self._drafts.append(draft)
        try:
            durable.write_all(descriptor, content)
            durable.sync(descriptor)
        finally:
            os.close(descriptor)

    def end(self, ending: str) -> None:
        """Give all files their names; `ending` is theirs, where the target has none. Raises OSError, FileExistsError
        before the first one is named."""
        target = self._target if self._target.suffix else self._target.with_name(self._target.name + ending)
        several = len(self._drafts) > 1
        numbered = [target.with_name(f"{target.stem}-{n:03}{target.suffix}") for n in range(1, len(self._drafts) + 1)]
        paths = numbered if several else [target] * len(self._drafts)
        taken = [path for path in paths if durable.exists_at(self._folder, path.name)]
        if taken and not self._replaces:
            raise FileExistsError(0, "it is already there", str(taken[0]))
        for draft, path in zip(self._drafts, paths, strict=True):
            self._name(draft, path.name)
            self.paths.append(path)
        durable.sync(self._folder)

    def _name(self, draft: str, name: str) -> None:
        if self._replaces:
            os.replace(draft, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        else:
            durable.rename_new(self._folder, draft, self._folder, name)

    def drop(self) -> None:
        """Remove what has no name yet."""
        for draft in self._drafts:
            with suppress(FileNotFoundError):
                os.unlink(draft, dir_fd=self._folder)


@contextmanager
def written(target: Path, *, replaces: bool) -> Iterator[Parts]:
    """The files under the name `target`, or numbered ones beside it; what goes wrong ends the command with one sentence
    that names the file."""
    try:
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        fail(f"{target} cannot be written: {error.strerror}.")
    parts = Parts(folder, target, replaces=replaces)
    try:
        yield parts
    finally:
        parts.drop()
        os.close(folder)
