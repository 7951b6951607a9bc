"""`satchel calendar show | close | open | reset`: on which days an LEA teaches, by which deadlines are counted.

Promises: each change is one transaction, in which the deadlines of open transfers move with the calendar; of a range
only Mondays to Fridays are changed, and a range never opens a public holiday; a day named alone is changed whatever it
is; a file with a line that cannot be used changes nothing.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from broker import offline
from broker.core.days.school_year import SchoolYear
from broker.core.errors import Refused
from broker.core.review import MOST_WHY, is_one_line
from broker.edge import calendars
from broker.edge.calendars import Mark
from broker.edge.ledger.again import committed
from broker.edge.ledger.cases import school_days
from broker.edge.ledger.cases.school_days import Kind, SchoolDay
from broker.edge.ledger.engine import reading
from broker.edge.ledger.parties import directory
from broker.edge.settings.values import Settings
from broker.formats import table
from broker.terminal import given, tables
from broker.terminal.common import HomeOption, JsonOption, fail, say

_FIRST_YEAR, _LAST_YEAR = 2000, 2199
_MOST_DAYS = 366  # of one range
_MOST_LINES = 500
_MOST_BYTES = 1 << 20
_SATURDAY = 5
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_COLUMNS = ("day", "to", "why")

FirstArgument = Annotated[str, typer.Argument(metavar="DAY", help="The day, such as 2026-12-21.", show_default=False)]
ToOption = Annotated[str, typer.Option("--to", metavar="DAY", help="Also the days up to this one.")]
LeaOption = Annotated[str, typer.Option(metavar="ID", help="The LEA whose days they are.")]
AllOption = Annotated[bool, typer.Option("--all", help="For every LEA that does not say otherwise itself.")]
WhyOption = Annotated[str, typer.Option(metavar="TEXT", help="Why, in one line, such as Spring break.")]
FileOption = Annotated[
    Path | None, typer.Option("--file", help="A CSV file with the columns day, to (may be empty) and why.")
]


def show(
    lea: Annotated[str, typer.Option(metavar="ID", help="The LEA. Default: what is so for all.")] = "",
    school_year: Annotated[
        int | None, typer.Option(min=_FIRST_YEAR, max=_LAST_YEAR, help="The year in which it ends: 2027 is 2026-27.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a school year: how many school days it has, and which days are not as the week has it."""
    services = offline.build(home)
    rule, today = services.settings.claims.calendar, services.day()
    year = rule.year(school_year or rule.containing(today))
    with reading(services.engine) as connection:
        _check_lea(connection, lea)
        found = _gather(connection, services.settings, lea, year)
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
    """Say that there is no school on these days; open transfers get their new deadlines."""
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
    """Say that there is school on these days, in summer or on a holiday; open transfers get their new deadlines."""
    _enter(Kind.OPEN, (first, last), (lea, is_all), why, file, home, as_json)


