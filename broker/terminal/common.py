"""What all commands share: the home option, output, and failures.

Promises: errors are one sentence on standard error; exit 2 for wrong use, 1 for failure; this module lists all other
exit codes.
"""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

NOT_RUNNING, NEEDS_SOMEBODY = 3, 4  # `satchel status`
REFUSED = 5  # `satchel fetch`: a new receipt refuses a sent file

HomeOption = Annotated[
    Path | None, typer.Option("--home", envvar="SATCHEL_HOME", help="The exchange's home.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def say(text: str) -> None:
    """Print a line of output at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def warn(sentence: str) -> None:
    """Report something on standard error that does not make the command fail."""
    sys.stderr.write(f"{sentence}\n")


def fail(sentence: str, code: int = 1) -> NoReturn:
    """End the command with one sentence on standard error."""
    sys.stderr.write(sentence + "\n")
    raise typer.Exit(code)
