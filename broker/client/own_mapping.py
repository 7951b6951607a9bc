"""The LEA's own `mapping.toml`, as an option of the commands that it runs on its own computer.

Promises: a file with faults ends the command, which tells them all.
"""

from pathlib import Path
from typing import Annotated

import typer

from broker.core.errors import Refused
from broker.formats import tables
from broker.formats.mapping.reading import MOST_BYTES
from broker.terminal.common import fail
from broker.terminal.files import read

MappingOption = Annotated[
    Path | None,
    typer.Option("--mapping", metavar="FILE", help="The mapping.toml that the state has of you.", show_default=False),
]


def mapping_text(path: Path | None) -> str:
    """The text of a mapping without faults; '' where there is none."""
    if path is None:
        return ""
    content = read(path, MOST_BYTES, "take out what is not used")
    try:
        tables.mapping_of(content)
    except Refused as refused:
        at = f"{refused.pointer}: " if refused.pointer else ""
        fail(f"{path}: {at}{refused.hint} [{refused.code}]")
    return content.decode("utf-8-sig")
