"""`satchel review list | show | decide | undo`: which student was meant, decided by a person of the state.

Promises: `list` and the JSON of it hold no student data; `show` prints names to the operator who asks for them; nothing
of them is logged, but that they were read is in the disclosure log; the state's verbs are those of
`broker.students.decide` and `takeback`, each in one transaction.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from sqlalchemy import Connection

from broker import offline, wiring
from broker.cli.students import review_text
from broker.cli.students.disclosures import PurposeOption, ReaderOption, note_read
from broker.cli.students.review_text import age
from broker.core.access import Action
from broker.core.errors import Deferred, Refused
from broker.core.model import Ssid
from broker.core.review import By, Choice, Verb, letters
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import reading
from broker.edge.ledger.people import reviews
from broker.edge.ledger.people.reviews import Review
from broker.identity import registrar
from broker.packets.services import Services
from broker.students import decide as deciding
from broker.students import undo_decision
from broker.students.question_view import View, view
from broker.terminal import tables
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.terminal.given import WhoOption, WhyOfStudentOption

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
    is_decided: Annotated[bool, typer.Option("--decided", help="Those that are decided, not those that wait.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, oldest first.")] = 1000,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the questions that wait for a decision, the oldest first."""
    services = offline.build(home)
    now = services.clock().timestamp()
    with reading(services.engine) as connection:
        rows = reviews.listing(connection, lea, not is_decided, limit)
        waiting, oldest = reviews.count_open(connection)
        places = {} if as_json else _places(connection, rows)
    if as_json:
        say(json.dumps([row | {"waits_seconds": round(now - row["opened_at"], 3)} for row in rows]))
        return
    cells = []
    for row in rows:
        said = f"; LEA {row['lea']} says: {row['answered']}" if row["answered"] else ""
        asked = f"{age(now - row['opened_at'])} ago{said}"
        which = places[row["tracking"], row["line"]]
        cells.append((row["tracking"], row["lea"], row["type"], which, row["candidates"], asked))
    columns = ("tracking", "lea", "packet", tables.text("which"), tables.number("candidates"), tables.text("asked"))
    tables.show(columns, cells)
    say(f"{waiting} wait; the oldest since {age(now - oldest)}." if oldest else "Nothing waits for a decision.")


def _places(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], str]:
    """For each row, which student of its packet it is about."""
    found = (reviews.lines(connection, tracking) for tracking in dict.fromkeys(row["tracking"] for row in rows))
    return {(one.tracking, one.line): review_text.place(one) for lines in found for one in lines}


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
    services = offline.build(home)

    def look(connection: Connection) -> View:
        registrar.check_index(connection, services.model)
        found = _one(reviews.lines(connection, tracking), tracking, student, line)
        seen = view(connection, services.model, found)
        numbers = [one.ssid for one in seen.candidates if one.student is not None] or [""]
        at = services.clock().timestamp()
        note_read(connection, numbers, Action.READ_REVIEW, at, who=who, why=why, tracking=tracking)
        return seen

    seen = committed(services.engine, look)
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
    same: Annotated[str, typer.Option(metavar="SSID", help="It is this candidate (SSID, or the letter).")] = "",
    is_new: Annotated[bool, typer.Option("--new", help="It is none of them: a new student.")] = False,
    is_none: Annotated[bool, typer.Option("--none", help="Withdraw the packet, or the line.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide which student was meant; the packet, or the line, goes on at once."""
    if bool(same) + is_new + is_none != 1:
        fail("Give one of --same SSID, --new and --none.", 2)
    verb = Verb.SAME if same else Verb.NEW if is_new else Verb.NONE
    services = _services(home)
    try:
        by = By(who, why)

        def carry_out(connection: Connection) -> tuple[Review, deciding.Result]:
            registrar.check_index(connection, services.model)
            found = _one(reviews.lines(connection, tracking), tracking, student, line)
            choice = Choice(verb, _candidate(found, same)) if same else Choice(verb)
            result = deciding.decide(services, connection, tracking, found.line, choice, by)
            if result is deciding.Result.ASKED_AGAIN:
                deciding.ask_again(services, connection, tracking, [found.line])
            return found, result

        found, result = committed(services.engine, carry_out)
    except (Refused, Deferred) as error:
        _failed(error)
    if as_json:
        say(json.dumps({"tracking": tracking, "line": found.line, "result": result}))
    if result is deciding.Result.ASKED_AGAIN:
        fail("Nothing was decided: the registry has changed since it was asked; look at it again with `review show`.")
    if not as_json:
        say("It is decided." if result is deciding.Result.DONE else "The same was decided before; nothing has changed.")


def undo(
    tracking: TrackingArgument,
    who: WhoOption,
    why: WhyOfStudentOption,
    student: StudentOption = None,
    line: LineOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a decision back; the question is open again, and its LEA is told."""
    services = _services(home)
    try:
        by = By(who, why)

        def take_back(connection: Connection) -> tuple[Review, undo_decision.Undone]:
            registrar.check_index(connection, services.model)
            found = _one(reviews.lines(connection, tracking), tracking, student, line)
            undone = undo_decision.undo(services, connection, tracking, found.line, by)
            return found, undone

        found, undone = committed(services.engine, take_back)
    except (Refused, Deferred) as error:
        _failed(error)
    if as_json:
        say(json.dumps({"tracking": tracking, "line": found.line, "delivered": list(undone.delivered)}))
        return
    say("The decision is taken back; the question is open again.")
    if undone.delivered:
        named = ", ".join(undone.delivered[:_MOST_NAMED])
        say(f"Delivered to {found.lea} meanwhile, and not to be called back: {named}. Ask {found.lea} to delete them.")


def _services(home: Path | None) -> Services:
    """All parts: a notice is sealed and a receipt signed."""
    return wiring.build(offline.build(home).settings.home, "review")


def _failed(error: Refused | Deferred) -> NoReturn:
    if isinstance(error, Deferred):
        fail("The exchange is at this packet right now; try again in a moment.")
    fail(error.sentence)


def _one(found: list[Review], tracking: str, student: int | None, line: int | None) -> Review:
    """The question meant."""
    if student is not None and line is not None:
        fail("Give --student or --line, not both.", 2)
    if not found:
        fail(f"There is no question about {tracking}; `satchel review list` shows those that wait.")
    if student is None and line is None and len(found) == 1:
        return found[0]
    named = next((one for one in found if _is_meant(one, student, line)), None)
    if named is None:
        ways = ", ".join(_way(one) for one in found[:_MOST_NAMED])
        fail(f"Say which student of {tracking}; to be asked for are {ways}{' …' if len(found) > _MOST_NAMED else ''}.")
    return named


def _is_meant(one: Review, student: int | None, line: int | None) -> bool:
    if student is not None:
        return review_text.is_counted(one) and one.line == student - 1
    return one.line == line


def _way(one: Review) -> str:
    return f"--student {one.line + 1}" if review_text.is_counted(one) else f"--line {one.line}"


def _candidate(found: Review, named: str) -> Ssid:
    """By its letter or its number."""
    names = letters([one.is_hidden for one in found.candidates])
    by_letter = {letter: one.ssid for letter, one in zip(names, found.candidates, strict=True)}
    return by_letter.get(named, Ssid(named))
