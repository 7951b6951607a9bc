"""Homes that earlier programs left behind, each an archive: what an upgrade must bring up. See README.md here.

A further home is a further archive of the same make-up; the tests take every one that lies here.
"""

import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
ALL = tuple(sorted(path.name.removesuffix(".tar.xz") for path in _FOLDER.glob("*.tar.xz")))


@dataclass(frozen=True, slots=True)
class OldHome:
    """An unpacked archive.

    `facts` has what its maker calls by name: numbers of students, tracking ids; `said` the words of commands, and what
    the program that made the home printed for them as JSON; `students` the identity blocks, by the same names.
    """

    root: Path
    facts: dict[str, str]
    students: dict[str, Any]
    said: list[tuple[list[str], Any]]

    @property
    def home(self) -> Path:
        """The exchange's home."""
        return self.root / "home"

    @property
    def at(self) -> list[str]:
        """The home option."""
        return ["--home", str(self.home)]

    def key(self, lea: str) -> bytes:
        """An LEA's secret key."""
        return (self.root / "keys" / f"{lea}.key").read_bytes()


def unpack(name: str, root: Path) -> OldHome:
    """Unpack the archive of this name into a new folder `root`."""
    root.mkdir()
    with tarfile.open(_FOLDER / f"{name}.tar.xz") as archive:
        archive.extractall(root, filter="data")
    facts, students, said = (json.loads((root / f"{one}.json").read_text()) for one in ("facts", "students", "said"))
    return OldHome(root, facts, students, [(one["command"], one["says"]) for one in said])
