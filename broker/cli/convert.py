"""`satchel convert`: a document in another form, on an LEA's own computer.

Promises: it needs no key, no home and no network; what is converted is what `satchel check` calls good, and all else is
reported as that does; nothing is overwritten unless that is asked for; a refused file is not converted at all.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from broker.checking.asked import Checker, Converted, NoFile, checking
from broker.checking.report import Verdict
from broker.cli import check
from broker.client.own_mapping import MappingOption, mapping_text
from broker.edge.bounded.warden import NoWard
from broker.edge.home.folders import lea_id
from broker.terminal import given, tables
from broker.terminal.common import JsonOption, fail, say
from broker.terminal.endings import sentence, shown
from broker.terminal.parts import Parts, written


def convert(
    file: Annotated[Path, typer.Argument(help="The document: JSON, PESC, CSV or a workbook.", show_default=False)],
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="FORM|TYPE", help="json, csv, xlsx or pesc; or a packet type.", show_default=False
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--output", "--out", help="The new file; FILE with another ending without it.", show_default=False
        ),
    ] = None,
    lea: Annotated[
        str, typer.Option("--lea", metavar="ID", help="Whose file it is; without it, what it says itself.")
    ] = "",
    mapping: MappingOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over files that are there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a document in another form: a table as the document that the exchange makes of it, or a document as a
    table.

    Lines that would come back are reported as by `check`, and not converted. What is too much for one packet becomes
    several numbered files. Ends with 0 where all is converted, with 1 where lines or the whole file are not, and with 2
    where the file cannot be read or has no such form.
    """
    try:
        whose = lea_id(lea) if lea else ""
    except ValueError as error:
        fail(f"--lea is no LEA's id: {error}.", 2)
    target = out or file.with_name(shown(file.stem))
    with written(target, replaces=replace) as parts, checking(mapping_text(mapping)) as checker:
        done = _converted(checker, parts, file, to, whose)
        if done.report.verdict in (Verdict.GOOD, Verdict.SOME):
            _name(parts, done.ending)
    _tell(file, done, parts, as_json=as_json)
    if done.report.verdict is not Verdict.GOOD:
        raise typer.Exit(1)


def _converted(checker: Checker, parts: Parts, file: Path, to: str, lea: str) -> Converted:
    try:
        done = checker.convert(file, to, lea, given.own_clock(), parts.add)
    except NoFile:
        fail(f"{shown(str(file))} is no ordinary file, but a pipe or a device; save it first.", 2)
    except NoWard:
        fail("The process that reads files did not start; see whether this computer has memory left, and try again.")
    except OSError as error:
        fail(sentence(error), 2)
    if done.unknown or done.unfit:
        fail(done.unknown or done.unfit, 2)
    if done.is_nobodys:
        fail("Nothing in the file says whose it is: give the LEA's id with --lea.", 2)
    return done


def _name(parts: Parts, ending: str) -> None:
    try:
        parts.end(ending)
    except FileExistsError as error:
        fail(f"{shown(str(error.filename))} is already there; choose another name with --out, or give --replace.")
    except OSError as error:
        fail(sentence(error))


def _tell(file: Path, done: Converted, parts: Parts, *, as_json: bool) -> None:
    names = [str(path) for path in parts.paths]
    if as_json:
        told = {"file": str(file), "written": names, "left_out": list(done.told)}
        say(json.dumps(told | done.report.to_json()))
        return
    if done.report.verdict is not Verdict.GOOD:
        for line in check.lines(shown(str(file)), done.report, check.width()):
            say(tables.plain(line))
    for one in done.told:
        say(tables.plain(f"Left out: {one}"))
    if not names:
        say("Nothing is written.")
        return
    count = f" ({done.report.good:,} students)" if done.report.students > 1 else ""
    first = shown(names[0])
    say(
        f"{first} is written{count}."
        if len(names) == 1
        else f"{len(names)} files are written{count}: {first} to {shown(names[-1])}."
    )
