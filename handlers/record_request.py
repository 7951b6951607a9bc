"""`record-request`: an LEA asks for the records of one of its students (Utah 53A-1-413, 53A-11-504), or for the list of
its own students as the exchange has them (R277-419-10).

Owns how its body is read. Promises: it ends at the exchange, only LEAs send it, and it names exactly one student, or
none where it asks for the list. The exchange's own `record-request`, which asks an LEA for a record, is a notice
(`broker.notices.transfers`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from broker.core.errors import Refused
from broker.core.model import PacketType, Student
from broker.formats.documents import to_student
from handlers.base import LEAS, STATE, Handler

HANDLER = Handler(
    type=PacketType.RECORD_REQUEST,
    versions=frozenset({1}),
    senders=LEAS,
    receivers=STATE,
    ends_here=True,
    needs_student=False,
    applied_by="record_request",
)


class Want(StrEnum):
    """What the LEA asks for."""

    RECORD = "record"
    BACKPACK = "backpack"
    PARENT_COPY = "parent-copy"
    DISCLOSURES = "disclosures"
    ROSTER = "roster"


class Form(StrEnum):
    """As what a roster comes."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"


_OF_ONE_LEA = frozenset({Want.BACKPACK, Want.PARENT_COPY})
_ONLY_PARTS = "It is named with `backpack` and `parent-copy` only."


@dataclass(frozen=True, slots=True, repr=False)
class Ask:
    """One request; `from_lea` is '' for the parts of all LEAs. Repr hidden."""

    student: Student = field(repr=False)
    want: Want
    from_lea: str = ""


def roster_of(body: Mapping[str, Any]) -> Form | None:
    """The form in which a checked `record-request.v1` asks for the roster; None where it asks for something else.
    Raises Refused("schema") for what goes with the one alone."""
    if Want(body["want"]) is not Want.ROSTER:
        if "form" in body:
            raise Refused("schema", "/form", "It goes with `roster` only.")
        return None
    if "from_lea" in body:
        raise Refused("schema", "/from_lea", _ONLY_PARTS)
    if "student" in body:
        raise Refused("schema", "/student", "Leave it out: a roster is of all students, and of none alone.")
    return Form(body.get("form", Form.CSV))


def ask_of(body: Mapping[str, Any]) -> Ask:
    """The request of a checked `record-request.v1` that names a student. Raises Refused("schema") for a `from_lea` with
    another `want`."""
    want, from_lea = Want(body["want"]), body.get("from_lea", "")
    if from_lea and want not in _OF_ONE_LEA:
        raise Refused("schema", "/from_lea", _ONLY_PARTS)
    return Ask(to_student(body["student"]), want, from_lea)
