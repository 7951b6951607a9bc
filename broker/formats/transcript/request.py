"""The student's request, without which no transcript travels.

Owns the rule (34 CFR 99.30: consent in writing; 99.5: from 18 on the student's own; Utah R277-419-10 for what is shown)
and how PESC says it: a `DocumentTypeCode` of StudentRequest, and a note on who asked and when. Promises: nothing about
the request is invented that the document does not say.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from broker.core.days.state_time import StateTime
from broker.core.errors import Refused

BY = ("student", "parent", "guardian")
STUDENT_REQUEST = "StudentRequest"
_NOTE = re.compile(rf"Requested by the ({'|'.join(BY)})(?: on ([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}))?")


def require(document: Mapping[str, Any]) -> None:
    """Raises Refused("no-request") where a transcript, not yet checked, has no request."""
    if "request" not in document:
        raise Refused("no-request", "/request")


def check(document: Mapping[str, Any], *, is_dated: bool) -> None:
    """Raises Refused("no-request") where a checked `transcript.v1` names another reason, was requested after it was
    made, or lacks the day of the request although it must have one (`is_dated`)."""
    if document["transcript"].get("document_type", STUDENT_REQUEST) != STUDENT_REQUEST:
        raise Refused("no-request", "/transcript/document_type", "It says that it is sent for another reason.")
    day = document["request"].get("on")
    if day is None and is_dated:
        raise Refused("no-request", "/request/on")
    if day is not None and date.fromisoformat(day) > datetime.fromisoformat(document["created"]).date():
        raise Refused("no-request", "/request/on", "The request must not be later than the transcript.")


def check_day(document: Mapping[str, Any], now: datetime, state: StateTime, most_days: int) -> None:
    """Raises Refused("no-request") where the request of a checked `transcript.v1` has a future day, both in the state
    and in UTC, or is more than `most_days` old: a wish of years ago, or a mistyped year, is no consent today (34 CFR
    99.30 asks for a dated one). A request without a day passes: it has no day that could be wrong."""
    if "on" not in document["request"]:
        return
    day = date.fromisoformat(document["request"]["on"])
    today = state.day(now)
    if day > max(today, StateTime(UTC).day(now)):  # programs may write their day in UTC
        raise Refused("no-request", "/request/on", "The day of the request is still to come.")
    if day < today - timedelta(days=most_days):
        hint = f"The request is more than {most_days} days old: ask the student whether it still stands."
        raise Refused("no-request", "/request/on", hint)


def to_notes(document: Mapping[str, Any]) -> list[str]:
    """The notes on the transmission of a checked `transcript.v1`: first the note on the request, where it needs one."""
    request, body = document["request"], document["transcript"]
    notes = list(body.get("transmission_notes", ()))
    is_plain = request["by"] == BY[0] and body.get("document_type", STUDENT_REQUEST) == STUDENT_REQUEST
    if "on" not in request and is_plain:
        return notes
    day = f" on {request['on']}" if "on" in request else ""
    return [f"Requested by the {request['by']}{day}", *notes]


def from_notes(document_type: str, notes: Sequence[str]) -> tuple[dict[str, str] | None, list[str]]:
    """The request (None for none), and the notes without the one on the request."""
    for number, note in enumerate(notes):
        if found := _NOTE.fullmatch(note):
            by, day = found.groups()
            return {"by": by} | ({"on": day} if day else {}), [*notes[:number], *notes[number + 1 :]]
    return ({"by": BY[0]} if document_type == STUDENT_REQUEST else None), list(notes)
