"""The daily notice of overdue records: to the LEA that owes them, and to the LEA that waits for them.

Owns its form and its words. Promises: no name of a student; each reader finds its student by its own local id and the
SSID; of the other LEA it sees only id and name; the LEA that must act is told what to do, and by which rule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from broker.core.days.deadlines import RULES, Clock
from broker.core.transfer import TransferState

MEANS = (
    "The last day for these records has passed. `new` are told for the first time, `still` were told before. Where"
    " `you_are` is source, you owe the record; where it is destination, you wait for it. `reported_late` are students"
    " whose enrollment with you came to the exchange too late for their records to be asked for in time; there is"
    " nothing to do for these but to report the next ones sooner. You get this at most once a school day, and not when"
    " there is nothing to tell."
)
_DO = {
    ("source", TransferState.REQUESTED): (
        "Send the record: a student-record packet with this SSID, sealed to the exchange, into your outbox. If you"
        " cannot, answer the request with an acknowledgement: status rejected, and a code that says why."
    ),
    ("source", TransferState.REFUSED): (
        "You answered that you cannot send this record. Send it if you can by now; if nothing is owed, ask the state"
        " to cancel the case."
    ),
    ("destination", TransferState.REQUESTED): (
        "The record comes into your inbox by itself once it is sent. If you need it now, call the other LEA."
    ),
    ("destination", TransferState.REFUSED): (
        "The other LEA answered that it cannot send this record. Call it, or ask the state to help."
    ),
}


@dataclass(frozen=True, slots=True, repr=False)
class Case:
    """One case for one reader. `you_are` is "source" or "destination"; `local_id` is the reader's own, '' for none;
    `school_days_late` is by the source's calendar; `request` is the tracking id of the notice that asked. Repr
    hidden."""

    transfer: int
    you_are: str
    state: TransferState
    ssid: str
    other: str
    other_name: str
    entered_on: date
    asked_on: date | None
    due_on: date
    school_days_late: int
    days_late: int
    rule: str
    request: str = ""
    local_id: str = field(default="", repr=False)


def _student(one: "Case | Late") -> dict[str, Any]:
    return {
        "transfer": one.transfer,
        "ssid": one.ssid,
        "local_id": one.local_id,
        "other": {"lea": one.other, "name": one.other_name},
    }


def line(case: Case) -> dict[str, Any]:
    """A case, ready for JSON."""
    told = {
        "entered_on": case.entered_on.isoformat(),
        "asked_on": case.asked_on.isoformat() if case.asked_on else "",
        "due_on": case.due_on.isoformat(),
        "school_days_late": case.school_days_late,
        "days_late": case.days_late,
        "rule": RULES[Clock(case.rule)] if case.rule else "",
        "state": case.state.value,
        "do": _DO[case.you_are, case.state],
    }
    answers = {"request": case.request} if case.you_are == "source" and case.request else {}
    return {"you_are": case.you_are} | _student(case) | told | answers


@dataclass(frozen=True, slots=True, repr=False)
class Late:
    """A student whom the reader reported late, on the day `reported_on`, after the first day at school `entered_on`.
    Repr hidden."""

    transfer: int
    ssid: str
    other: str
    other_name: str
    entered_on: date
    reported_on: date
    local_id: str = field(default="", repr=False)


def late_line(one: Late) -> dict[str, Any]:
    """A student reported late, ready for JSON."""
    told = {
        "entered_on": one.entered_on.isoformat(),
        "reported_on": one.reported_on.isoformat(),
        "days_after_entry": (one.reported_on - one.entered_on).days,
        "rule": RULES[Clock.REQUEST],
    }
    return _student(one) | told


def body(day: date, lines: Mapping[str, Sequence[Mapping[str, Any]]], not_listed: int) -> dict[str, Any]:
    """The notice of a day; `lines` has `new`, `still` and `reported_late`; `not_listed` says how many more there
    are."""
    head = {"event": "overdue", "day": day.isoformat(), "means": MEANS}
    return head | {name: list(lines[name]) for name in ("new", "still", "reported_late")} | {"not_listed": not_listed}
