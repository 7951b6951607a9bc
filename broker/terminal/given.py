"""What many commands are given: days, and in which form to write; who does something, and why.

Promises: what cannot be used ends the command with one sentence, and exit 2.
"""

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from broker.terminal.common import fail

WhoOption = Annotated[str, typer.Option(metavar="NAME", help="Who decides: your own name.")]
WhoOrAccountOption = Annotated[
    str, typer.Option(metavar="NAME", help="Who decides: your own name.", show_default="your account's name")
]
WhyOption = Annotated[str, typer.Option(metavar="TEXT", help="Why, in one line.")]
WhyOfStudentOption = Annotated[str, typer.Option(metavar="TEXT", help="Why, in one line, without a student's name.")]


class Format(StrEnum):
    """How a list is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


_BY_ENDING = {".csv": Format.CSV, ".json": Format.JSON}
Form = TypeVar("Form", bound=StrEnum)


def form(given: Form | None, as_json: bool, json: Form) -> Form | None:
    """The form by --format or, as `json`, by --json; None where neither is given."""
    if as_json and given not in (None, json):
        fail("--json and --format say different things; give one of them.", 2)
    return json if as_json else given


def form_by_name(out: Path) -> Format | None:
    """The form that the file's name ends with; None for another ending."""
    return _BY_ENDING.get(out.suffix.lower())


def day(text: str, place: str, must_be: str) -> date:
    """The day in this text, as ISO 8601 has it; `place` is where it was given, such as --from."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{place} must be {must_be}.", 2)


def own_clock() -> datetime:
    """The time by the clock on the wall of who runs the command: for commands that an LEA runs on its own computer,
    without a home, where nobody knows the state's time zone."""
    return datetime.now().astimezone()
