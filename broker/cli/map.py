"""`satchel map`: an LEA looks at what the exchange would understand of a table, and gets a mapping proposed.

Promises: it needs no key, no home and no network; cells of the table are shown on a terminal alone, never in a file, a
pipe or JSON, which may end in a log; a guess is marked as one, and nothing applies it; nothing is overwritten.
"""

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from broker.checking.asked import NoFile, checking
from broker.checking.report import Fault
from broker.client.own_mapping import MappingOption, mapping_text
from broker.edge.bounded.warden import NoWard
from broker.formats.mapping import proposal
from broker.formats.mapping.seen import HOW, Seen, Understood
from broker.terminal import tables
from broker.terminal.common import JsonOption, fail, say
from broker.terminal.endings import sentence, shown
from broker.terminal.files import write_new

_MOST_CODES = 6  # of one column that are named on the screen
_WIDEST = 20  # letters of a cell on the screen
_WIDEST_LINE = 100
_LEAST_KNOWN = 2  # so many known columns make a line the header


def map_(
    file: Annotated[Path, typer.Argument(help="A table: CSV or a workbook.", show_default=False)],
    mapping: MappingOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "--output", help="The new file for the proposed mapping, such as mapping.toml."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is understood of a table, column by column beside its first lines, and propose a mapping for the rest.
    Ends with 0 where every column and code is understood, with 1 where something is not, and with 2 where the file
    cannot be read."""
    before = mapping_text(mapping)
    found = _understood(file, before)
    if out is not None:
        write_new(out, proposal.text(found, before).encode(), 0o600)
    if as_json:
        say(json.dumps(_data(found)))
    else:
        _show(shown(str(file)), found)
        _tell_next(file, found, out)
    if not _is_whole(found):
        raise typer.Exit(1)


def _understood(file: Path, before: str) -> Understood:
    try:
        with checking(before) as checker:
            found = checker.understand(file)
    except NoFile:
        fail(f"{shown(str(file))} is no ordinary file, but a pipe or a device; save it first.", 2)
    except NoWard:
        fail("The process that reads files did not start; see whether this computer has memory left, and try again.")
    except OSError as error:
        fail(sentence(error), 2)
    if isinstance(found, Fault):
        at = f" ({found.place})" if found.place else ""
        fail(f"{shown(str(file))}{at}: {found.wrong} {found.what_to_do} [{found.code}]", 2)
    return found


def _is_whole(found: Understood) -> bool:
    return not found.missing and not any(one.how in ("unknown", "secret") or one.codes for one in found.columns)


def _show(file: str, found: Understood) -> None:
    lines = f"{found.lines} line{'s' * (found.lines != 1)} below its header in {found.where}"
    if found.missing:
        _say(f"{file}: it looks like {found.document}, but is none yet; {lines}.")
        _say(f"Missing for {found.document}: {', '.join(found.missing)}.")
    else:
        _say(f"{file}: {found.document}; {lines}.")
    is_seen = tables.console().is_terminal
    is_told = is_seen or _is_header(found)
    named = [tables.Column("column"), tables.text("is read as"), *([tables.text("first lines")] if is_seen else [])]
    tables.show(
        named, [_row(one, is_seen=is_seen, is_told=is_told) for one in found.columns if one.header or any(one.cells)]
    )
    for line in _rest(found, is_seen=is_seen):
        _say(line)


def _say(text: str) -> None:
    """Print a sentence, broken between words for the screen."""
    wide = tables.console()
    width = wide.width if wide.is_terminal else _WIDEST_LINE
    for line in textwrap.wrap(tables.plain(text), width, subsequent_indent="  ", break_long_words=False):
        say(line)


def _is_header(found: Understood) -> bool:
    """Whether so many names are known, or like known ones, that the line is a header, and not one of a student."""
    known = sum(one.how in ("name", "mapping", "ignored") for one in found.columns)
    return known >= _LEAST_KNOWN or known + sum(bool(one.guess) for one in found.columns) > _LEAST_KNOWN


def _row(one: Seen, *, is_seen: bool, is_told: bool) -> list[str]:
    read = one.field if one.how in ("name", "mapping") else f"? {one.guess}" if one.guess else f"({HOW[one.how]})"
    cells = " | ".join(_short(cell) for cell in one.cells)
    return [f"{one.letter} {_short(one.header) if is_told else ''}", read, *([cells] if is_seen else [])]


def _short(cell: str) -> str:
    return cell if len(cell) <= _WIDEST else f"{cell[: _WIDEST - 1]}…"


def _rest(found: Understood, *, is_seen: bool) -> Iterator[str]:
    if any(one.guess for one in found.columns):
        yield "? is a guess by the name, which nothing applies."
    for name in found.defaults:
        yield f"{name}: by the mapping's default."
    if found.dates:
        yield found.dates
    for one in found.columns:
        if one.codes:
            some = [f"{code.code} ({code.lines})" for code in one.codes[:_MOST_CODES]]
            more = len(one.codes) - len(some) + one.more_codes
            told = f"{', '.join(some)}{f' and {more} more' if more else ''}" if is_seen else str(len(some) + more)
            where = f"column {one.letter} ({one.field or one.guess})"
            yield f"Codes that are not known in {where}, with their lines: {told}."


def _tell_next(file: Path, found: Understood, out: Path | None) -> None:
    if out is not None:
        _say(f"{out} has the proposal. Look at every line that begins with #: mend it, and take the # away.")
        say(f"Then look again:  satchel map {shown(str(file))} --mapping {out}")
    elif not _is_whole(found):
        _say("With --out mapping.toml you get a mapping proposed for the rest, to complete it.")


def _data(found: Understood) -> dict[str, object]:
    """The account without cells; codes are cells, too, and only counted."""
    is_told = _is_header(found)
    columns = [
        {
            "column": one.letter,
            "header": one.header if is_told else "",
            "field": one.field,
            "how": one.how,
            "guess": one.guess,
        }
        | {"unknown_codes": len(one.codes) + one.more_codes}
        for one in found.columns
    ]
    more = {"missing": found.missing, "columns": columns, "dates": found.dates, "defaults": found.defaults}
    return {"document": found.document, "header": found.where, "lines": found.lines} | more
