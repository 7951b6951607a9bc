"""`satchel calendar show | close | open | reset`: the days on which an LEA teaches, which decide the deadlines.

Promises: a file with an unusable line changes nothing; `broker.verbs.calendar` says what a change does.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from broker import offline
from broker.cli.acting import operator
from broker.core.errors import Refused
from broker.core.review import MOST_WHY, is_one_line
from broker.formats import table
from broker.terminal import given, tables
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.verbs import calendar as verbs
from broker.verbs.calendar import Changed, Days, Kind, Year

_FIRST_YEAR, _LAST_YEAR = 2000, 2199
_MOST_DAYS = 366  # in one range
_MOST_LINES = 500
_MOST_BYTES = 1 << 20
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_COLUMNS = ("day", "to", "why")

FirstArgument = Annotated[str, typer.Argument(metavar="DAY", help="The day, such as 2026-12-21.", show_default=False)]
ToOption = Annotated[str, typer.Option("--to", metavar="DAY", help="The last day, where there are several.")]
LeaOption = Annotated[str, typer.Option(metavar="ID", help="The LEA whose days they are.")]
AllOption = Annotated[bool, typer.Option("--all", help="For every LEA that has no days of its own there.")]
WhyOption = Annotated[str, typer.Option(metavar="TEXT", help="Why, in one line, such as Spring break.")]
FileOption = Annotated[
    Path | None, typer.Option("--file", help="A CSV file with the columns day, to (may be empty) and why.")
]


def show(
    lea: Annotated[str, typer.Option(metavar="ID", help="The LEA. Without it, the calendar for all LEAs.")] = "",
    school_year: Annotated[
        int | None, typer.Option(min=_FIRST_YEAR, max=_LAST_YEAR, help="The year in which it ends: 2027 is 2026-27.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a school year: how many school days it has, and which days differ from the usual week."""
    found = _data(verbs.show_year(offline.build(home), lea, school_year, actor=operator()))
    if as_json:
        say(json.dumps(found))
    else:
        _show(found)


