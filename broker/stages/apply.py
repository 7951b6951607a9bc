"""apply: what the packet types that end at the exchange change, within the transaction that admits them.

Contract: called with an open write transaction; raises Refused to undo everything of this packet. An enrollment enters
and ends LEA locations and gives numbers, and is answered by a sealed `ssid` notice; an acknowledgement collects.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from broker.core.errors import Refused
from broker.core.model import Document, HeldFor, PacketType, Ssid, State, Student
from broker.edge.ledger import moves, packets, registry, views
from broker.edge.ledger.registry import Person
from broker.edge.ledger.rows import EnrollmentRow, Move, PacketRow, Step
from broker.identity import first, ssid
from broker.identity.normalise import key
from broker.stages import collect
from broker.stages.notices import leave
from broker.stages.services import Services
from handlers import acknowledgement, answers, enrollment
from handlers.answers import Answer
from handlers.enrollment import Entry, Event

Apply = Callable[[Services, Connection, PacketRow, Document], None]


def _person(student: Student, number: Ssid) -> Person:
    name = student.legal_name
    return Person(
        ssid=number,
        first=name.first,
        middle=name.middle,
        last=name.last,
        suffix=name.suffix,
        birth_date=student.birth_date.isoformat(),
        gender=student.gender,
        key_first=key(name.first),
        key_middle=key(name.middle),
        key_last=key(name.last),
    )


def _number(services: Services, connection: Connection, entry: Entry) -> tuple[str, first.Finding]:
    """(assigned | matched | review | refused, finding), drawing a number for a student whom nobody has."""
    student = entry.student
    finding = first.find(connection, student)
    if finding.answer is first.Answer.NONE and (student.ssid or entry.event is Event.EXIT):
        return "refused", finding  # nobody has left who never came
    if finding.answer is first.Answer.MATCH:
        return "matched", finding
    if finding.answer is first.Answer.REVIEW:
        return "review", finding
    digits = services.settings.identity.ssid_digits
    number = registry.register(
        connection,
        lambda: ssid.allocate(secrets.randbelow, digits),
        lambda drawn: _person(student, drawn),
        services.clock().timestamp(),
    )
    return "assigned", first.Finding(first.Answer.MATCH, number)


def _place(connection: Connection, row: PacketRow, entry: Entry, number: Ssid) -> str:
    """Open or close the location; returns '' or why that cannot be."""
    day = entry.date.isoformat()
    if entry.event is Event.EXIT:
        has_left = registry.leave(connection, number, row.origin, entry.school, day, entry.code)
        return "" if has_left else "no-open-enrollment"
    opened = EnrollmentRow(
        number, row.origin, entry.school, entry.student.local_id, day, "", entry.code, "", row.tracking
    )
    registry.enter(connection, opened)
    return ""


def _enroll_one(services: Services, connection: Connection, row: PacketRow, line: int, entry: Entry) -> Answer:
    answer, finding = _number(services, connection, entry)
    if answer == "refused":
        return Answer(line, answer, None, "unknown-ssid" if entry.student.ssid else "no-open-enrollment")
    if answer == "review" or finding.ssid is None:
        now = services.clock().timestamp()
        registry.open_review(connection, row.tracking, line, finding.candidates, now)
        return Answer(line, "review", None)
    why = _place(connection, row, entry, finding.ssid)
    return Answer(line, "refused" if why else answer, finding.ssid, why)


def _release_waiting(connection: Connection, services: Services, numbers: Sequence[Ssid]) -> None:
    """Records that waited for these students to enroll go on at route."""
    released = []
    for number in dict.fromkeys(numbers):
        for tracking in views.held(connection, HeldFor.ENROLLMENT, ssid=number):
            row = packets.get(connection, tracking)
            if row is not None:
                new = replace(row, state=State.ADMITTED, held_for="")
                released.append(Move(row, new, (Step(State.ADMITTED, HeldFor.ENROLLMENT),)))
    moves.advance(connection, released, services.clock().timestamp())


def enroll(services: Services, connection: Connection, row: PacketRow, document: Document) -> None:
    """Carry out an enrollment packet and answer it line by line."""
    entries = enrollment.entries(document.body)
    registry.lock(connection)
    lines = [_enroll_one(services, connection, row, line, entry) for line, entry in enumerate(entries)]
    entered = [
        answer.ssid
        for answer, entry in zip(lines, entries, strict=True)
        if answer.ssid and entry.event is Event.ENTRY and answer.answer != "refused"
    ]
    _release_waiting(connection, services, entered)
    leave(services, connection, row.origin, PacketType.SSID, answers.notice(document, entries, lines))


def acknowledge(services: Services, connection: Connection, row: PacketRow, document: Document) -> None:
    """The receiver of a delivered packet says by signature that it has it."""
    tracking = acknowledgement.tracking_of(document.body)
    if not collect.collect_in(connection, services, row.origin, tracking, collect.ACKNOWLEDGED):
        raise Refused("unknown-tracking", "/tracking")


APPLY: dict[PacketType, Apply] = {
    PacketType.ENROLLMENT: enroll,
    PacketType.ACKNOWLEDGEMENT: acknowledge,
}
