"""`ssid-request`: an LEA asks for statewide student ids, or corrects what is known about its students.

Owns how its body is read, from JSON or CSV. Promises: it ends at the exchange (the answer is a notice with one line per
request, in the request's own form), only LEAs send it, and an incomplete line stops no other line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from broker.core.access import Action
from broker.core.days.state_time import StateTime
from broker.core.model import PacketType, Student
from broker.formats.documents import to_student
from broker.formats.ssid.lines import SHEET, Sheet, Unread
from handlers.base import LEAS, STATE, Handler
from handlers.line_facts import NOTHING, Facts, facts_of

HANDLER = Handler(
    type=PacketType.SSID_REQUEST,
    versions=frozenset({1}),
    senders=LEAS,
    receivers=STATE,
    ends_here=True,
    needs_student=False,
    moves_students=True,
    reports=Action.REPORT_ENROLLMENT,
    applied_by="ssid_request",
)


class Kind(StrEnum):
    """The kind of a request. New and Retrieve open a location; Retrieve keeps the previous LEA's."""

    NEW = "new"
    RETRIEVE = "retrieve"
    UPDATE = "update"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One line. `entry` and `exit` are the first and last day of membership; `exit` is None while it goes on.
    `school_year` is None where none was given. `form` is '' for JSON (see `formats.ssid.answer`); `facts` are the other
    facts of the stay. Repr hidden."""

    line: int
    kind: Kind
    student: Student = field(repr=False)
    school: str
    entry: date
    exit: date | None
    code: str
    exit_code: str
    grade: str
    programme: str
    school_year: int | None
    form: str = ""
    facts: Facts = NOTHING


def requests(body: Mapping[str, Any], state: StateTime) -> tuple[Request | Unread, ...]:
    """The lines of a checked `ssid-request.v1`, in their order, including the unreadable lines of a CSV. A line without
    a date has the day, in the state, on which its document was made."""
    sheet: Sheet | None = body.get(SHEET)
    if sheet is None:
        day = state.day(datetime.fromisoformat(body["created"])).isoformat()
        sheet = Sheet("", day, tuple(range(len(body["students"]))), ())
    read = [
        _request(line, body.get("school_year"), number, sheet)
        for number, line in zip(sheet.numbers, body["students"], strict=True)
    ]
    return tuple(sorted([*read, *sheet.unread], key=lambda one: one.line))


def form_of(body: Mapping[str, Any]) -> str:
    """The form of the request: '' for JSON, else a form of `formats.ssid.answer`."""
    return body[SHEET].form if SHEET in body else ""


def _request(entry: Mapping[str, Any], year: int | None, number: int, sheet: Sheet) -> Request:
    return Request(
        line=number,
        kind=Kind(entry["request"]),
        student=to_student(entry["student"]),
        school=entry.get("school", ""),
        entry=date.fromisoformat(entry.get("date", sheet.day)),
        exit=date.fromisoformat(entry["exit_date"]) if "exit_date" in entry else None,
        code=entry.get("code", ""),
        exit_code=entry.get("exit_code", ""),
        grade=entry.get("grade", ""),
        programme=entry.get("programme", ""),
        school_year=entry.get("school_year", year),
        form=sheet.form,
        facts=facts_of(entry),
    )


def lack(request: Request) -> str:
    """The field without which this kind of request cannot be carried out, '' where nothing is missing."""
    if request.kind in (Kind.UPDATE, Kind.VERIFY):
        return "" if request.student.ssid else "ssid"
    return "" if request.school else "school"