def close(
    first: FirstArgument = "",
    last: ToOption = "",
    lea: LeaOption = "",
    is_all: AllOption = False,
    why: WhyOption = "",
    file: FileOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter days without school; open transfers get their new deadlines."""
    _enter(Kind.CLOSED, (first, last), (lea, is_all), why, file, home, as_json)


def open_(
    first: FirstArgument = "",
    last: ToOption = "",
    lea: LeaOption = "",
    is_all: AllOption = False,
    why: WhyOption = "",
    file: FileOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter days with school, in summer or on a holiday; open transfers get their new deadlines."""
    _enter(Kind.OPEN, (first, last), (lea, is_all), why, file, home, as_json)


def reset(
    first: Annotated[str, typer.Argument(metavar="DAY", help="The day, such as 2026-12-21.")],
    last: ToOption = "",
    lea: LeaOption = "",
    is_all: AllOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete what was entered for these days, so that the usual rule holds again."""
    services = offline.build(home)
    whose, days = _whose(lea, is_all), _range(first, last, "DAY")
    _report(whose, "forgotten", verbs.reset_days(services, whose, Days(*days), actor=operator()), as_json)


def _enter(
    kind: Kind,
    span: tuple[str, str],
    party: tuple[str, bool],
    why: str,
    file: Path | None,
    home: Path | None,
    as_json: bool,
) -> None:
    services, whose = offline.build(home), _whose(*party)
    if (file is None) == (not span[0]) or (file and span[1]):
        fail("Give a day, or --file with many; not both.", 2)
    days = list(_read(file, why)) if file else [Days(*_range(*span, "DAY"), _reason(why, "--why"))]
    change = verbs.close_days if kind is Kind.CLOSED else verbs.open_days
    _report(whose, kind, change(services, whose, days, actor=operator()), as_json)


def _whose(lea: str, is_all: bool) -> str:
    if bool(lea) == is_all:
        fail("Say whose days: --lea ID for one LEA, or --all.", 2)
    return lea


def _range(first: str, last: str, place: str) -> tuple[date, date]:
    begin = _day(first, place)
    end = _day(last, "--to" if place == "DAY" else place) if last else begin
    if not 0 <= (end - begin).days < _MOST_DAYS:
        fail(f"{place}: the last day must not be before the first, nor more than {_MOST_DAYS} days later.", 2)
    return begin, end


def _day(text: str, place: str) -> date:
    """A day in ISO 8601, or as spreadsheet programs write it in the United States."""
    american = _AMERICAN.fullmatch(text)
    iso = f"{american[3]}-{american[1]:0>2}-{american[2]:0>2}" if american else text
    day = given.day(iso, place, "a day such as 2026-12-21")
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        fail(f"{place} must be a day from {_FIRST_YEAR} to {_LAST_YEAR}.", 2)
    return day


def _reason(text: str, place: str) -> str:
    if not is_one_line(text, MOST_WHY):
        fail(f"{place}: say why in one line of at most {MOST_WHY} characters, such as Spring break.", 2)
    return text.strip()


def _read(path: Path, why: str) -> Iterator[Days]:
    """The ranges in a file; a line without a reason gets that of --why."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            fail(f"{path} is too large: it may have {_MOST_BYTES >> 10} KiB.", 2)
        found = table.read(content, _MOST_LINES)
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}.")
    except Refused as refused:
        fail(f"{path}, {refused.pointer or 'line 1'}: {refused.meaning} {refused.hint}".rstrip(), 2)
    names = [cell.lower() for cell in found.header.cells]
    if "day" not in names or set(names) - set(_COLUMNS) or len(set(names)) < len(names):
        fail(f"{path}: its first line must name the columns {', '.join(_COLUMNS)}, of which day is needed.", 2)
    for row in found.rows:
        place = f"{path}, line {row.number}"
        if row.fault or len(row.cells) > len(names):
            fail(f"{place}: {row.fault or 'it has more cells than columns'}.", 2)
        cells = dict(zip(names, row.cells, strict=False))
        days = _range(cells.get("day", ""), cells.get("to", ""), place)
        yield Days(*days, _reason(cells.get("why") or why, place))


def _report(lea: str, what: str, done: Changed, as_json: bool) -> None:
    count, moved = done.days, done.deadlines_moved
    if as_json:
        say(json.dumps({"lea": lea or None, "days": count, "as": what, "deadlines_moved": moved}))
        return
    days = f"{count} day is" if count == 1 else f"{count} days are"
    say(f"{days} {what} for {lea or 'every LEA that has no days of its own there'}.")
    if moved:
        say(f"{moved} open transfer{'s have' if moved > 1 else ' has'} a new deadline.")


def _data(year: Year) -> dict[str, Any]:
    return {
        "lea": year.lea or None,
        "school_year": year.number,
        "year_round": year.is_year_round,
        "first": year.days[0].isoformat() if year.days else None,
        "last": year.days[-1].isoformat() if year.days else None,
        "school_days": len(year.days),
        "months": dict(Counter(day.isoformat()[:7] for day in year.days)),
        "days": [{"day": one.day.isoformat(), "kind": one.kind, "by": one.by, "why": one.why} for one in year.marks],
    }


def _show(found: dict[str, Any]) -> None:
    number, whose = found["school_year"], found["lea"] or "Every LEA that has no days of its own"
    span = f", {found['first']} to {found['last']}" if found["first"] else ""
    say(f"{whose}, school year {number - 1}-{number % 100:02}: {found['school_days']} school days{span}.")
    tables.facts([f"{month} {count}" for month, count in found["months"].items()])
    rows = (
        (one["day"], date.fromisoformat(one["day"]).strftime("%a"), one["kind"], one["by"], one["why"])
        for one in found["days"]
    )
    tables.show(("day", "", "school", "says", tables.text("why")), rows)
