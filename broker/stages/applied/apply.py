"""apply: what the packet types that end at the exchange change, within the transaction that admits them.

Contract: an effect is called with an open write transaction; it raises Refused to undo everything of this packet, also
where the key that signed it has ended since it was opened.
Enrollments and SSID requests are settled line by line (`lines`) and answered by one sealed `ssid` notice; what is in
doubt is asked in a `review` notice; an acknowledgement collects.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import Connection

from broker.core.model import Document, Name, PacketType, Student
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.formats.ssid.lines import Unread
from broker.notices.answers import Answer, Outcome, Sent
from broker.packets.round import Look
from broker.packets.services import Services
from broker.stages.applied import acknowledgement, key_rotation, recall, replies
from broker.students import decide, lines
from broker.students.line import EXIT
from broker.students.lines import InSlices, Line, Work
from broker.students.wish import Wish
from broker.transfers import requests
from handlers import enrollment, ssid_request
from handlers.enrollment import Entry
from handlers.line_facts import Facts
from handlers.ssid_request import Request

# None: it was carried out; a move is what becomes of the packet instead
Apply = Callable[[Services, Connection, PacketRow, Document], Move | None]


def planned(services: Services, row: PacketRow, document: Document, done: Move) -> Move:
    """The move of a packet that ends here, with its effect; `row` knows the packet's type and document id, `done` is
    what becomes of the packet where nothing else is to be told of it."""
    if document.type in APPLY:
        return _as_a_whole(services, row, document, done)
    work = LINES[document.type](services, row, document)
    if len(work.lines) > services.settings.limits.lines_per_transaction:
        sliced = InSlices(services, work, done)
        return replace(done, slices=sliced, effect=sliced.end)

    def effect(connection: Connection) -> Move:
        _check_signer(services, connection, row)
        lines.carry_out(services, connection, work)
        return done

    return replace(done, effect=effect, lines=len(work.lines))


def _as_a_whole(services: Services, row: PacketRow, document: Document, done: Move) -> Move:
    apply, is_answer = APPLY[document.type], document.type is PacketType.REVIEW_ANSWER
    cost = replies.lines_of(document) if is_answer else 1
    if is_answer and cost > services.settings.limits.lines_per_transaction:
        sliced = replies.InSlices(services, row, document, done)
        return replace(done, slices=sliced, effect=sliced.end)

    def effect(connection: Connection) -> Move:
        _check_signer(services, connection, row)
        return apply(services, connection, row, document) or done

    return replace(done, effect=effect, lines=cost)


def _check_signer(services: Services, connection: Connection, row: PacketRow) -> None:
    """A key that was good when the packet was opened may have ended since, by an earlier packet of the same round, too.
    Raises Refused and Deferred as `Look.check_signer`."""
    Look(connection, services.clock(), services.today()).check_signer(row.origin, row.signer)


def enroll(_services: Services, row: PacketRow, document: Document) -> Work:
    """An enrollment, line by line in the order of the lines' days: a student's exit may stand in the line before the
    entry."""
    wishes = _with_exits([_of_entry(line, entry) for line, entry in enumerate(enrollment.entries(document.body))])
    wishes.sort(key=lambda wish: wish.day)
    return Work(row, wishes)


def request_ssids(services: Services, row: PacketRow, document: Document) -> Work:
    """An SSID request, line by line, those that cannot be read included."""
    requests = ssid_request.requests(document.body, services.time)
    read = [_unread(one) if isinstance(one, Unread) else _of_request(services, one) for one in requests]
    named = [one.ssid for one in requests if isinstance(one, Unread)]
    return Work(row, read, ssid_request.form_of(document.body), named)


def _with_exits(wishes: Sequence[Wish]) -> list[Wish]:
    """Each entry with the exits that the packet tells of the same student at the same school: a system that exports
    every night sends both again and again, and the entry is not to open each time what the exit then ends."""
    exits: dict[tuple[Student, str], tuple[str, ...]] = {}
    for wish in wishes:
        if wish.request == EXIT:
            key = (wish.student, wish.school)
            exits[key] = (*exits.get(key, ()), wish.day)
    return [replace(wish, exits=exits.get((wish.student, wish.school), ())) for wish in wishes]


def _of_entry(line: int, entry: Entry) -> Wish:
    return Wish(
        line=line,
        student=entry.student,
        request=entry.event,
        school=entry.school,
        day=entry.date.isoformat(),
        code=entry.code,
        grade=entry.grade,
        programme=entry.programme,
        school_year=str(entry.school_year or ""),
        **_facts(entry.facts),
    )


def _facts(facts: Facts) -> Mapping[str, Any]:
    """By the names that they have in a wish, too."""
    return {one.name: getattr(facts, one.name) for one in fields(Facts)}


def _of_request(services: Services, request: Request) -> Line:
    wish = Wish(
        line=request.line,
        student=request.student,
        request=request.kind,
        school=request.school,
        day=request.entry.isoformat(),
        code=request.code,
        exit_day=request.exit.isoformat() if request.exit else "",
        exit_code=request.exit_code,
        grade=request.grade,
        programme=request.programme,
        school_year=str(request.school_year or services.settings.claims.calendar.containing(request.entry)),
        form=request.form,
        **_facts(request.facts),
    )
    lacking = ssid_request.lack(request)
    if lacking:
        return wish, Answer(wish.line, Outcome.REFUSED, None, "missing", lacking)
    if request.exit and request.exit < request.entry:
        must = "exit_date must not be before entry_date."
        return wish, Answer(wish.line, Outcome.REFUSED, None, "unreadable", "exit_date", must)
    return wish


def _unread(line: Unread) -> Line:
    sent = Sent(Name(line.first_name, line.last_name), line.local_number, line.school_year)
    return sent, Answer(line.line, Outcome.REFUSED, None, line.reason, " ".join(line.fields), line.must)


LINES: dict[PacketType, Callable[[Services, PacketRow, Document], Work]] = {
    PacketType.ENROLLMENT: enroll,
    PacketType.SSID_REQUEST: request_ssids,
}
APPLY: dict[PacketType, Apply] = {
    PacketType.ACKNOWLEDGEMENT: acknowledgement.apply,
    PacketType.REVIEW_ANSWER: decide.answer,
    PacketType.RECORD_REQUEST: requests.apply,
    PacketType.RECALL: recall.apply,
    PacketType.KEY_ROTATION: key_rotation.apply,
}
