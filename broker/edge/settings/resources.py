"""Where the data files are: schemas, default configuration, public keys.

Owns this one question. Promises: the same answer in an installed wheel (inside the package, under `data`) and in a
checkout (beside the package); a missing folder is an error at start, not an empty folder.
"""

from importlib.resources import files
from pathlib import Path
from typing import Literal

Folder = Literal["schemas", "config", "keys"]


def folder(name: Folder) -> Path:
    """The folder of data files called `name`. Raises FileNotFoundError where there is none."""
    package = Path(str(files("broker")))
    for place in (package / "data" / name, package.parent / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"Satchel is not installed completely: its folder {name} is missing.")
