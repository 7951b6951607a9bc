"""What all commands share: the home option, output, and how they fail.

Promises: errors are one sentence on standard error; exit 2 for wrong use, 1 for failure; what else a command may end
with stands here.
"""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

NOT_RUNNING, NEEDS_SOMEBODY = 3, 4  # `satchel status`
REFUSED = 5  # `satchel fetch`: a new receipt refuses what was sent

HomeOption = Annotated[
    Path | None, typer.Option("--home", envvar="SATCHEL_HOME", help="The exchange's home.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def say(text: str) -> None:
    """A line of output, written at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def warn(sentence: str) -> None:
    """Tell of something that the command does not fail for, on standard error."""
    sys.stderr.write(f"{sentence}\n")


def fail(sentence: str, code: int = 1) -> NoReturn:
    """End the command with one sentence on standard error."""
    sys.stderr.write(sentence + "\n")
    raise typer.Exit(code)
