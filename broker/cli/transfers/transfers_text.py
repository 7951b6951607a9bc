"""What `satchel transfers` prints.

Owns the tables and sentences. Promises: no control characters; no names of students.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from broker.core.days.state_time import StateTime
from broker.terminal import tables
from broker.terminal.common import say

_SHOWN = 500  # cases in the table on the screen


def _days(count: int | None) -> str:
    return "" if count is None else f"{count} school day{'s' * (count != 1)}"


def show_list(lines: Iterable[Mapping[str, Any]]) -> None:
    """Print the cases as a table."""
    rows: list[list[Any]] = []
    count = overdue = 0
    for count, one in enumerate(lines, 1):
        overdue += one["is_overdue"]
        if count <= _SHOWN:
            facts = [one[name] for name in ("transfer", "ssid", "source", "destination", "state", "entered_on")]
            facts += [one["asked_on"], one["due_on"], _days(one["school_days_late"]), one["reason"]]
            rows.append(facts)
    if not count:
        say("No transfer fits that; `satchel transfers --state all` lists every case.")
        return
    tables.show(("id", "SSID", "from", "to", "state", "entered", "asked", "due", "late", "why"), rows)
    if count > _SHOWN:
        say(f"These are the first {_SHOWN}; `satchel transfers --format csv` writes all.")
    say(f"{count:,} transfer{'s' * (count != 1)}, {overdue:,} overdue. Days are counted by the calendar of the source.")


def show_one(one: Mapping[str, Any], names: Mapping[str, str], state: StateTime) -> None:
    """Print one case in sentences."""
    ends = [f"{lea} {names.get(lea, '')}".strip() for lea in (one["source"], one["destination"])]
    say(f"Transfer {one['transfer']} of student {one['ssid']} from {ends[0]} to {ends[1]}: {_state(one)}")
    say(f"Entered on {one['entered_on']}; the case was opened on {one['opened_on']}.")
    for text in (_asked(one), _left(one), _answered(one)):
        if text:
            say(tables.plain(text))
    if one["follows"]:
        say(f"It takes the place of transfer {one['follows']}.")
    for step in one["events"]:
        at = state.told(step["at"])
        more = " ".join(part for part in (f"({step['why']})" if step["why"] else "", step["tracking"]) if part)
        say(tables.plain(f"  {at}  {step['after']}  {more}".rstrip()))


def _state(one: Mapping[str, Any]) -> str:
    reason = f" ({one['reason']})" if one["reason"] else ""
    late = f", {_days(one['school_days_late'])} late" if one["is_overdue"] else ""
    return tables.plain(f"{one['state']}{reason}{late}")


def _asked(one: Mapping[str, Any]) -> str:
    if not one["asked_on"]:
        return "The source was not asked."
    asked = f"Asked on {one['asked_on']} by {one['request'] or 'no notice: the record was on its way'}"
    due = f"; due on {one['due_on']}. {one['law']}" if one["due_on"] else "."
    told = f" First told as overdue on {one['told_overdue_on']}." if one["told_overdue_on"] else ""
    return f"{asked}{due}{told}"


def _left(one: Mapping[str, Any]) -> str:
    left = one["exit"]
    if not left:
        return f"{one['source']} has not reported that the student left."
    means = left["means"] or "what it means is not known"
    return (
        f"Left {one['source']} on {left['on']}, code {left['code']}: {means}."
        if left["code"]
        else (f"Left {one['source']} on {left['on']}, without a code.")
    )


def _answered(one: Mapping[str, Any]) -> str:
    if not one["answered_on"]:
        return ""
    return f"Answered on {one['answered_on']}, after {_days(one['school_days_to_answer'])}, by {one['answer']}."


def show_report(lines: Iterable[Mapping[str, Any]], head: Mapping[str, Any]) -> None:
    """Print the report as a table."""
    numbers = ("asked", "answered", "open", "overdue", "most late", "median", "p95", "median*", "p95*")
    more = ("closed", "not ackn.", "rep. late")
    columns = [tables.number("#"), tables.text("LEA"), *map(tables.number, (*numbers, *more))]
    rows = [(one["rank"], f"{one['lea']} {one['name']}".strip(), *_numbers(one)) for one in lines]
    if not rows:
        say(f"Nothing was asked for from {head['from']} to {head['to']}, and nothing is open.")
        return
    tables.show(columns, rows, ("", "all", *_numbers(head["all"])))
    say(f"Asked from {head['from']} to {head['to']}; open and overdue are those of today, whenever asked.")
    say("Most late, median and p95 (95 % of the answers took no longer) are school days of the LEA asked; * are days.")
    say("Not ackn.: records and transcripts that the LEA collected and did not acknowledge.")
    say("Rep. late: students whose enrollment the LEA reported too late to ask in time (Utah 53A-11-504).")


def _numbers(one: Mapping[str, Any]) -> list[str]:
    names = ("asked", "answered", "open", "overdue", "most_school_days_late", "median_school_days", "p95_school_days")
    more = ("median_days", "p95_days", "closed", "collected_not_acknowledged", "reported_late")
    return [_number(one[name]) for name in (*names, *more)]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
