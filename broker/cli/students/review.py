"""`satchel review list | show | decide | undo`: a person of the state decides which student was meant.

Promises: `list` and its JSON contain no student data; `show` prints names to the operator who asks for them; no names
are logged, but the disclosure log records the reading.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer

from broker import offline, wiring
from broker.cli.acting import named, operator
from broker.cli.students import review_text
from broker.cli.students.disclosures import PURPOSES, PurposeOption, ReaderOption
from broker.cli.students.review_text import age
from broker.core.access import Action
from broker.core.errors import Deferred, Refused
from broker.core.review import Verb
from broker.terminal import tables
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.terminal.given import WhoOption, WhyOfStudentOption
from broker.verbs import reviews
from broker.verbs.reviews import Listed, Result, Which

_MOST_NAMED = 20

TrackingArgument = Annotated[str, typer.Argument(help="The tracking id of the packet in question.")]
StudentOption = Annotated[
    int | None,
    typer.Option(min=1, help="Which student of the packet: 1 is the first one.", show_default="the only one"),
]
LineOption = Annotated[
    int | None,
    typer.Option(help="Which line of a CSV; or `line` as in JSON, from 0, and -1 for a packet about one student."),
]


def list_(
    lea: Annotated[str, typer.Option(metavar="ID", help="Only questions to this LEA.")] = "",
    is_decided: Annotated[
        bool, typer.Option("--decided", help="List those that are decided, instead of those that wait.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most this many, oldest first.")] = 1000,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the questions that wait for a decision, the oldest first."""
    services = offline.build(home)
    now = services.clock().timestamp()
    found = reviews.list_questions(services, actor=operator(), lea=lea, is_open=not is_decided, size=limit)
    if as_json:
        say(json.dumps([_data(one, now) for one in found.page.rows]))
        return
    columns = ("tracking", "lea", "packet", tables.text("which"), tables.number("candidates"), tables.text("asked"))
    tables.show(columns, [_row(one, now) for one in found.page.rows])
    oldest = f"the oldest since {age(now - found.oldest)}" if found.oldest else ""
    say(f"{found.waiting} wait; {oldest}." if oldest else "Nothing waits for a decision.")


def _data(one: Listed, now: float) -> dict[str, object]:
    told = {name: value for name, value in asdict(one).items() if name != "is_counted"}
    return told | {"waits_seconds": round(now - one.opened_at, 3)}


def _row(one: Listed, now: float) -> tuple[str | int, ...]:
    said = f"; LEA {one.lea} says: {one.answered}" if one.answered else ""
    asked = f"{age(now - one.opened_at)} ago{said}"
    return one.tracking, one.lea, one.type, review_text.place(one), one.candidates, asked


def show(
    tracking: TrackingArgument,
    student: StudentOption = None,
    line: LineOption = None,
    who: ReaderOption = "",
    why: PurposeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one question: what was sent, the candidates, and what speaks for and against each."""
    services, which = offline.build(home), _which(student, line)
    seen = reviews.show_question(services, tracking, which, why or PURPOSES[Action.READ_REVIEW], actor=operator(who))
    if as_json:
        say(json.dumps(seen.to_json()))
        return
    review_text.show(tables.console(), seen, services.model.limits, services.clock().timestamp())


def decide(
    tracking: TrackingArgument,
    who: WhoOption,
    why: WhyOfStudentOption,
    student: StudentOption = None,
    line: LineOption = None,
    same: Annotated[str, typer.Option(metavar="SSID", help="It is this candidate: its SSID, or its letter.")] = "",
    is_new: Annotated[bool, typer.Option("--new", help="It is none of them: a new student.")] = False,
    is_none: Annotated[bool, typer.Option("--none", help="It is nobody: withdraw the packet, or the line.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide which student was meant; the packet, or the line, goes on at once."""
    if bool(same) + is_new + is_none != 1:
        fail("Give one of --same SSID, --new and --none.", 2)
    verb = Verb.SAME if same else Verb.NEW if is_new else Verb.NONE
    which, services = _which(student, line), wiring.build(offline.build(home).settings.home, "review")
    with _told():
        done = reviews.decide_question(services, tracking, which, verb, why, actor=named(who), candidate=same)
    if as_json:
        say(json.dumps({"tracking": tracking, "line": done.line, "result": done.result}))
    if done.result is Result.ASKED_AGAIN:
        fail(
            "Nothing was decided: the registry has changed since the question was asked. Look at it again:"
            " `satchel review show`."
        )
    if not as_json:
        say("It is decided." if done.result is Result.DONE else "The same was decided before; nothing has changed.")


def undo(
    tracking: TrackingArgument,
    who: WhoOption,
    why: WhyOfStudentOption,
    student: StudentOption = None,
    line: LineOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Undo a decision: the question is open again, and the LEA that was asked is told."""
    which, services = _which(student, line), wiring.build(offline.build(home).settings.home, "review")
    with _told():
        undone = reviews.undo_question(services, tracking, which, why, actor=named(who))
    if as_json:
        say(json.dumps({"tracking": tracking, "line": undone.line, "delivered": list(undone.delivered)}))
        return
    say("The decision is undone; the question is open again.")
    if undone.delivered:
        names = ", ".join(undone.delivered[:_MOST_NAMED])
        lea = undone.lea
        say(f"Delivered to {lea} meanwhile, and cannot be taken back: {names}. Ask {lea} to delete them.")


def _which(student: int | None, line: int | None) -> Which:
    if student is not None and line is not None:
        fail("Give --student or --line, not both.", 2)
    return Which(student, line)


@contextmanager
def _told() -> Iterator[None]:
    """Turn what cannot be decided now, or at all, into a sentence."""
    try:
        yield
    except Deferred:
        fail("The exchange is working on this packet right now; try again in a moment.")
    except Refused as error:
        fail(error.sentence)
