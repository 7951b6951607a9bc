"""The notices to LEAs about transfers: `record-request` asks an LEA for a record, `transfer` reports on a case.

Owns their bodies. Promises: each reader finds the student by its own number and the SSID, and is told in plain words
what to do, with the rule's section; no data of one LEA goes to the other, except that it has, or had, the student.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

REQUEST_MEANS = (
    "This student of yours has enrolled at the school named under `requested_by`. Send the record as a"
    " student-record.v1 packet, sealed to the exchange, without `to` or with `to` as named there; it goes to that"
    " school by itself. If you cannot, answer this notice with an acknowledgement.v1: `tracking` of this notice,"
    " `status` rejected, and `code` (other, where you have no record)."
)
_AGAIN = "You are asked again: the school has asked once more, or what you sent was taken back or cannot be used. "
_MEANS = {
    "requested": (
        "These students have enrolled with you. Their previous schools were asked for their records at once; you have"
        " nothing to do. The records come into your inbox by themselves."
    ),
    "on-its-way": "The record of the previous school is on its way already; it comes by itself.",
    "held": "These students have enrolled with you. The state holds their records, and will tell you more.",
    "resumed": "The state no longer holds the records of these students. Their previous schools were asked for them.",
    "declined": "The previous school says that it cannot send this record; the state can see that. Call the school.",
    "moved-on": "The student has enrolled at another school since. The record does not go to this one any more.",
    "returned": "The student is at the previous school again. Nothing needs to be sent.",
    "left": "The student has left the new school again. Nothing needs to be sent now.",
    "withdrawn": "The enrollment was taken back. Nothing needs to be sent.",
    "undone": "The earlier notice named the wrong student: disregard it. Nothing needs to be sent.",
    "merged": "Two numbers turned out to be one student's. Another case asks for the record, so this one is ended.",
    "not-needed": (
        "This school need not be asked any more: later reports show that its record has gone to the next school"
        " already, or that the student is enrolled at both schools. Nothing needs to be sent."
    ),
    "by-state": "The state has ended this case. Nothing needs to be sent.",
    "recalled": "The school that had sent the record took it back before you collected it. It is asked for it again.",
}


@dataclass(frozen=True, slots=True, repr=False)
class About:
    """One case for one reader. `local_id` is the reader's own number for the student, `other` is the other LEA; days
    are ISO dates, '' for none. Repr hidden."""

    transfer: int
    ssid: str
    other: str
    other_name: str
    local_id: str = field(default="", repr=False)
    entered_on: str = ""
    due_on: str = ""
    rule: str = ""


def means(event: str) -> str:
    """The sentences for an event: what it means, and what to do."""
    return _MEANS[event]


def request(about: About, name: Mapping[str, str], birth_date: str, *, is_again: bool) -> dict[str, Any]:
    """The body of a `record-request` notice; `name` is the legal name of the LEA's own (former) student. `is_again`
    says that the LEA was asked for the record before."""
    student = {"ssid": about.ssid, "local_id": about.local_id, "legal_name": dict(name), "birth_date": birth_date}
    return {
        "transfer": about.transfer,
        "student": student,
        "requested_by": {"lea": about.other, "name": about.other_name},
        "entered_on": about.entered_on,
        "due_on": about.due_on,
        "rule": about.rule,
        "means": (_AGAIN if is_again else "") + REQUEST_MEANS,
    }


def told(event: str, cases: Sequence[About]) -> dict[str, Any]:
    """The body of a `transfer` notice about an event of these cases."""
    return {"event": event, "means": _MEANS[event], "transfers": [_line(one) for one in cases]}


def _line(about: About) -> dict[str, Any]:
    line: dict[str, Any] = {
        "transfer": about.transfer,
        "ssid": about.ssid,
        "local_id": about.local_id,
        "other": {"lea": about.other, "name": about.other_name},
    }
    more = {"entered_on": about.entered_on, "due_on": about.due_on, "rule": about.rule}
    return line | {name: value for name, value in more.items() if value}
