"""`enrollment`: an LEA reports which students enter and leave its schools.

Owns how its body is read. Promises: it ends at the exchange (the answer is a notice with one line per student), only
LEAs send it, and no two entries share a pointer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from broker.core.access import Action
from broker.core.model import PacketType, Student
from broker.formats.documents import to_student
from broker.formats.returned import Back
from broker.formats.ssid.lines import SHEET, Sheet, Unread
from handlers.base import LEAS, STATE, Handler
from handlers.line_facts import NOTHING, Facts, facts_of

HANDLER = Handler(
    type=PacketType.ENROLLMENT,
    versions=frozenset({1}),
    senders=LEAS,
    receivers=STATE,
    ends_here=True,
    needs_student=False,
    moves_students=True,
    reports=Action.REPORT_ENROLLMENT,
    applied_by="enrollment",
)


class Event(StrEnum):
    """What happened on the date of an entry."""

    ENTRY = "entry"
    EXIT = "exit"


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """One line of an enrollment. `date` is the first day of membership for an entry, the last for an exit.

    `code` is the state's entry or exit code, `programme` the school's schedule; these and `grade` are '' when not
    given. `facts` are the other facts of the stay; `school_year` is None where the document names none; `pointer` is
    the line's JSON pointer (RFC 6901), `line` its place, from 0, or the line of the file in a table. Repr hidden: it
    holds a student.
    """

    student: Student = field(repr=False)
    school: str
    event: Event
    date: date
    code: str
    pointer: str
    grade: str = ""
    programme: str = ""
    facts: Facts = NOTHING
    school_year: int | None = None
    line: int = 0


def entries(body: Mapping[str, Any]) -> tuple[Entry, ...]:
    """The lines of a checked `enrollment.v1`, in their order. A line of a table may have an entry, and an exit too."""
    sheet: Sheet | None = body.get(SHEET)
    numbers = range(len(body["students"])) if sheet is None else sheet.numbers
    return tuple(
        Entry(
            student=to_student(line["student"]),
            school=line["school"],
            event=Event(line["event"]),
            date=date.fromisoformat(line["date"]),
            code=line.get("code", ""),
            pointer=f"/students/{place}",
            grade=line.get("grade", ""),
            programme=line.get("programme", ""),
            facts=facts_of(line),
            school_year=body.get("school_year"),
            line=number,
        )
        for place, (number, line) in enumerate(zip(numbers, body["students"], strict=True))
    )


def unread(body: Mapping[str, Any]) -> tuple[Unread, ...]:
    """The lines of a table that are no enrollment."""
    return body[SHEET].unread if SHEET in body else ()


def back(body: Mapping[str, Any]) -> Back | None:
    """The table that the document was made of, to be given back; None for JSON."""
    return body[SHEET].back if SHEET in body else None
