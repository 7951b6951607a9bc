"""`student-record`: one student's record travels from LEA to LEA (Utah 53A-11-504; FERPA 34 CFR 99.31(a)(2)).

Owns how its body is read. Promises: only LEAs send and receive it, and it names exactly one student.
"""

from collections.abc import Mapping
from typing import Any

from broker.core.access import Action, Ground
from broker.core.model import PacketType, Student
from broker.formats.documents import to_student
from handlers.base import LEAS, Disclosed, Handler

HANDLER = Handler(
    type=PacketType.STUDENT_RECORD,
    versions=frozenset({1}),
    senders=LEAS,
    receivers=LEAS,
    ends_here=False,
    needs_student=True,
    disclosed=Disclosed(Action.SEND_RECORD, Action.RECEIVE_RECORD, Ground.ENROLLS),
    replaces_earlier=True,
    answers_case=True,
)


def student_of(body: Mapping[str, Any]) -> Student:
    """The student of a checked `student-record.v1`; its SSID, if any, is the sender's claim."""
    return to_student(body["student"])
