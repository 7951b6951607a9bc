"""`satchel student find`: the number of a student of whom somebody says a name, a birth date or an LEA's own number.

Promises: nothing is shown before it is in the disclosure log who looked, and what for, which must be said; a search
that finds nobody is logged, too; no more students are shown than somebody can look through.
"""

import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from broker import offline
from broker.cli.students.disclosures import ReaderOption, note_read
from broker.core.access import Action
from broker.core.stays import Today
from broker.edge.ledger.again import committed
from broker.edge.ledger.people import finding, flags, registry, stays
from broker.edge.ledger.people.finding import Asked
from broker.edge.ledger.people.registry import Person
from broker.terminal import given, tables
from broker.terminal.common import HomeOption, JsonOption, fail, say

_MOST = 20
_LEAST_LETTERS = 2


def find(
    name: Annotated[str, typer.Option(help="Parts of the name, in any order: letters of first, middle or last.")] = "",
    born: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="The birth date.")] = "",
    local_id: Annotated[str, typer.Option(help="The number that an LEA has given.")] = "",
    lea: Annotated[str, typer.Option(metavar="ID", help="Only who is or was at this LEA.")] = "",
    who: ReaderOption = "",
    why: Annotated[
        str, typer.Option("--why", metavar="TEXT", help="What for, in one line; asked for at a terminal.")
    ] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find a student by parts of a name, the birth date or a local id; your look is logged."""
    from broker.identity.normalise import key

    asked = _asked(name, born, local_id, lea, key)
    services = offline.build(home)
    purpose = why or _purpose()

    def look(connection: Connection) -> tuple[list[dict[str, Any]], bool]:
        persons = finding.find(connection, asked, key, _MOST + 1)
        shown = persons[:_MOST]
        numbers = [str(one.ssid) for one in shown] or [""]
        at = services.clock().timestamp()
        note_read(connection, numbers, Action.READ_REGISTRY, at, who=who, why=purpose, what="find")
        today = services.today()
        return [_shown(connection, one, today) for one in shown], len(persons) > _MOST

    found, is_more = committed(services.engine, look)
    if as_json:
        say(json.dumps({"students": found, "more": is_more}))
        return
    _tell(found, is_more)


def _asked(name: str, born: str, local_id: str, lea: str, key: Any) -> Asked:
    words = name.replace("-", " ").split()
    if not (words or born or local_id):
        fail("Say whom: give --name, --born or --local-id, or several of them.", 2)
    if any(len(key(word)) < _LEAST_LETTERS for word in words):
        fail(f"Each part of --name must have {_LEAST_LETTERS} letters at least.", 2)
    day = given.day(born, "--born", "a day, such as 2012-03-04").isoformat() if born else ""
    return Asked(words, day, local_id, lea)


def _purpose() -> str:
    """What for: asked for where somebody can answer."""
    if not sys.stdin.isatty():
        fail("Say what for: give --why TEXT; it goes into the disclosure log.", 2)
    return str(typer.prompt("What for (it goes into the disclosure log)", err=True))


def _shown(connection: Connection, person: Person, today: Today) -> dict[str, Any]:
    kept = registry.standing(connection, person.ssid)
    account = stays.account_of(registry.locations(connection, person.ssid), today)
    return {
        "ssid": person.ssid,
        "stands_for": kept.ssid if kept else None,
        "name": {"first": person.first, "middle": person.middle, "last": person.last, "suffix": person.suffix},
        "birth_date": person.birth_date,
        "here": account.here or "",
        "flagged": flags.is_flagged(connection, person.ssid),
    }


def _tell(found: Sequence[dict[str, Any]], is_more: bool) -> None:
    if not found:
        say("No student fits that; check the spelling, or say less.")
        return
    tables.show(("SSID", tables.text("name"), "born", "at", tables.text("")), map(_row, found))
    if is_more:
        say(f"These are the first {_MOST}; give more of the name, or the birth date, to see fewer.")
    say("`satchel student show SSID` has all that is known.")


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    name = " ".join(part for part in one["name"].values() if part)
    told = "flagged as missing" if one["flagged"] else ""
    if one["stands_for"] != one["ssid"]:
        told = f"{told} {one['stands_for'] or 'nobody'} stands for it".strip()
    return one["ssid"], name, one["birth_date"], one["here"], told
