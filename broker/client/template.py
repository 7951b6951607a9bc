"""`satchel template`: an empty table that an LEA fills in, with an example line, lists of values and explanations.

Promises: it needs no exchange; nothing is overwritten.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from broker.formats.templates import FORMS, TEMPLATES
from broker.terminal.common import JsonOption, fail, say
from broker.terminal.files import write_new


def template(
    kind: Annotated[str, typer.Argument(metavar="TYPE", help=f"The packet type: {', '.join(TEMPLATES)}.")],
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, without lists and explanations.")] = False,
    as_xlsx: Annotated[bool, typer.Option("--xlsx", help="As an Excel workbook; the default.")] = False,
    out: Annotated[
        Path | None, typer.Option("--output", "--out", help="The new file; TYPE.xlsx or TYPE.csv without it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a table to fill in: the names of the columns, an example line, and in a workbook lists of values and a page
    of explanations."""
    if kind not in TEMPLATES:
        fail(f"There is no template of this type; there are: {', '.join(TEMPLATES)}.", 2)
    if as_csv and as_xlsx:
        fail("--csv and --xlsx exclude each other.", 2)
    form = "csv" if as_csv else "xlsx" if as_xlsx else _by_name(out)
    target = out or Path(f"{kind}.{form}")
    made = TEMPLATES[kind]()
    write_new(target, FORMS[form](made), 0o644)
    if as_json:
        say(json.dumps({"file": str(target), "type": kind, "form": form, "columns": len(made.fields)}))
        return
    say(f"{target} has {len(made.fields)} columns and an example line: write over it, or delete it.")
    say("Look with `satchel check` whether the file that you send is good.")


def _by_name(out: Path | None) -> str:
    return "csv" if out is not None and out.suffix.lower() == ".csv" else "xlsx"
