"""What a report does to the stays of one child, by the rules: the first half of the tests' own account.

Owns reports and stays. A stay is known by LEA, school and entry day; its exit is the first day on which the child is
not there any more, None while nobody has told one; on its own entry day it never was. Stays stand in the order in
which they were first reported.
Promises: written from the rules, never from the program, of which it imports nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

_FAR = timedelta(days=400)


class Unfit(Exception):
    """A report that is refused; the text is why."""


@dataclass(frozen=True)
class Report:
    """What an LEA tells of one stay. `event` is entry or exit; None for what it leaves out.

    `ends` is the exit day that an entry may carry.
    """

    event: str
    lea: str
    school: str
    day: date
    ends: date | None = None
    dual: bool | None = None
    military: bool | None = None

    @property
    def is_entry(self) -> bool:
        """Whether it tells that the child has come."""
        return self.event == "entry"


@dataclass
class Stay:
    """A span at one school of an LEA; `told` is the day on which its entry was first reported."""

    lea: str
    school: str
    entry: date
    exit: date | None
    told: date
    dual: bool = False
    military: bool = False

    @property
    def is_void(self) -> bool:
        """An exit on the very day of the entry takes the stay back: it never was."""
        return self.exit == self.entry

    def has_ended(self, day: date) -> bool:
        """Whether the child is not there any more."""
        return self.exit is not None and self.exit <= day


def tell_all(stays: list[Stay], reports: Iterable[Report], today: date) -> list[str]:
    """Carry out the lines of one packet in the order of their days, those of one day as they stand; why each line was
    refused, '' for what was not."""
    lines = list(reports)
    said = [""] * len(lines)
    for number in sorted(range(len(lines)), key=lambda number: lines[number].day):
        try:
            tell(stays, lines[number], today)
        except Unfit as refused:
            said[number] = str(refused)
    return said


def tell(stays: list[Stay], report: Report, today: date) -> None:
    """Carry out one report. Raises Unfit, and then nothing has changed."""
    days = [report.day] + ([report.ends] if report.ends else [])
    if max(days) > today + _FAR:
        raise Unfit("too-far-ahead")
    if max(days) != days[-1]:
        raise Unfit("exit-before-entry")
    there = [one for one in stays if (one.lea, one.school) == (report.lea, report.school)]
    good = [one for one in there if not one.is_void]
    if report.is_entry:
        _enter(stays, good, report, today)
    else:
        _leave(good, report.day, any(one.is_void and one.entry == report.day for one in there))


def _enter(stays: list[Stay], there: list[Stay], report: Report, today: date) -> None:
    same = [one for one in there if one.entry == report.day]
    if same:
        found = same[-1]  # of two, where two numbers were found to be one child's, the one reported later
    else:
        ends = report.ends or _end_of_neighbour(there, report.day)
        found = Stay(report.lea, report.school, report.day, ends, today)
        stays.append(found)
    if same and report.ends:
        found.exit = report.ends
    elif same and not any(one.entry > report.day for one in there):
        _reopen(there, found)
    found.dual = found.dual if report.dual is None else report.dual
    found.military = found.military if report.military is None else report.military


def _end_of_neighbour(there: list[Stay], day: date) -> date | None:
    """Where the end of a stay that begins on `day` has been told before the stay itself was."""
    before = max((one for one in there if one.entry < day), key=entry_of, default=None)
    if before and before.exit and before.exit > day:
        return before.exit
    behind = min((one for one in there if one.entry > day), key=entry_of, default=None)
    return behind.exit if behind else None


def _reopen(there: list[Stay], stay: Stay) -> None:
    """The exit was wrong: what had ended with this stay had not."""
    wrong = stay.exit
    for one in there:
        if one.exit == wrong:
            one.exit = None


def _leave(there: list[Stay], day: date, was_taken_back: bool) -> None:
    """`was_taken_back` says that a stay there that began on this day is void already."""
    begun = [one for one in there if one.entry <= day]
    told_before = [one for one in there if one.exit == day]
    if was_taken_back and not any(one.entry == day for one in there):
        return  # told before
    if not begun:
        raise Unfit("exit-before-entry" if there else "no-open-enrollment")
    last = max(reversed(told_before or begun), key=entry_of)
    ended = last.exit
    for one in begun:  # where two numbers of the child told of one stay, it stands there twice
        is_same, is_piece = one.entry == last.entry, one.entry <= last.entry and one.exit in (None, ended)
        if one is last or (is_same if last.entry == day else is_piece):
            one.exit = day


def entry_of(stay: Stay) -> date:
    """The day on which it began."""
    return stay.entry
