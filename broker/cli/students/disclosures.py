"""`satchel disclosures`: who was given which data about a student, and on what ground.

Promises: no student's name, because the log has none; reading the log first writes a line of it, and shows nothing
where that line cannot be written; only this user can read a file that it writes.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from broker import offline
from broker.cli.acting import operator
from broker.core.access import Action
from broker.formats.parent import story
from broker.terminal import given
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.terminal.files import created
from broker.verbs import disclosures as verbs
from broker.verbs.disclosures import Disclosure

ReaderOption = Annotated[
    str, typer.Option("--who", metavar="NAME", help="Who reads: your own name.", show_default="your account's name")
]
PURPOSES: Mapping[Action, str] = {
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
    """The format of the log."""

    STORY = "story"
    CSV = "csv"
    JSON = "json"


def show(
    ssid: Annotated[str, typer.Argument(metavar="[SSID]", help="The student's number.")] = "",
    is_all: Annotated[bool, typer.Option("--all", help="The whole log, not one student's only.")] = False,
    form: Annotated[Format | None, typer.Option("--format", help="How to write it.", show_default="story")] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file, which only you can read.")] = None,
    who: ReaderOption = "",
    why: PurposeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who was given or refused which data of a student: when, by whom, and on what ground."""
    if is_all == bool(ssid):
        fail("Say whose log: give an SSID, or --all.", 2)
    chosen = given.form(form, as_json, Format.JSON) or _by_name(out)
    services, actor, reason = offline.build(home), operator(who), why or PURPOSES[Action.READ_DISCLOSURES]
    if is_all:
        log = verbs.stream_disclosures(services, reason, actor=actor)
    else:
        log = verbs.read_disclosures(services, ssid, reason, actor=actor)
    write = _as_whole if is_all and chosen is Format.STORY else _WRITERS[chosen]
    sentence = partial(story.sentence, names=log.names, state=services.time)
    count = _write(log.lines, sentence, write, out)
    if out:
        say(f"{out}: {count:,} line{'s' * (count != 1)}.")


def _by_name(out: Path | None) -> Format:
    return {".csv": Format.CSV, ".json": Format.JSON}.get(out.suffix.lower(), Format.STORY) if out else Format.STORY


def _write(found: Iterable[Disclosure], sentence: "_Sentence", write: "_Writer", out: Path | None) -> int:
    """Write the lines; returns how many there were."""
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
    """Everybody's log as a story: each line begins with the student's number."""
    for one in found:
        file.write(f"{f'{one.ssid}: ' if one.ssid else ''}{sentence(one)}\n")


def _as_csv(found: Iterable[Disclosure], sentence: "_Sentence", file: TextIO) -> None:
    writer = csv.DictWriter(file, [*Disclosure.__dataclass_fields__, "sentence"], lineterminator="\r\n")  # RFC 4180
    writer.writeheader()
    for one in found:
        writer.writerow({name: _cell(value) for name, value in _row(one, sentence).items()})


def _cell(value: Any) -> Any:
    """A spreadsheet would run a text with such a beginning as a formula."""
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
