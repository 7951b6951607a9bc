"""`satchel student show | merge | unmerge` and `satchel identity reindex`: the registry, by the state's operator.

Promises: `show` prints names to the operator who asks for them by number; no names are logged, but the disclosure log
records the reading; a merge of two numbers needs a name and a reason, and can be undone.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from broker import offline, wiring
from broker.cli.acting import named, operator
from broker.cli.students import registry_text
from broker.cli.students.disclosures import PURPOSES, PurposeOption, ReaderOption
from broker.core.access import Action
from broker.edge.home.running import is_alive, read_beats
from broker.terminal import bars
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.terminal.given import WhoOption, WhyOfStudentOption
from broker.verbs import index, merges, students
from broker.verbs.merges import Merged

KeptArgument = Annotated[str, typer.Argument(metavar="KEPT", help="The SSID that stands for both.")]
OtherArgument = Annotated[str, typer.Argument(metavar="OTHER", help="The SSID that becomes part of it.")]
_MOST_NAMED = 20


def show(
    ssid: Annotated[str, typer.Argument(metavar="SSID", help="The student's number.")],
    who: ReaderOption = "",
    why: PurposeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the registry knows of one student, who sent it and when; the disclosure log records your reading."""
    purpose = why or PURPOSES[Action.READ_REGISTRY]
    services = offline.build(home)
    found = students.show_student(services, ssid, purpose, actor=operator(who)).to_json()
    if as_json:
        say(json.dumps(found))
        return
    for line in registry_text.tell(found, services.time):
        say(line)


def merge(
    kept: KeptArgument,
    other: OtherArgument,
    who: WhoOption,
    why: WhyOfStudentOption,
    is_sure: Annotated[
        bool, typer.Option("--sure", help="Merge them even if they do not look like one student.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Merge two SSIDs of one student; records that waited only for that go on."""
    done = merges.merge(
        wiring.build(offline.build(home).settings.home, "registry"), kept, other, why, actor=named(who), is_sure=is_sure
    )
    _report(as_json, kept, other, done, f"{kept} stands for {other}, too.")


def unmerge(
    kept: KeptArgument,
    other: OtherArgument,
    who: WhoOption,
    why: WhyOfStudentOption,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Undo a merge: each SSID stands for itself again."""
    done = merges.unmerge(
        wiring.build(offline.build(home).settings.home, "registry"), kept, other, why, actor=named(who)
    )
    _report(as_json, kept, other, done, f"{other} stands for itself again.")


def _report(as_json: bool, kept: str, other: str, merged: Merged, sentence: str) -> None:
    done, waiting = merged.outcome, merged.waiting
    if as_json:
        told = asdict(done) | {"kept": kept, "merged": other, "questions": waiting}
        say(json.dumps(told))
        return
    say(f"{sentence} Rows: {done.names} names, {done.evidence} of evidence, {done.locations} locations.")
    say(f"{done.packets} packets are about {other}; no receipt was changed.")
    _name("These went on", done.released)
    _name("These are back where they were", done.returned)
    _name("Delivered since the merge, and cannot be taken back; ask their receivers to delete them", done.delivered)
    _name("Questions that name it wait: `satchel review show` and `decide`", tuple(one for one, _ in waiting))


def _name(what: str, ids: tuple[str, ...]) -> None:
    if ids:
        more = f" and {len(ids) - _MOST_NAMED} more" if len(ids) > _MOST_NAMED else ""
        say(f"{what}: {', '.join(ids[:_MOST_NAMED])}{more}.")


def reindex(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Rebuild the registry's index, after a new identity model."""
    services = offline.build(home)
    if _is_running(services):
        fail("The exchange is running; stop it first, because its parts still use the old model.")
    with _bar() as told:
        done = index.make_index(services, told, actor=operator())
    say(json.dumps({"students": done}) if as_json else f"{done} students are indexed.")


def index_if_stale(services: offline.Offline) -> None:
    """Make the index again if it was made for another model, unless the exchange is running on it."""
    if not _is_running(services):
        with _bar() as told:
            index.make_index_if_stale(services, told, actor=operator())


def _is_running(services: offline.Offline) -> bool:
    now = services.clock().timestamp()
    return any(is_alive(beat, now) for beat in read_beats(services.home.run))


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, on a terminal only."""
    columns = (TextColumn("Indexing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with bars.progress(*columns) as progress:
        task = progress.add_task("", total=None, visible=False)
        yield lambda done, whole: progress.update(task, completed=done, total=whole, visible=True)
