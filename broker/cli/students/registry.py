"""`satchel student show | merge | unmerge` and `satchel identity reindex`: the registry, by the state's operator.

Promises: `show` prints names to the operator who asks for them by number; nothing of them is logged, but that they were
read is in the disclosure log; two numbers are merged only by somebody who says who and why, and it can be taken back;
each verb is one transaction.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from sqlalchemy import Connection

from broker import offline, wiring
from broker.cli.students import registry_text
from broker.cli.students.disclosures import PurposeOption, ReaderOption, note_read
from broker.core.access import Action
from broker.core.model import Ssid
from broker.core.review import By
from broker.edge.home.running import read_beats
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.people import flags, registry, reviews
from broker.edge.ledger.people.merges import Outcome
from broker.identity import compare, registrar
from broker.identity.answer import Answer, Says
from broker.oversight import watch
from broker.packets.services import Services
from broker.stages import holdback
from broker.students import enroll
from broker.terminal import bars
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.terminal.given import WhoOption, WhyOfStudentOption
from broker.transfers import cases, follow_up

KeptArgument = Annotated[str, typer.Argument(metavar="KEPT", help="The SSID that stands for both.")]
OtherArgument = Annotated[str, typer.Argument(metavar="OTHER", help="The SSID that becomes part of it.")]
_MOST_NAMED = 20
_ALIVE_SECONDS = 5.0


def show(
    ssid: Annotated[str, typer.Argument(metavar="SSID", help="The student's number.")],
    who: ReaderOption = "",
    why: PurposeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the registry knows of one student, with who brought it and when; your look is logged."""
    services = offline.build(home)

    def look(connection: Connection) -> dict[str, Any]:
        found = registry_text.gather(connection, ssid, services.today())
        if found is None:
            fail(f"No student has the SSID {ssid}; check the number.")
        note_read(connection, [ssid], Action.READ_REGISTRY, services.clock().timestamp(), who=who, why=why)
        return found

    found = committed(services.engine, look)
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
    is_sure: Annotated[bool, typer.Option("--sure", help="Merge them although they do not look alike.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make two numbers of one student one; records that waited only for that go on."""
    services, by = _services(home), By(who, why)
    now = services.clock()

    def join(connection: Connection) -> tuple[Outcome, list[tuple[str, int]]]:
        registrar.check_index(connection, services.model)
        if not is_sure:
            _check_alike(services, connection, kept, other)
        follow_up.catch_up(services, connection, [kept, other])
        lea = watch.whose_stay(services, connection, kept, other)
        done = registrar.merge(
            connection, services.model, kept, other, by.who, by.why, now.timestamp(), services.today()
        )
        if flags.is_flagged(connection, kept):  # what lies in an inbox under the other number is of a flagged child now
            holdback.hold_back(services, connection, kept)
        cases.reconcile(services, connection, [kept], is_told=True)
        watch.decided(services, connection, [kept], lea)
        waiting = _open(connection, done)
        return done, waiting

    done, waiting = committed(services.engine, join)
    _report(as_json, kept, other, done, waiting, f"{kept} stands for {other}, too.")


def unmerge(
    kept: KeptArgument,
    other: OtherArgument,
    who: WhoOption,
    why: WhyOfStudentOption,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a merge back: both numbers are again whose they were."""
    services, by = _services(home), By(who, why)
    at = services.clock().timestamp()

    def part(connection: Connection) -> tuple[Outcome, list[tuple[str, int]]]:
        registrar.check_index(connection, services.model)
        follow_up.catch_up(services, connection, [kept, other])
        done = registrar.unmerge(connection, services.model, kept, other, by.who, by.why, at)
        cases.reconcile(services, connection, [kept, other], is_told=True)
        watch.decided(services, connection, [kept, other], watch.whose_stay(services, connection, kept, other))
        enroll.release_waiting(services, connection, [Ssid(kept), Ssid(other)])  # by an enrollment that came since
        waiting = _open(connection, done)
        return done, waiting

    done, waiting = committed(services.engine, part)
    _report(as_json, kept, other, done, waiting, f"{other} stands for itself again.")


def _services(home: Path | None) -> Services:
    """All parts, for LEAs are told what follows."""
    return wiring.build(offline.build(home).settings.home, "registry")


def _check_alike(services: Services, connection: Connection, kept: str, other: str) -> None:
    """A number mistyped would give a child's records to a stranger."""
    one, two = registrar.known(connection, kept), registrar.known(connection, other)
    if one is None or two is None:
        return  # the merge itself says what is wrong
    verdict = compare.compare(services.model, one, two)
    if verdict.answer is Answer.NONE:
        against = [reason.sentence for reason in verdict.reasons if reason.says is Says.AGAINST][:3]
        fail(
            f"{kept} and {other} do not look like one student ({'; '.join(against)}). Check both numbers with"
            " `satchel student show`, and give --sure if they are."
        )


def _open(connection: Connection, done: Outcome) -> list[tuple[str, int]]:
    found = ((one, reviews.get(connection, *one)) for one in done.questions)
    return [one for one, review in found if review is not None and review.closed_at is None]


def _report(as_json: bool, kept: str, other: str, done: Outcome, waiting: list[tuple[str, int]], sentence: str) -> None:
    if as_json:
        told = asdict(done) | {"kept": kept, "merged": other, "questions": waiting}
        say(json.dumps(told))
        return
    say(f"{sentence} Rows: {done.names} names, {done.evidence} of evidence, {done.locations} locations.")
    say(f"{done.packets} packets are about {other}; in no receipt was anything changed.")
    _name("These went on", done.released)
    _name("These are back where they stood", done.returned)
    _name("Delivered since the merge, and not to be called back; ask their receivers to delete them", done.delivered)
    _name("Questions that name it wait: `satchel review show` and `decide`", tuple(one for one, _ in waiting))


def _name(what: str, ids: tuple[str, ...]) -> None:
    if ids:
        more = f" and {len(ids) - _MOST_NAMED} more" if len(ids) > _MOST_NAMED else ""
        say(f"{what}: {', '.join(ids[:_MOST_NAMED])}{more}.")


def reindex(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Make the index of the registry again, after a new identity model."""
    services = offline.build(home)
    if _is_running(services):
        fail("The exchange is running; stop it first, for its parts work with the model of before.")
    done = make_index(services)
    say(json.dumps({"students": done}) if as_json else f"{done} students are indexed.")


def make_index(services: offline.Offline) -> int:
    """Make it, with a progress bar on standard error; how many students there are."""
    with writing(services.engine) as connection:
        whole = registry.count(connection)
        with _bar(whole) as told:
            return registrar.reindex(connection, services.model, told)


def index_if_stale(services: offline.Offline) -> None:
    """Make the index again where it is for another model, unless the exchange is running on it."""
    try:
        with reading(services.engine) as connection:
            registrar.check_index(connection, services.model)
    except registrar.StaleIndex:
        if not _is_running(services):
            make_index(services)


def _is_running(services: offline.Offline) -> bool:
    now = services.clock().timestamp()
    return any(now - beat["at"] < _ALIVE_SECONDS for beat in read_beats(services.home.run))


@contextmanager
def _bar(whole: int) -> Iterator[Callable[[int], None]]:
    """Shown on a terminal only."""
    columns = (TextColumn("Indexing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with bars.progress(*columns) as progress:
        task = progress.add_task("", total=whole)
        yield lambda done: progress.update(task, completed=done)
