"""`satchel review list | show | decide | undo`: which student was meant, decided by a person of the state.

Promises: `list` and the JSON of it hold no student data; `show` prints names to the operator who asks for them; nothing
of them is logged, but that they were read is in the disclosure log; the state's verbs are those of
`broker.stages.decide` and `takeback`, each in one transaction.
"""

import json
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Column, Table

from broker import offline, wiring
from broker.commands import review_text
from broker.commands.common import HomeOption, JsonOption, fail, say
from broker.commands.disclosures import PurposeOption, ReaderOption, note_read
from broker.commands.review_text import age
from broker.core.access import Action
from broker.core.errors import Deferred, Refused
from broker.core.model import Ssid
from broker.core.review import By, Choice, Verb, place_of
from broker.edge.ledger import reviews
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.reviews import Review
from broker.identity import registrar
from broker.stages import decide as deciding
from broker.stages import takeback
from broker.stages.review_view import view
from broker.stages.services import Services

_PIPED_COLUMNS = 200
_MOST_NAMED = 20

TrackingArgument = Annotated[str, typer.Argument(help="The tracking id of the packet in question.")]
LineOption = Annotated[
    int | None,
    typer.Option(help="The line in question; -1 for a packet about one student.", show_default="the only one"),
]
WhoOption = Annotated[str, typer.Option(metavar="NAME", help="Who decides: your own name.")]
WhyOption = Annotated[str, typer.Option(metavar="TEXT", help="Why, in one line, without a student's name.")]


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
    if as_json:
        say(json.dumps([row | {"waits_seconds": round(now - row["opened_at"], 3)} for row in rows]))
        return
    table = Table(Column("tracking", no_wrap=True, min_width=36), "line", "lea", "packet", "candidates", "asked")
    for row in rows:
        line = "student" if row["line"] < 0 else str(row["line"])
        asked = f"{age(now - row['opened_at'])} ago"
        table.add_row(row["tracking"], line, row["lea"], row["type"], str(row["candidates"]), asked)
    _console().print(table)
    say(f"{waiting} wait; the oldest since {age(now - oldest)}." if oldest else "Nothing waits for a decision.")


def show(
    tracking: TrackingArgument,
    line: LineOption = None,
    who: ReaderOption = "",
    why: PurposeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one question: what was sent, the candidates, and what speaks for and against each."""
    services = offline.build(home)
    with writing(services.engine) as connection:
        registrar.check_index(connection, services.model)
        found = _one(reviews.lines(connection, tracking), tracking, line)
        seen = view(connection, services.model, found)
        numbers = [one.ssid for one in seen.candidates if one.student is not None] or [""]
        at = services.clock().timestamp()
        note_read(connection, numbers, Action.READ_REVIEW, at, who=who, why=why, tracking=tracking)
    if as_json:
        say(json.dumps(seen.to_json()))
        return
    review_text.show(_console(), seen, services.model.limits, services.clock().timestamp())


def decide(
    tracking: TrackingArgument,
    who: WhoOption,
    why: WhyOption,
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
        with writing(services.engine) as connection:
            registrar.check_index(connection, services.model)
            found = _one(reviews.lines(connection, tracking), tracking, line)
            choice = Choice(verb, _candidate(found, same)) if same else Choice(verb)
            result = deciding.decide(services, connection, tracking, found.line, choice, by)
            if result is deciding.Result.ASKED_AGAIN:
                deciding.ask_again(services, connection, tracking)
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
    why: WhyOption,
    line: LineOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a decision back; the question is open again, and its LEA is told."""
    services = _services(home)
    try:
        by = By(who, why)
        with writing(services.engine) as connection:
            registrar.check_index(connection, services.model)
            found = _one(reviews.lines(connection, tracking), tracking, line)
            undone = takeback.undo(services, connection, tracking, found.line, by)
    except (Refused, Deferred) as error:
        _failed(error)
    if as_json:
        say(json.dumps({"tracking": tracking, "line": found.line, "delivered": list(undone.delivered)}))
        return
    say("The decision is taken back; the question is open again.")
    if undone.delivered:
        named = ", ".join(undone.delivered[:_MOST_NAMED])
        say(f"Delivered to {found.lea} meanwhile, and not to be called back: {named}. Ask {found.lea} to delete them.")


def _console() -> Console:
    """As wide as the terminal; whoever reads a pipe wants whole lines."""
    console = Console()
    if not console.is_terminal:
        console.width = _PIPED_COLUMNS
    return console


def _services(home: Path | None) -> Services:
    """All parts: a notice is sealed and a receipt signed."""
    return wiring.build(offline.build(home).settings.home, "review")


def _failed(error: Refused | Deferred) -> NoReturn:
    if isinstance(error, Deferred):
        fail("The exchange is at this packet right now; try again in a moment.")
    fail(error.sentence)


def _one(found: list[Review], tracking: str, line: int | None) -> Review:
    """The question meant."""
    if not found:
        fail(f"There is no question about {tracking}; `satchel review list` shows those that wait.")
    if line is None and len(found) == 1:
        return found[0]
    named = next((one for one in found if one.line == line), None)
    if named is None:
        lines = ", ".join(str(one.line) for one in found[:_MOST_NAMED])
        fail(f"Say which line of {tracking} with --line; asked are {lines}{' …' if len(found) > _MOST_NAMED else ''}.")
    return named


def _candidate(found: Review, named: str) -> Ssid:
    """By its letter or its number."""
    place = place_of(named)
    return found.candidates[place].ssid if 0 <= place < len(found.candidates) else Ssid(named)
