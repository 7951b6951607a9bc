"""How a report of an entry or exit changes the known stays of a child.

Owns which stay a report is about, and what is refused. Promises: pure; the same report again changes nothing; reports
about different stays give the same result in any order, in one packet or in many (within one packet, entries go before
exits); nothing is deleted: a mistaken stay is kept as one that never counted.

LEA, school and first day identify a stay. A report that is sent again with changes corrects it:

- an entry sent again without an exit opens the stay again, unless that school entered the student later, too; with an
  exit, the stay ends then;
- an exit is for the stay of that school that began last by its day, even if that stay has ended: then the earlier exit
  day was wrong;
- an exit on the first day itself takes the entry back.

A school that enters a student again each year reports one long stay in pieces. So an exit also ends the older pieces
that have no exit yet, and a piece that is reported late ends where the next ones did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal

from broker.core.model import LeaId
from broker.core.stays.location import Location

AHEAD = timedelta(days=400)  # a school year and some weeks: 2062 for 2026 is a slip of the keyboard


class Unfit(Exception):
    """The report is refused. `code` is a word of the answer: `exit-before-entry`, `no-open-enrollment`,
    `too-many-stays`, `changed-too-often` or `too-far-ahead`; `fact` names the date at fault, where one is."""

    def __init__(self, code: str, fact: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.fact = fact


@dataclass(frozen=True, slots=True)
class Report:
    """One line. `day` is the first day of an entry, or the last day for an exit; days are ISO 8601. `dual` and
    `military` are None where the line does not say."""

    kind: Literal["entry", "exit"]
    lea: LeaId
    school: str
    day: str
    exit_day: str = ""
    dual: bool | None = None
    military: bool | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a report changes. `stay` is the place of the stay that it is about, None for a new one; `ends` maps the
    places of stays whose exit changes to the new exit date; `exit_date` is the end of a new stay, '' for none."""

    stay: int | None
    ends: Mapping[int, str] = field(default_factory=dict)
    exit_date: str = ""


def tell(locations: Sequence[Location], report: Report, today: str) -> Told:
    """What this report changes; `locations` are in the order in which they were reported. Raises Unfit."""
    _check(report, today)
    own = [place for place, one in enumerate(locations) if (one.lea, one.school) == (report.lea, report.school)]
    there = [place for place in own if not locations[place].is_void]
    if report.kind == "entry":
        return _entry(locations, there, report)
    has_begun = any(locations[place].entry_date == report.day for place in there)
    voided = [place for place in own if locations[place].entry_date == report.day]
    return Told(voided[-1]) if voided and not has_begun else _exit(locations, there, report)


def _check(report: Report, today: str) -> None:
    latest = (date.fromisoformat(today) + AHEAD).isoformat()
    for fact, day in (("date", report.day), ("exit_date", report.exit_day)):
        if day > latest:
            raise Unfit("too-far-ahead", fact)
    if report.exit_day and report.exit_day < report.day:
        raise Unfit("exit-before-entry", "exit_date")


def _entry(locations: Sequence[Location], there: Sequence[int], report: Report) -> Told:
    same = next((place for place in there if locations[place].entry_date == report.day), None)
    if same is not None:
        if report.exit_day:
            return Told(same, {same: report.exit_day} if locations[same].exit_date != report.exit_day else {})
        is_piece = any(locations[place].entry_date > report.day for place in there)
        return Told(same, {} if is_piece else _end(locations, there, same, ""))
    return Told(None, exit_date=report.exit_day or _taken_over(locations, there, report.day))


def _taken_over(locations: Sequence[Location], there: Sequence[int], day: str) -> str:
    """The end of the long stay that the new one is a piece of: in another order of reports, the exit would have ended
    this piece, too."""
    order = sorted(there, key=lambda place: (locations[place].entry_date, place))
    before = [locations[place] for place in order if locations[place].entry_date < day]
    after = [locations[place] for place in order if locations[place].entry_date > day]
    if before and before[-1].exit_date > day:
        return before[-1].exit_date
    return after[0].exit_date if after else ""


def _exit(locations: Sequence[Location], there: Sequence[int], report: Report) -> Told:
    day = report.day
    begun = [place for place in there if locations[place].entry_date <= day]
    if not begun:
        raise Unfit("exit-before-entry" if there else "no-open-enrollment", "date")
    told_before = [place for place in begun if locations[place].exit_date == day]
    newest = _newest(locations, told_before or begun)
    if locations[newest].entry_date == day:  # two numbers of one student may have told the same stay twice
        return Told(newest, {place: day for place in begun if locations[place].entry_date == day})
    return Told(newest, _end(locations, there, newest, day))


def _end(locations: Sequence[Location], there: Sequence[int], stay: int, day: str) -> dict[int, str]:
    """The new exit date `day` ('' for none) of a stay, and of the older pieces that ended on the same day as it, or not
    at all."""
    first, until = locations[stay].entry_date, {"", locations[stay].exit_date}
    pieces = [place for place in there if locations[place].entry_date <= first and locations[place].exit_date in until]
    return {place: day for place in pieces if locations[place].exit_date != day}


def _newest(locations: Sequence[Location], places: Sequence[int]) -> int:
    return max(places, key=lambda place: (locations[place].entry_date, place))


def changed(locations: Sequence[Location], report: Report, told: Told, today: str) -> tuple[Location, ...]:
    """The stays after this report."""
    new = [replace(one, exit_date=told.ends.get(place, one.exit_date)) for place, one in enumerate(locations)]
    said = {name: value for name in ("dual", "military") if (value := getattr(report, name)) is not None}
    if told.stay is None:
        new.append(Location(report.lea, report.day, told.exit_date, report.school, reported_on=today))
    if report.kind == "entry":
        place = len(new) - 1 if told.stay is None else told.stay
        new[place] = replace(new[place], **said)
    return tuple(new)
