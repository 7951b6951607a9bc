"""The program's account of stays, in the words of `tests.support.whereabouts`: what a comparison needs, and no more.

Owns the translation of days ('' for none in the program, None here) and of names. Nothing is decided here.
"""

from collections.abc import Collection, Iterable
from datetime import date

from broker.core import stays
from broker.core.cases import asking
from broker.core.days.school_year import Calendar
from broker.core.transfer import Case, TransferState
from tests.support.situations import Span
from tests.support.told import Report
from tests.support.whereabouts import Answered

CALENDAR = Calendar.of("07-01", "08-15", "06-05")
Locations = tuple[stays.Location, ...]
Who = tuple[str, set[str], set[str], set[str]]


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _report(one: Report) -> stays.Report:
    facts = (one.lea, one.school, _text(one.day))
    return stays.Report(one.event, *facts, exit_day=_text(one.ends), dual=one.dual, military=one.military)


def tell_all(locations: Locations, lines: Iterable[Report], today: date) -> tuple[Locations, list[str]]:
    """The stays after the lines of one packet, and why each line was refused, '' for what was not."""
    reports = list(lines)
    said = [""] * len(reports)
    for number in sorted(range(len(reports)), key=lambda number: reports[number].day):
        try:
            report = _report(reports[number])
            told = stays.tell(locations, report, today.isoformat())
            locations = stays.changed(locations, report, told, today.isoformat())
        except stays.Unfit as refused:
            said[number] = refused.code
    return locations, said


def spans(locations: Locations) -> list[Span]:
    """The stays that are not void, in the order of reporting."""
    return [
        (one.lea, one.school, date.fromisoformat(one.entry_date), _day(one.exit_date), one.dual, one.military)
        for one in locations
        if one.entry_date != one.exit_date
    ]


def account(locations: Locations, today: date) -> stays.Account:
    """What the program makes of them on a day."""
    return stays.Account(locations, stays.Today(today.isoformat(), CALENDAR))


def who(known: stays.Account) -> Who:
    """Where the child is, which LEAs have it, had it, and have only announced it."""
    holders, had = set(known.holders), set(known.had)
    return (known.here or "", holders, had - holders, set(known.announced))


def runs(known: stays.Account) -> list[tuple[str, date]]:
    """Each time that the child came to an LEA, and since when."""
    return [(run[0].lea, date.fromisoformat(run[0].entry_date)) for run in known.runs]


def asked(known: stays.Account, answered: Collection[Answered], asker: str = "") -> set[str]:
    """Whom the LEA where the child is asks when nobody has been asked yet, or whom `asker` asks beside these.

    Those whose case for this stay was answered are asked no more.
    """
    closed = [
        Case(number, source, to, TransferState.CLOSED, "", since.isoformat(), None)
        for number, (source, to, since) in enumerate(sorted(answered), 1)
    ]
    who = asker or known.here
    return {one.source for one in asking.plan(known, closed, asker=asker or None).opens if one.destination == who}
