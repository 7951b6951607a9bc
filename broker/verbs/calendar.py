"""calendar: the days on which an LEA teaches, which decide the deadlines.

Contract: each change is one transaction, in which the deadlines of open transfers move with the calendar, with a line
in the log of acts; a range changes only Mondays to Fridays and never opens a public holiday; a single day is changed
whatever day it is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from broker.core.access import Action
from broker.core.actor import Actor
from broker.core.errors import NotDone
from broker.core.review import MOST_WHY, is_one_line
from broker.edge import calendars
from broker.edge.calendars import By, Mark
from broker.edge.ledger.cases import school_days
from broker.edge.ledger.cases.school_days import Kind, SchoolDay
from broker.edge.ledger.engine import Reading, Writing, reading
from broker.edge.ledger.parties import directory
from broker.edge.settings.values import Settings
from broker.offline import Offline
from broker.verbs.acting import NotThere, recorded, verb

__all__ = ["By", "Changed", "Days", "Kind", "Mark", "Year", "close_days", "open_days", "reset_days", "show_year"]

Done = TypeVar("Done")
_SATURDAY = 5
_MOST_DAYS = 366  # in one range
_EVERY = "every LEA"


@dataclass(frozen=True, slots=True)
class Days:
    """The days from `first` to `last`, both included, and why they change, '' where no reason is asked. Raises NotDone
    `days` for more than 366 days, or none."""

    first: date
    last: date
    why: str = ""

    def __post_init__(self) -> None:
        """Check the bounds."""
        if not 0 <= (self.last - self.first).days < _MOST_DAYS:
            raise NotDone("days", most=_MOST_DAYS)

    def __str__(self) -> str:
        """An ISO 8601 day or interval."""
        return self.first.isoformat() + (f"/{self.last.isoformat()}" if self.last != self.first else "")


@dataclass(frozen=True, slots=True)
class Year:
    """A school year of an LEA ('': what is true for all), by the year in which it ends: the days on which there is
    school, and the days that differ from the weekly rule."""

    lea: str
    number: int
    is_year_round: bool
    days: tuple[date, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """How many days were changed, and how many open transfers got a new deadline."""

    days: int
    deadlines_moved: int


@verb(Action.READ_CALENDAR)
def show_year(room: Offline, lea: str = "", number: int | None = None, *, actor: Actor) -> Year:
    """A school year; without `number` the current one. Raises NotThere `no-party`."""
    settings = room.settings
    rule, today = settings.claims.calendar, room.day()
    year = rule.year(number or rule.containing(today))
    with reading(room.engine) as connection:
        _check_lea(connection, lea)
        calendar = calendars.calendar_of(connection, settings, lea, year.first, year.last)
        marks = calendars.marks(connection, settings, lea, year.first, year.last)
    days = tuple(date.fromordinal(one) for one in calendar.days if one <= year.last.toordinal())
    is_year_round = lea in settings.transfers.year_round_leas
    return Year(lea, year.number, is_year_round, days, tuple(one for one in marks if _matters(one)))


def _matters(mark: Mark) -> bool:
    """A holiday on a weekend changes nothing."""
    return mark.by is not By.HOLIDAY or mark.day.weekday() < _SATURDAY


@verb(Action.KEEP_CALENDAR)
def close_days(room: Offline, lea: str, days: Sequence[Days], *, actor: Actor) -> Changed:
    """Enter that there is no school on these days, for one LEA or ('') for all that do not say otherwise. Raises
    NotDone `why` for a reason that is not one line, `no-weekday`, NotThere `no-party`."""
    return _enter(room, "close_days", Kind.CLOSED, lea, days, actor)


@verb(Action.KEEP_CALENDAR)
def open_days(room: Offline, lea: str, days: Sequence[Days], *, actor: Actor) -> Changed:
    """Enter that there is school on these days, in summer or on a holiday. Raises as `close_days` does."""
    return _enter(room, "open_days", Kind.OPEN, lea, days, actor)


@verb(Action.KEEP_CALENDAR)
def reset_days(room: Offline, lea: str, days: Days, *, actor: Actor) -> Changed:
    """Delete what was entered for these days, so that the rule applies again. Raises NotThere `no-party`."""

    def reset(connection: Writing) -> Changed:
        _check_lea(connection, lea)
        count, moved = _move(connection, room, lea, lambda: school_days.remove(connection, lea, days.first, days.last))
        return Changed(count, moved)

    return _changed(room, "reset_days", reset, lea, [days], actor)


def _enter(room: Offline, name: str, kind: Kind, lea: str, days: Sequence[Days], actor: Actor) -> Changed:
    if not all(is_one_line(one.why, MOST_WHY) for one in days):
        raise NotDone("why", most=MOST_WHY)
    rows = [row for one in days for row in _rows(room.settings, kind, lea, one)]
    if not rows:
        raise NotDone("no-weekday")

    def enter(connection: Writing) -> Changed:
        _check_lea(connection, lea)
        _, moved = _move(connection, room, lea, lambda: school_days.put(connection, rows))
        return Changed(len({row.day for row in rows}), moved)

    return _changed(room, name, enter, lea, days, actor)


def _rows(settings: Settings, kind: Kind, lea: str, of: Days) -> Iterator[SchoolDay]:
    free = (
        calendars.public_holidays(settings.transfers.holidays, of.first.year, of.last.year) if kind is Kind.OPEN else {}
    )
    for number in range((of.last - of.first).days + 1):
        day = of.first + timedelta(days=number)
        if of.first == of.last or (day.weekday() < _SATURDAY and day not in free):
            yield SchoolDay(lea, day.isoformat(), kind, of.why)


def _changed(
    room: Offline, name: str, unit: Callable[[Writing], Changed], lea: str, days: Sequence[Days], actor: Actor
) -> Changed:
    """Make the change in one transaction; its line has the LEA, the days, and the reason where it is the same for
    all."""
    reasons = {one.why for one in days}
    return recorded(
        room,
        name,
        unit,
        actor=actor,
        subject=lea or _EVERY,
        why=reasons.pop() if len(reasons) == 1 else "",
        told=lambda done: {"days": [str(one) for one in days], "changed": done.days, "moved": done.deadlines_moved},
    )


def _move(connection: Writing, room: Offline, lea: str, change: Callable[[], Done]) -> tuple[Done, int]:
    """Make the change; returns its result, and how many deadlines moved with it."""
    return calendars.move_deadlines(connection, room.settings, lea, room.clock().timestamp(), change)


def _check_lea(connection: Reading, lea: str) -> None:
    if lea and directory.party(connection, lea) is None:
        raise NotThere("no-party", lea=lea)
