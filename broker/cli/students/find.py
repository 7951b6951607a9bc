"""`satchel student find`: finds a student's number by a name, a birth date or an LEA's own number.

Promises: before anything is shown, the disclosure log has who searched, and what for, which must be given; a search
without a result is logged too; no more students are shown than a person can look through.
"""

import json
import sys
from typing import Annotated, Any

import typer

from broker import offline
from broker.cli import refusals
from broker.cli.acting import operator
from broker.cli.students.disclosures import ReaderOption
from broker.core.errors import NotDone
from broker.terminal import given, tables
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.verbs import students as verbs
from broker.verbs.students import Found, FoundStudent, Sought


def find(
    name: Annotated[str, typer.Option(help="Parts of the name, in any order: letters of first, middle or last.")] = "",
    born: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="The birth date.")] = "",
    local_id: Annotated[str, typer.Option(help="The number that an LEA has given.")] = "",
    lea: Annotated[str, typer.Option(metavar="ID", help="Only students who are or were at this LEA.")] = "",
    who: ReaderOption = "",
    why: Annotated[
        str, typer.Option("--why", metavar="TEXT", help="What for, in one line; asked for at a terminal.")
    ] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find a student by parts of a name, the birth date or a local id; the disclosure log records your search."""
    sought = _sought(name, born, local_id, lea)
    services = offline.build(home)
    found = verbs.find_students(services, sought, why or _purpose(), actor=operator(who))
    if as_json:
        say(json.dumps({"students": [_data(one) for one in found.students], "more": found.is_more}))
        return
    _tell(found)


def _sought(name: str, born: str, local_id: str, lea: str) -> Sought:
    day = given.day(born, "--born", "a day, such as 2012-03-04") if born else None
    try:
        return Sought(name, day, local_id, lea)
    except NotDone as error:  # too little was given
        fail(refusals.sentence(error), 2)


def _purpose() -> str:
    """The reason, from a prompt on a terminal."""
    if not sys.stdin.isatty():
        fail("Say what for: give --why TEXT; it goes into the disclosure log.", 2)
    return str(typer.prompt("What for (it goes into the disclosure log)", err=True))


def _data(one: FoundStudent) -> dict[str, Any]:
    name = one.name
    return {
        "ssid": one.ssid,
        "stands_for": one.stands_for,
        "name": {"first": name.first, "middle": name.middle, "last": name.last, "suffix": name.suffix},
        "birth_date": one.birth_date,
        "here": one.here,
        "flagged": one.is_flagged,
    }


def _tell(found: Found) -> None:
    if not found.students:
        say("No student fits that; check the spelling, or give less of the name.")
        return
    tables.show(("SSID", tables.text("name"), "born", "at", tables.text("")), map(_row, found.students))
    if found.is_more:
        say(f"These are the first {len(found.students)}; give more of the name, or the birth date, to see fewer.")
    say("`satchel student show SSID` shows all that is known.")


def _row(one: FoundStudent) -> tuple[str, ...]:
    name = one.name
    spoken = " ".join(part for part in (name.first, name.middle, name.last, name.suffix) if part)
    told = "flagged as missing" if one.is_flagged else ""
    if one.stands_for != one.ssid:
        told = f"{told} {one.stands_for or 'nobody'} stands for it".strip()
    return one.ssid, spoken, one.birth_date, one.here, told
