"""apply: what the packet types that end at the exchange change, within the transaction that admits them.

Contract: called with an open write transaction; raises Refused to undo everything of this packet. Enrollments and SSID
requests are settled line by line (`students`) and answered by one sealed `ssid` notice; what is in doubt is asked in a
`review` notice; an acknowledgement collects.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import Connection

from broker.core.model import Document, Name, PacketType, Student
from broker.edge.ledger import registry
from broker.edge.ledger.rows import Move, PacketRow
from broker.formats.ssid_csv import Unread
from broker.stages import acknowledge, corrected, decide, opt_outs, recall, requests, review, students
from broker.stages.follow_up import Pace
from broker.stages.line import EXIT
from broker.stages.services import Services
from broker.stages.watch import Watch
from broker.stages.wish import Wish
from handlers import enrollment, ssid_request
from handlers.answers import Answer, Outcome, Sent
from handlers.enrollment import Entry
from handlers.line_facts import Facts
from handlers.ssid_request import Request

# None: it was carried out; a move is what becomes of the packet instead
Apply = Callable[[Services, Connection, PacketRow, Document], Move | None]
_Done = tuple[Sent, Answer]
_Refused = tuple[Wish, Answer]  # a line that is answered before anything is looked up


def enroll(services: Services, connection: Connection, row: PacketRow, document: Document) -> None:
    """Carry out an enrollment packet and answer it line by line, in the order of the lines' days: a student's exit may
    stand in the line before the entry."""
    wishes = _with_exits([_of_entry(line, entry) for line, entry in enumerate(enrollment.entries(document.body))])
    wishes.sort(key=lambda wish: wish.day)
    _carry_out(services, connection, row, document, wishes)


def request_ssids(services: Services, connection: Connection, row: PacketRow, document: Document) -> None:
    """Carry out an SSID request and answer it line by line, those that cannot be read included."""
    requests = ssid_request.requests(document.body)
    lines = [_unread(one) if isinstance(one, Unread) else _of_request(services, one) for one in requests]
    named = [one.ssid for one in requests if isinstance(one, Unread)]
    _carry_out(services, connection, row, document, lines, ssid_request.form_of(document.body), named)


def _carry_out(
    services: Services,
    connection: Connection,
    row: PacketRow,
    document: Document,
    lines: Sequence[Wish | _Refused | _Done],
    form: str = "",
    named: Sequence[str] = (),
) -> None:
    """Settle these lines, but for those that are answered already; then what follows from all of them. `named` are
    numbers in lines that cannot be read."""
    row = row._replace(type=document.type, packet_id=document.id)
    registry.lock(connection)
    pace, watch = Pace(services, connection), Watch(services, connection, row)
    watch.saw(named)
    done: list[_Done] = []
    carried: list[tuple[Wish, Answer]] = []
    for line in lines:
        if isinstance(line, tuple) and isinstance(line[0], Sent):
            done.append((line[0], line[1]))
            continue
        wish, answered = line if isinstance(line, tuple) else (line, None)
        watch.begin(wish.student, wish.request)
        answer = answered or students.settle(services, connection, row, wish, pace, watch)
        if answer.answer is Outcome.REFUSED:
            watch.refused(wish.student)
        if answered is None:
            carried.append((wish, answer))
        done.append((students.sent(wish), answer))
    opt_outs.record(services, connection, row, carried)
    students.follow(services, connection, row, carried)
    other = corrected.by_lines(services, connection, row, carried)
    done = [(sent, other.get(answer.line, answer)) for sent, answer in done]
    watch.tell()
    students.tell(services, connection, row, form, sorted(done, key=lambda one: one[1].line))
    review.ask(services, connection, row)


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
        **_facts(entry.facts),
    )


def _facts(facts: Facts) -> Mapping[str, Any]:
    """By the names that they have in a wish, too."""
    return {one.name: getattr(facts, one.name) for one in fields(Facts)}


def _of_request(services: Services, request: Request) -> Wish | _Refused:
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


def _unread(line: Unread) -> _Done:
    sent = Sent(Name(line.first_name, line.last_name), line.local_number, line.school_year)
    return sent, Answer(line.line, Outcome.REFUSED, None, line.reason, " ".join(line.fields), line.must)


APPLY: dict[PacketType, Apply] = {
    PacketType.ENROLLMENT: enroll,
    PacketType.SSID_REQUEST: request_ssids,
    PacketType.ACKNOWLEDGEMENT: acknowledge.apply,
    PacketType.REVIEW_ANSWER: decide.answer,
    PacketType.RECORD_REQUEST: requests.apply,
    PacketType.RECALL: recall.apply,
}
