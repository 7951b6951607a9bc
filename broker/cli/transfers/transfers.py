"""`satchel transfers [list] | show | cancel | report`: the cases of students who move, and how LEAs answer.

Promises: no names of students; reads the ledger as it is now, a page at a time; only `cancel` changes anything, in one
transaction that also tells both LEAs.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import typer
from rich.progress import SpinnerColumn, TextColumn

from broker import offline
from broker.cli.acting import operator
from broker.cli.transfers import transfers_text
from broker.core.days.state_time import StateTime
from broker.core.transfer import TransferState
from broker.formats.reports.transfers import CASE, STANDING, Csv, Json, case, head, standings, whole
from broker.offline import Offline
from broker.terminal import bars, given
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.terminal.given import Format, WhyOfStudentOption
from broker.verbs import reports, transfers
from broker.verbs.paging import Page
from broker.verbs.transfers import NOT_ENDED, Case

_A_DATE = "a date such as 2026-11-23"
_FIRST_YEAR, _LAST_YEAR, _YEARS = 1970, 2199, 30
_PAGE = 1000  # cases read at once
NumberArgument = Annotated[int, typer.Argument(metavar="ID", min=1, help="The case's number in `satchel transfers`.")]


FormatOption = Annotated[Format | None, typer.Option("--format", help="How to write it.", show_default="table")]


def list_(
    context: typer.Context,
    lea: Annotated[str, typer.Option(metavar="ID", help="Only cases from or to this LEA.")] = "",
    state: Annotated[
        str, typer.Option(metavar="STATE", help="Only cases in this state; `all` for every case.", show_default="open")
    ] = "",
    is_overdue: Annotated[bool, typer.Option("--overdue", help="Only cases whose last day has passed.")] = False,
    on: Annotated[
        str, typer.Option(metavar="DATE", help="Judge on this day what is overdue.", show_default="today")
    ] = "",
    form: FormatOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the transfers that have not ended, oldest first."""
    if context.invoked_subcommand:
        if any(_is_given(context, name) for name in context.params):
            fail(f"Give the options after the word: `satchel transfers {context.invoked_subcommand} …`.", 2)
        return
    if state not in ("", "all", *TransferState):
        fail(f"--state must be one of: all, {', '.join(TransferState)}.", 2)
    chosen_form = given.form(form, as_json, Format.JSON) or Format.TABLE
    services = offline.build(home)
    today = given.day(on, "--on", _A_DATE) if on else services.day()
    states = frozenset(TransferState) if state == "all" else frozenset({TransferState(state)}) if state else NOT_ENDED
    actor = operator()

    def page(after: int) -> Page[Case, int]:
        return transfers.list_cases(
            services,
            actor=actor,
            states=states,
            lea=lea,
            is_overdue=is_overdue,
            today=today,
            after=after,
            size=_PAGE,
        )

    lines = _lines(page, page(0), services.time)
    if chosen_form is Format.TABLE:
        transfers_text.show_list(lines)
    else:
        asked = {"day": today.isoformat(), "lea": lea or None, "state": state or None, "overdue": is_overdue}
        _write(lines, Csv(sys.stdout, CASE) if chosen_form is Format.CSV else Json(sys.stdout, asked, "transfers"))


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _lines(
    page: Callable[[int], Page[Case, int]], found: Page[Case, int], state: StateTime
) -> Iterator[dict[str, Any]]:
    """The cases of this page and of all later pages."""
    while True:
        yield from (case(one.row, state, one.late, one.taken) for one in found.rows)
        if found.after is None:
            return
        found = page(found.after)


def _write(lines: Iterator[dict[str, Any]], form: Csv | Json) -> None:
    for one in lines:
        form.add(one)
    form.end()


def show(number: NumberArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show one transfer: both LEAs, the clock, how the student left, and every step."""
    services = offline.build(home)
    found = transfers.show(services, number, actor=operator())
    left = asdict(found.exit) if found.exit else {}
    told = whole(found.case.row, found.events, services.time, found.case.late, found.case.taken, left)
    if as_json:
        say(json.dumps(told, ensure_ascii=False))
    else:
        transfers_text.show_one(told, found.names, services.time)


def cancel(
    number: NumberArgument,
    who: Annotated[str, typer.Option(metavar="NAME", help="Who cancels: your own name.")],
    why: WhyOfStudentOption,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a transfer: nothing is owed any more, and both LEAs are told."""
    from broker import wiring  # imported here, so that other commands need not wait for the OpenPGP parts

    actor = operator(who)
    ended = transfers.cancel(wiring.build(offline.build(home).settings.home, "transfers"), number, why, actor=actor)
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
    begins, ends = _period(services, first, last)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} pages of the ledger read"))
    with bars.progress(*columns) as bar:
        task = bar.add_task("report", total=None)
        made = reports.of_transfers(services, begins, ends, lambda: bar.advance(task), actor=operator())
    lines = standings(made.report, made.names)
    top = head(made.report)
    if chosen_form is Format.TABLE:
        transfers_text.show_report(lines, top)
    else:
        _write(lines, Csv(sys.stdout, STANDING) if chosen_form is Format.CSV else Json(sys.stdout, top, "leas"))


def _period(services: Offline, first: str, last: str) -> tuple[date, date]:
    calendar, today = services.settings.claims.calendar, services.day()
    begins = given.day(first, "--from", _A_DATE) if first else calendar.year(calendar.containing(today)).first
    ends = given.day(last, "--to", _A_DATE) if last else today
    if not _FIRST_YEAR <= begins.year <= ends.year <= _LAST_YEAR or begins > ends or ends.year - begins.year > _YEARS:
        fail(f"--from must not be after --to, nor more than {_YEARS} years before it.", 2)
    return begins, ends
