"""`satchel disclosures`: who was given what of a student, and on what ground; the line that the operator's reads leave.

Promises: no student's name, for the log has none; whoever looks at one student's log, or at a student's data, leaves a
line of it first, and sees nothing where that cannot be written; what is written to a file only this user can read.
"""

import csv
import json
import os
import pwd
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from sqlalchemy import Connection

from broker import offline
from broker.core.access import Action, Deny, Role, judge
from broker.core.disclosure import Disclosure
from broker.core.review import By
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import reading
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import registry
from broker.formats.parent import story
from broker.terminal import given
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.terminal.files import created

ReaderOption = Annotated[
    str, typer.Option("--who", metavar="NAME", help="Who reads: your own name.", show_default="your account's name")
]
_PURPOSES: Mapping[Action, str] = {
    Action.READ_REGISTRY: "keeping the registry right",
    Action.READ_REVIEW: "deciding which student was meant",
    Action.READ_DISCLOSURES: "looking at the disclosure log",
    Action.RECEIVE_ALERT: "knowing which flags stand",
}
PurposeOption = Annotated[
    str,
    typer.Option("--why", metavar="TEXT", help="What for, in one line, without a student's name.", show_default=False),
]


class Format(StrEnum):
    """How the log is written."""

    STORY = "story"
    CSV = "csv"
    JSON = "json"


def account() -> str:
    """The name of the account that this process runs for."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"account {os.getuid()}"


def note_read(
    connection: Connection,
    ssids: Iterable[str],
    action: Action,
    at: float,
    *,
    who: str = "",
    why: str = "",
    what: str = "",
    tracking: str = "",
) -> None:
    """Leave a line for each of these students: the operator is about to see this. Called in a transaction that is
    committed before anything is shown; `at` is seconds since the epoch.

    Raises OperatorError for a `who` or `why` that is not one line.
    """
    by = By(who or account(), why or _PURPOSES[action])
    verdict = judge(Role.STATE_OPERATOR, action)
    if isinstance(verdict, Deny):
        raise AssertionError(f"the operator has a command for {action}, and no right to it")
    disclosures.add(
        connection,
        [
            Disclosure(
                at=at,
                ssid=ssid,
                action=action,
                outcome=verdict.outcome,
                party="",
                actor=by.who,
                what=what,
                ground=verdict.word,
                purpose=by.why,
                tracking=tracking,
            )
            for ssid in dict.fromkeys(ssids)
        ],
    )


def show(
    ssid: Annotated[str, typer.Argument(metavar="[SSID]", help="The student's number.")] = "",
    is_all: Annotated[bool, typer.Option("--all", help="The whole log, and not one student's.")] = False,
    form: Annotated[Format | None, typer.Option("--format", help="How to write it.", show_default="story")] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file, which nobody else may read.")] = None,
    who: ReaderOption = "",
    why: PurposeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell who was given, or refused, what of a student: when, by whom, and on what ground."""
    if is_all == bool(ssid):
        fail("Say whose log: give an SSID, or --all.", 2)
    chosen = given.form(form, as_json, Format.JSON) or _by_name(out)
    services = offline.build(home)
    at = services.clock().timestamp()

    def note(connection: Connection) -> None:
        if ssid and registry.person(connection, ssid) is None:
            fail(f"No student has the SSID {ssid}; check the number.")
        note_read(connection, [ssid], Action.READ_DISCLOSURES, at, who=who, why=why)

    committed(services.engine, note)
    with reading(services.engine) as connection:
        names: dict[str, str] = {party.id: party.name for party in directory.all_parties(connection)}
        sentence = partial(story.sentence, names=names, state=services.time)
        found = disclosures.all_of(connection) if is_all else iter(disclosures.about(connection, ssid))
        count = _write(found, sentence, _as_whole if is_all and chosen is Format.STORY else _WRITERS[chosen], out)
    if out:
        say(f"{out}: {count:,} line{'s' * (count != 1)}.")


def _by_name(out: Path | None) -> Format:
    return {".csv": Format.CSV, ".json": Format.JSON}.get(out.suffix.lower(), Format.STORY) if out else Format.STORY


def _write(found: Iterable[Disclosure], sentence: "_Sentence", write: "_Writer", out: Path | None) -> int:
    """How many lines there were."""
    count = 0

    def counted() -> Iterator[Disclosure]:
        nonlocal count
        for one in found:
            count += 1
            yield one

    with created(out) if out else nullcontext(sys.stdout) as file:
        write(counted(), sentence, file)
    return count


def _as_story(found: Iterable[Disclosure], sentence: "_Sentence", file: TextIO) -> None:
    file.writelines(f"{sentence(one)}\n" for one in found)


def _as_whole(found: Iterable[Disclosure], sentence: "_Sentence", file: TextIO) -> None:
    """The story of everybody: each line says whose it is."""
    for one in found:
        file.write(f"{f'{one.ssid}: ' if one.ssid else ''}{sentence(one)}\n")


def _as_csv(found: Iterable[Disclosure], sentence: "_Sentence", file: TextIO) -> None:
    writer = csv.DictWriter(file, [*Disclosure.__dataclass_fields__, "sentence"], lineterminator="\r\n")  # RFC 4180
    writer.writeheader()
    for one in found:
        writer.writerow({name: _cell(value) for name, value in _row(one, sentence).items()})


def _cell(value: Any) -> Any:
    """A spreadsheet takes what begins so for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _as_json(found: Iterable[Disclosure], sentence: "_Sentence", file: TextIO) -> None:
    before = "["
    for one in found:
        file.write(f"{before}\n{json.dumps(_row(one, sentence), ensure_ascii=False)}")
        before = ","
    file.write("[]\n" if before == "[" else "\n]\n")


def _row(one: Disclosure, sentence: "_Sentence") -> dict[str, Any]:
    return story.as_data(one) | {"sentence": sentence(one)}


_Sentence = Callable[[Disclosure], str]
_Writer = Callable[[Iterable[Disclosure], _Sentence, TextIO], None]
_WRITERS: Mapping[Format, _Writer] = {Format.STORY: _as_story, Format.CSV: _as_csv, Format.JSON: _as_json}
