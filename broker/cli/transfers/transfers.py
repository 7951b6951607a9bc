"""`satchel transfers [list] | show | cancel | report`: the cases of students who move, and how LEAs answer.

Promises: no names of students; reads the ledger as it is now, a page at a time; `cancel` alone changes anything, in one
transaction that also tells both LEAs.
"""

import json
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.progress import SpinnerColumn, TextColumn
from sqlalchemy import Connection

from broker import offline
from broker.cli.transfers import transfers_text
from broker.core.days.state_time import StateTime
from broker.core.transfer import LIVE, TransferState
from broker.edge.ledger.again import committed
from broker.edge.ledger.cases import transfer_views
from broker.edge.ledger.cases import transfers as ledger
from broker.edge.ledger.cases.transfer_views import Choice
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import registry
from broker.edge.settings import exit_codes
from broker.formats.reports.transfers import CASE, STANDING, Csv, Json, case, head, standings, whole
from broker.offline import Offline
from broker.oversight import transfer_ranking
from broker.oversight.transfer_ranking import Calendars, Period
from broker.terminal import bars, given
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.terminal.given import Format, WhyOfStudentOption

_A_DATE = "a date such as 2026-11-23"
_FIRST_YEAR, _LAST_YEAR, _YEARS = 1970, 2199, 30
_UNENDED = LIVE | {TransferState.ANSWERED}
NumberArgument = Annotated[int, typer.Argument(metavar="ID", min=1, help="The case's number in `satchel transfers`.")]


FormatOption = Annotated[Format | None, typer.Option("--format", help="How to write it.", show_default="table")]


def list_(
    context: typer.Context,
    lea: Annotated[str, typer.Option(metavar="ID", help="Only cases from or to this LEA.")] = "",
    state: Annotated[
        str, typer.Option(metavar="STATE", help="Only cases in this state; `all` for every case.", show_default="open")
    ] = "",
    is_overdue: Annotated[bool, typer.Option("--overdue", help="Only cases whose last day has passed.")] = False,
    on: Annotated[str, typer.Option(metavar="DATE", help="Late as of this day.", show_default="today")] = "",
    form: FormatOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the transfers that are not ended, oldest first."""
    if context.invoked_subcommand:
        if any(_is_given(context, name) for name in context.params):
            fail(f"Give the options behind the word: `satchel transfers {context.invoked_subcommand} …`.", 2)
        return
    if state not in ("", "all", *TransferState):
        fail(f"--state must be one of: all, {', '.join(TransferState)}.", 2)
    chosen_form = given.form(form, as_json, Format.JSON) or Format.TABLE
    services = offline.build(home)
    today = given.day(on, "--on", _A_DATE) if on else services.day()
    states = frozenset(TransferState) if state == "all" else frozenset({TransferState(state)}) if state else _UNENDED
    choice = Choice(states, lea, today.isoformat() if is_overdue else "")
    with reading(services.engine) as connection:
        if lea and directory.party(connection, lea) is None:
            fail(f"{lea} is not in the directory; `satchel lea list` shows who is.")
        lines = _lines(connection, services.time, choice, Calendars(services.settings, today))
        if chosen_form is Format.TABLE:
            transfers_text.show_list(lines)
        else:
            asked = {"day": today.isoformat(), "lea": lea or None, "state": state or None, "overdue": is_overdue}
            _write(lines, Csv(sys.stdout, CASE) if chosen_form is Format.CSV else Json(sys.stdout, asked, "transfers"))


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _lines(connection: Connection, state: StateTime, choice: Choice, calendars: Calendars) -> Iterator[dict[str, Any]]:
    after = 0
    while rows := transfer_views.page(connection, choice, after):
        for row in rows:
            yield case(row, state, calendars.late(connection, row), calendars.taken(connection, row))
        after = rows[-1].id


def _write(lines: Iterator[dict[str, Any]], form: Csv | Json) -> None:
    for one in lines:
        form.add(one)
    form.end()


def show(number: NumberArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show one transfer: both LEAs, the clock, how the student left, and every step."""
    services = offline.build(home)
    calendars = Calendars(services.settings, services.day())
    with reading(services.engine) as connection:
        row = ledger.get(connection, number)
        if row is None:
            fail(f"There is no transfer {number}; `satchel transfers --state all` lists every case.")
        events = ledger.events_of(connection, number)
        late, taken = calendars.late(connection, row), calendars.taken(connection, row)
        found = whole(row, events, services.time, late, taken, _exit(services, connection, row))
        names = {
            lea: party.name for lea in (row.source, row.destination) if (party := directory.party(connection, lea))
        }
    if as_json:
        say(json.dumps(found, ensure_ascii=False))
    else:
        transfers_text.show_one(found, names, services.time)


def _exit(services: Offline, connection: Connection, row: TransferRow) -> dict[str, Any]:
    """How the student left the source: the code of its newest location there; nothing while that is open."""
    spots = [spot for spot in registry.locations(connection, row.ssid) if spot.lea == row.source]
    if not spots or not spots[-1].exit_date:
        return {}
    code = spots[-1].exit_code
    known = exit_codes.load(services.settings.home, services.settings.transfers.codes).get(code)
    means, leads_to = (known.means, str(known.leads_to)) if known else ("", "")
    return {"on": spots[-1].exit_date, "code": code, "means": means, "leads_to": leads_to, "is_known": bool(means)}


def cancel(
    number: NumberArgument,
    who: Annotated[str, typer.Option(metavar="NAME", help="Who cancels: your own name.")],
    why: WhyOfStudentOption,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a transfer: nothing is owed any more, and both LEAs are told."""
    from broker import wiring  # a notice is sealed, which the other commands here need not wait for
    from broker.core.review import By
    from broker.transfers.cancel import cancel as end

    by = By(who, why)
    services = wiring.build(offline.build(home).settings.home, "transfers")
    ended = committed(services.engine, lambda connection: end(services, connection, number, by))
    if as_json:
        say(json.dumps({"transfer": ended.id, "state": ended.state, "reason": ended.reason}))
    else:
        say(f"Transfer {ended.id} from {ended.source} to {ended.destination} is cancelled; the LEAs are told.")


def report(
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="Records asked for from here …")] = "",
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="… to here. Default: this school year.")] = "",
    form: FormatOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how each LEA answers: asked, answered, overdue, how long it takes; those most waited for come first."""
    chosen_form = given.form(form, as_json, Format.JSON) or Format.TABLE
    services = offline.build(home)
    made = transfer_ranking.begin(services.settings, _period(services, first, last))
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} pages of the ledger read"))
    with bars.progress(*columns) as bar:
        task = bar.add_task("report", total=None)
        for _ in transfer_ranking.gather(services.engine, services.settings, made):
            bar.advance(task)
    with reading(services.engine) as connection:
        lines = standings(made, {party.id: party.name for party in directory.all_parties(connection)})
    if chosen_form is Format.TABLE:
        transfers_text.show_report(lines, head(made))
    else:
        _write(lines, Csv(sys.stdout, STANDING) if chosen_form is Format.CSV else Json(sys.stdout, head(made), "leas"))


def _period(services: Offline, first: str, last: str) -> Period:
    today = services.day()
    year = transfer_ranking.this_year(services.settings, today)
    begins = given.day(first, "--from", _A_DATE) if first else year.first
    ends = given.day(last, "--to", _A_DATE) if last else today
    if not _FIRST_YEAR <= begins.year <= ends.year <= _LAST_YEAR or begins > ends or ends.year - begins.year > _YEARS:
        fail(f"--from must not be after --to, nor more than {_YEARS} years before it.", 2)
    return Period(begins, ends, today)
