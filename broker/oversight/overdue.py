"""overdue: LEAs are told of their overdue transfers, first as new, then once each school day; the state gets a ranking.

Contract: reads the ledger, and changes it only by leaving sealed `transfer` notices, in which an LEA finds only its own
students, and by noting which cases were told. Once a day, after the hour of the settings, each LEA that has a school
day gets at most one notice; the notice's own transaction records it, so neither a crash nor a second process repeats
it. The state's ranking is written to `reports/` of the home, without names of students. The work is done in slices, so
that the sweeper's other duties do not wait for it. No LEA is told of cases that the state holds (Utah 53A-11-504).
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

from broker.core.model import LeaId, PacketType
from broker.edge.home import reports
from broker.edge.home.reports import Draft
from broker.edge.ledger.again import committed
from broker.edge.ledger.cases import transfer_views
from broker.edge.ledger.engine import Writing, reading
from broker.edge.ledger.parties import directory, removals
from broker.formats.reports import overdue
from broker.formats.reports.transfers import STANDING, Csv, Json, head, standings
from broker.oversight import nightly, overdue_cases, transfer_ranking
from broker.oversight.nightly import folder
from broker.oversight.transfer_ranking import Calendars
from broker.packets.notify import leave
from broker.packets.services import Services

_STUDENTS = 5_000  # in one notice


class Nightly(nightly.Nightly):
    """The digest and the report of each day."""

    def __init__(self, services: Services) -> None:
        super().__init__(services, services.settings.transfers.digest_hour, names, write)


def names(day: date) -> tuple[str, str]:
    """The names of a day's files. The JSON file appears last: when it is there, the day is done."""
    return f"transfers-{day}.csv", f"transfers-{day}.json"


def write(services: Services, day: date) -> Iterator[None]:
    """Tell the LEAs what is overdue on this day, and write the state's report, a slice at a time. Raises Deferred."""
    with reports.making(folder(services), names(day), "-transfers") as draft:
        calendars = Calendars(services.settings, day)
        yield from _pile(services, day, draft, calendars)
        yield from _tell(services, day, draft, calendars)
        yield from _rank(services, day, draft)
        draft.publish()
    reports.purge(folder(services), "transfers", day - timedelta(days=services.settings.claims.report_days))


def _pile(services: Services, day: date, draft: Draft, calendars: Calendars) -> Iterator[None]:
    """Put the lines for each LEA on its pile."""
    for some in overdue_cases.lines(services, day, calendars):
        for lea, one in some:
            draft.pile(lea, one)
        draft.flush()
        yield


def _tell(services: Services, day: date, draft: Draft, calendars: Calendars) -> Iterator[None]:
    """Leave a notice for each LEA that has a school day; one LEA in each slice."""
    with reading(services.engine) as connection:
        gone = removals.standing(connection)  # otherwise they would find a notice for each day when they come back
    for lea in (lea for lea, _ in draft.piles() if lea not in gone):
        with reading(services.engine) as connection:
            is_school_day = calendars.of(connection, lea, day).is_school_day(day)
        if is_school_day:
            committed(services.engine, partial(_tell_one, services, lea, day, draft))
        yield


def _tell_one(services: Services, lea: LeaId, day: date, draft: Draft, connection: Writing) -> None:
    last = transfer_views.last_told(connection, lea, day)
    if last == day:
        return
    lines, not_listed = _sorted(draft, lea, last.isoformat() if last else "")
    if not any(lines.values()):
        return
    body = overdue.body(day, lines, not_listed)
    tracking = leave(services, connection, lea, PacketType.TRANSFER, body, is_to_be_read=True)
    transfer_views.tell(connection, lea, day, tracking)
    new = {line["transfer"]: services.time.ends(date.fromisoformat(line["due_on"])) for line in lines["new"]}
    at = services.clock().timestamp()  # within the day of the notice, even where the work went on past midnight
    transfer_views.overdue_now(connection, new, min(at, services.time.ends(day) - 1))


def _sorted(draft: Draft, lea: LeaId, last: str) -> tuple[dict[str, list[dict[str, Any]]], int]:
    """The lines on the pile of an LEA that was last told on the day `last` ('' for never): by kind, the most overdue
    first; and how many more there are than a notice holds."""
    lines: dict[str, list[dict[str, Any]]] = {"new": [], "still": [], "reported_late": []}
    not_listed = 0
    for one in (one for some in draft.parts(lea, _STUDENTS) for one in some):
        kind = overdue_cases.kind(one, last)
        if kind and len(lines[kind]) < _STUDENTS:
            lines[kind].append(one["line"])
        else:
            not_listed += bool(kind)
    for kind in ("new", "still"):
        lines[kind].sort(key=lambda line: (line["due_on"], line["transfer"]))
    return lines, not_listed


def _rank(services: Services, day: date, draft: Draft) -> Iterator[None]:
    """Write the state's report on the school year so far."""
    period = transfer_ranking.this_year(services.settings, day)
    report = transfer_ranking.begin(services.settings, period)
    for _ in transfer_ranking.gather(services.engine, services.settings, report):
        yield
    with reading(services.engine) as connection:
        parties = {party.id: party.name for party in directory.all_parties(connection)}
    as_csv, as_json = draft.files.values()
    for form in (Csv(as_csv, STANDING), Json(as_json, head(report), "leas")):
        for line in standings(report, parties):
            form.add(line)
        form.end()
