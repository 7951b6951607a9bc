"""`satchel claims`: students whom two LEAs claim for the same days, or for too many days.

Promises: reads the ledger as it is now; no names; the same ledger gives the same output; only this user can read a file
that it writes. With --lea the output has only what that LEA may see.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import SpinnerColumn, TextColumn

from broker import offline
from broker.cli.acting import operator
from broker.formats.reports.claims import CsvReport, JsonReport
from broker.terminal import bars, given, tables
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.terminal.files import created
from broker.terminal.given import Format
from broker.verbs import claims as verbs
from broker.verbs.claims import Days, Found

_SHOWN = 500  # students in the table on the screen
_FEW = 3  # schools or overlaps of one student in that table
_A_DATE = "a date such as 2026-11-23"
_FIRST_YEAR, _LAST_YEAR, _YEARS = 1950, 2199, 30


def _days(first: str, last: str, school_year: int | None) -> Days:
    if not first and not last:
        return Days(school_year=school_year)
    if school_year is not None or not (first and last):
        fail("Give --from and --to together, or --school-year alone.", 2)
    begins, ends = given.day(first, "--from", _A_DATE), given.day(last, "--to", _A_DATE)
    if not _FIRST_YEAR <= begins.year <= ends.year <= _LAST_YEAR or begins > ends or ends.year - begins.year > _YEARS:
        fail(f"--from must not be after --to, nor more than {_YEARS} years before it.", 2)
    return Days(begins, ends)


def _form(form: Format | None, as_json: bool, out: Path | None) -> Format:
    chosen = given.form(form, as_json, Format.JSON)
    if chosen is Format.TABLE and out:
        fail("A table is for the screen; give --format csv or --format json with --out.", 2)
    if chosen or out is None:
        return chosen or Format.TABLE
    by_name = given.form_by_name(out)
    if by_name is None:
        fail("Say what to write: give --format csv or --format json, or a file whose name ends in .csv or .json.", 2)
    return by_name


def claims(
    lea: Annotated[str, typer.Option(metavar="ID", help="Only what concerns this LEA, and only what it may see.")] = "",
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="Overlaps that touch the days from here …")] = "",
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="… to here.")] = "",
    school_year: Annotated[
        int | None,
        typer.Option(
            min=_FIRST_YEAR, max=_LAST_YEAR, help="The year in which it ends: 2027 is 2026-27. Default: now and coming."
        ),
    ] = None,
    form: Annotated[Format | None, typer.Option("--format", help="How to write it.", show_default="table")] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file, which only you can read.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show students claimed by two LEAs at once: who, which days, whether it is legal, and how to apportion."""
    chosen_form = _form(form, as_json, out)
    services = offline.build(home)
    today = services.day()
    chosen, actor = _days(first, last, school_year), operator()

    def page(after: str) -> Found:
        return verbs.list_claims(services, chosen, actor=actor, lea=lea, after=after, today=today)

    documents = _counted(_all(page, page("")))
    if chosen_form is Format.TABLE:
        _show(documents)
    else:
        asked = {"lea": lea or None, "school_year": school_year, "from": first or None, "to": last or None}
        _write(documents, chosen_form, out, {"day": today.isoformat(), **asked})


def _all(page: Callable[[str], Found], found: Found) -> Iterator[Mapping[str, Any]]:
    """These claims, and those of all later pages."""
    while True:
        yield from found.documents
        if not found.after:
            return
        found = page(found.after)


def _counted(documents: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The documents; a terminal's standard error shows how many there were so far."""
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} students with claims to look at"))
    with bars.progress(*columns) as bar:
        task = bar.add_task("claims", total=None)
        for one in documents:
            yield one
            bar.advance(task)


def _write(documents: Iterator[Mapping[str, Any]], form: Format, out: Path | None, head: dict[str, Any]) -> None:
    count = 0
    with created(out) if out else nullcontext(sys.stdout) as file:
        report = CsvReport(file) if form is Format.CSV else JsonReport(file, head)
        for one in documents:
            report.add(one)
            count += 1
        report.end()
    if out:
        say(f"{out}: {_counting(count)}.")


def _counting(count: int) -> str:
    return f"{count:,} student{'s' * (count != 1)}"


def _show(documents: Iterator[Mapping[str, Any]]) -> None:
    rows: list[list[Any]] = []
    count = 0
    for count, one in enumerate(documents, 1):
        if count <= _SHOWN:
            rows.append(list(_row(one)))
    if not count:
        say("No student is claimed by two LEAs at once.")
        return
    tables.show(
        ("SSID", "year", *map(tables.texts, ("LEA (schools)", "claimed by both", "legal", "days claimed → proposed"))),
        rows,
    )
    if count > _SHOWN:
        say(f"These are the first {_SHOWN}; `satchel claims --format csv --out FILE` writes all.")
    say(f"{_counting(count)}. Days are counted from entry and exit; an open membership lasts until schools close.")
    say("The proposed days are in proportion to the claims; the Superintendent apportions (Utah R277-419-6(3)).")


def _row(one: Mapping[str, Any]) -> Iterator[Any]:
    yield one["ssid"]
    yield one["school_year"]
    yield [_place(lea) for lea in one["leas"]]
    yield [_together(both) for both in one["overlaps"][:_FEW]] or ["no day"]
    yield [f"{'yes' if one['legal'] else 'NO'}, {one['rule']}", one["why"]]
    days = [f"{lea['lea']}: {lea['claimed_days']} → {lea['proposed_days']}" for lea in one["leas"]]
    days.append(f"at most {one['limit_days']}, {one['limit_rule']}: {one['limit_why']}")
    if one["disputed_days"]:
        days.append(f"{one['disputed_days']} may count for one LEA only: the LEAs must say for which")
    yield days


def _place(lea: dict[str, Any]) -> str:
    schools = _few(row["school"] for row in lea["memberships"] if row["school"])
    return f"{lea['lea']} ({schools})" if schools else str(lea["lea"])


def _together(both: dict[str, Any]) -> str:
    days = f"{both['from']} to {both['to']}, {both['days']} days, {both['weekdays']} weekdays"
    return f"{' and '.join(both['leas'])}: {days}"


def _few(texts: Iterable[str]) -> str:
    some = list(dict.fromkeys(texts))
    return ", ".join(some[:_FEW]) + (f" and {len(some) - _FEW} more" if len(some) > _FEW else "")