def reset(
    first: Annotated[str, typer.Argument(metavar="DAY", help="The day, such as 2026-12-21.")],
    last: ToOption = "",
    lea: LeaOption = "",
    is_all: AllOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget what was entered of these days, so that the rule holds again."""
    services = offline.build(home)
    whose, days = _whose(lea, is_all), _range(first, last, "DAY")

    def forget(connection: Connection) -> tuple[int, int]:
        _check_lea(connection, whose)
        now = services.clock().timestamp()
        return calendars.move_deadlines(
            connection, services.settings, whose, now, lambda: school_days.remove(connection, whose, *days)
        )

    count, moved = committed(services.engine, forget)
    _report(whose, "forgotten", count, moved, as_json)


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
    ranges = list(_read(file, why)) if file else [(*_range(*span, "DAY"), _reason(why, "--why"))]
    rows = [row for one in ranges for row in _rows(services.settings, kind, whose, *one)]
    if not rows:
        fail("None of these days is a Monday to Friday without a public holiday; name a single day to change it.")

    def enter(connection: Connection) -> int:
        _check_lea(connection, whose)
        now = services.clock().timestamp()
        _, moved = calendars.move_deadlines(
            connection, services.settings, whose, now, lambda: school_days.put(connection, rows)
        )
        return moved

    moved = committed(services.engine, enter)
    _report(whose, kind, len({row.day for row in rows}), moved, as_json)


def _whose(lea: str, is_all: bool) -> str:
    if bool(lea) == is_all:
        fail("Say whose days: --lea ID for one LEA, or --all.", 2)
    return lea


def _check_lea(connection: Connection, lea: str) -> None:
    if lea and directory.party(connection, lea) is None:
        fail(f"{lea} is not in the directory; `satchel lea list` shows who is.")


def _range(first: str, last: str, place: str) -> tuple[date, date]:
    begin = _day(first, place)
    end = _day(last, "--to" if place == "DAY" else place) if last else begin
    if not 0 <= (end - begin).days < _MOST_DAYS:
        fail(f"{place}: the last day must not be before the first, nor more than {_MOST_DAYS} days later.", 2)
    return begin, end


def _day(text: str, place: str) -> date:
    """As ISO 8601 has it, or as spreadsheet programs write it in the United States."""
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


def _read(path: Path, why: str) -> Iterator[tuple[date, date, str]]:
    """The ranges of a file; a line without a reason has that of --why."""
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
        yield (*_range(cells.get("day", ""), cells.get("to", ""), place), _reason(cells.get("why") or why, place))


def _rows(settings: Settings, kind: Kind, lea: str, first: date, last: date, why: str) -> Iterator[SchoolDay]:
    free = calendars.public_holidays(settings.transfers.holidays, first.year, last.year) if kind is Kind.OPEN else {}
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        if first == last or (day.weekday() < _SATURDAY and day not in free):
            yield SchoolDay(lea, day.isoformat(), kind, why)


def _report(lea: str, what: str, count: int, moved: int, as_json: bool) -> None:
    if as_json:
        say(json.dumps({"lea": lea or None, "days": count, "as": what, "deadlines_moved": moved}))
        return
    days = f"{count} day is" if count == 1 else f"{count} days are"
    say(f"{days} {what} for {lea or 'every LEA that does not say otherwise'}.")
    if moved:
        say(f"{moved} open transfer{'s have' if moved > 1 else ' has'} a new deadline.")


def _gather(connection: Connection, settings: Settings, lea: str, year: SchoolYear) -> dict[str, Any]:
    calendar = calendars.calendar_of(connection, settings, lea, year.first, year.last)
    days = [date.fromordinal(one) for one in calendar.days if one <= year.last.toordinal()]
    told = [one for one in calendars.marks(connection, settings, lea, year.first, year.last) if _matters(one)]
    return {
        "lea": lea or None,
        "school_year": year.number,
        "year_round": lea in settings.transfers.year_round_leas,
        "first": days[0].isoformat() if days else None,
        "last": days[-1].isoformat() if days else None,
        "school_days": len(days),
        "months": dict(Counter(day.isoformat()[:7] for day in days)),
        "days": [{"day": one.day.isoformat(), "kind": one.kind, "by": one.by, "why": one.why} for one in told],
    }


def _matters(mark: Mark) -> bool:
    """A holiday on a weekend changes nothing."""
    return mark.by is not calendars.By.HOLIDAY or mark.day.weekday() < _SATURDAY


def _show(found: dict[str, Any]) -> None:
    number, whose = found["school_year"], found["lea"] or "Every LEA that does not say otherwise"
    span = f", {found['first']} to {found['last']}" if found["first"] else ""
    say(f"{whose}, school year {number - 1}-{number % 100:02}: {found['school_days']} school days{span}.")
    tables.facts([f"{month} {count}" for month, count in found["months"].items()])
    rows = (
        (one["day"], date.fromisoformat(one["day"]).strftime("%a"), one["kind"], one["by"], one["why"])
        for one in found["days"]
    )
    tables.show(("day", "", "school", "says", tables.text("why")), rows)
