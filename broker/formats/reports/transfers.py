"""Transfers as JSON, CSV and text: the list of cases, and the state's report on each LEA.

Owns their forms. Promises: no names of students; the same ledger gives the same bytes; a spreadsheet takes no cell of
the CSV for a formula; each form is written line by line.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from broker.core.days.deadlines import RULES, Clock
from broker.core.days.state_time import StateTime
from broker.core.model import LeaId
from broker.core.report import SLOW, Report, Tally, median, percentile
from broker.edge.ledger.cases.transfers import TransferEvent, TransferRow
from broker.formats.reports.claims import cell

VERSION = "transfers.v1"
CASE = (
    *("transfer", "ssid", "source", "destination", "state", "reason", "entered_on", "opened_on", "asked_on"),
    *("due_on", "rule", "is_overdue", "school_days_late", "answered_on", "school_days_to_answer", "closed_on"),
    *("is_military", "follows"),
)
STANDING = (
    *("rank", "lea", "name", "asked", "answered", "open", "overdue", "most_school_days_late"),
    *("median_school_days", "p95_school_days", "median_days", "p95_days"),
    *("closed", "cancelled", "collected_not_acknowledged", "reported_late"),
)


class Writes(Protocol):
    """A target that a list is written to."""

    def write(self, text: str, /) -> object:
        """Take this text."""


class Csv:
    """Writes CSV (RFC 4180) with a header line of these columns. `out` must not translate line ends."""

    def __init__(self, out: Writes, columns: Sequence[str]) -> None:
        self._writer = csv.writer(out)
        self._columns = columns
        self._writer.writerow(columns)

    def add(self, one: Mapping[str, Any]) -> None:
        """Write one line."""
        self._writer.writerow([cell(one[name]) for name in self._columns])

    def end(self) -> None:
        """Nothing follows the last row."""


class Json:
    """Writes one JSON object: the properties of `head`, then the list called `name`, one line each."""

    def __init__(self, out: Writes, head: Mapping[str, Any], name: str) -> None:
        opening = json.dumps({"report": VERSION, **head}, ensure_ascii=False)
        self._out = out
        self._before = f'{opening[:-1]}, "{name}": [\n'

    def add(self, one: Mapping[str, Any]) -> None:
        """Write one object."""
        self._out.write(self._before + json.dumps(one, ensure_ascii=False))
        self._before = ",\n"

    def end(self) -> None:
        """Close the object."""
        self._out.write(("" if self._before == ",\n" else self._before) + "\n]}\n")


def _day(state: StateTime, at: float | None) -> str | None:
    return None if at is None else state.day(at).isoformat()


def case(row: TransferRow, state: StateTime, late: int | None, taken: int | None) -> dict[str, Any]:
    """A case with the columns of CASE, ready for JSON. `late` and `taken` are school days of the source: by how many
    the case is overdue, and how many the answer took; None where it is not overdue, or not answered."""
    return {
        "transfer": row.id,
        "ssid": row.ssid,
        "source": row.source,
        "destination": row.destination,
        "state": row.state.value,
        "reason": row.reason,
        "entered_on": row.entered_on,
        "opened_on": _day(state, row.opened_at),
        "asked_on": _day(state, row.requested_at),
        "due_on": row.due_on or None,
        "rule": row.rule,
        "is_overdue": late is not None,
        "school_days_late": late,
        "answered_on": _day(state, row.answered_at),
        "school_days_to_answer": taken,
        "closed_on": _day(state, row.closed_at),
        "is_military": bool(row.military),
        "follows": row.follows,
    }


def whole(
    row: TransferRow,
    events: Sequence[TransferEvent],
    state: StateTime,
    late: int | None,
    taken: int | None,
    left: Mapping[str, Any],
) -> dict[str, Any]:
    """A case with its history and packets; `left` holds the code with which the student left the source."""
    steps = [
        {"at": one.at, "before": one.before, "after": one.after, "why": one.why, "tracking": one.tracking}
        for one in events
    ]
    more = {
        "law": RULES[Clock(row.rule)] if row.rule else "",
        "cause": row.cause,
        "request": row.request,
        "answer": row.answer,
        "told_overdue_on": _day(state, row.overdue_at),
        "exit": dict(left),
        "events": steps,
    }
    return case(row, state, late, taken) | more


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "asked": tally.asked,
        "answered": tally.answered,
        "open": tally.open,
        "overdue": tally.overdue,
        "most_school_days_late": tally.most_late,
        "median_school_days": median(tally.school_days),
        "p95_school_days": percentile(tally.school_days, SLOW),
        "median_days": median(tally.days),
        "p95_days": percentile(tally.days, SLOW),
        "closed": tally.closed,
        "cancelled": tally.cancelled,
        "collected_not_acknowledged": tally.unacknowledged,
        "reported_late": tally.late_requests,
    }


def standings(report: Report, names: Mapping[LeaId, str]) -> Iterator[dict[str, Any]]:
    """The LEAs with the columns of STANDING, in the ranking's order, ready for JSON; `names` are the LEAs' names."""
    for rank, lea, tally in report.ranked():
        yield {"rank": rank, "lea": lea, "name": names.get(lea, "")} | _tally(tally)


def head(report: Report) -> dict[str, Any]:
    """The part above the list of LEAs: the days of the report, and the counts of all LEAs together."""
    days: tuple[tuple[str, date], ...] = (("day", report.today), ("from", report.first), ("to", report.last))
    return {name: day.isoformat() for name, day in days} | {"all": _tally(report.all)}
