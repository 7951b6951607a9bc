"""Options of many commands: days, output formats, who does something, and why.

Promises: a value that cannot be used ends the command with one sentence, and exit 2.
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
    """The format of a list."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


_BY_ENDING = {".csv": Format.CSV, ".json": Format.JSON}
Form = TypeVar("Form", bound=StrEnum)


def form(given: Form | None, as_json: bool, json: Form) -> Form | None:
    """The format from --format or, as `json`, from --json; None where neither is given."""
    if as_json and given not in (None, json):
        fail("--json and --format say different things; give one of them.", 2)
    return json if as_json else given


def form_by_name(out: Path) -> Format | None:
    """The format for the ending of the file's name; None for another ending."""
    return _BY_ENDING.get(out.suffix.lower())


def day(text: str, place: str, must_be: str) -> date:
    """The day in this text, in ISO 8601; `place` is where it was given, such as --from."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{place} must be {must_be}.", 2)


def own_clock() -> datetime:
    """The local time of the user's computer: for commands that an LEA runs on its own computer, without a home, where
    the state's time zone is unknown."""
    return datetime.now().astimezone()
