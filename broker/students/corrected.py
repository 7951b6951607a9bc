"""corrected: what an LEA sends again, and what is understood now, answers the question about the earlier one.

Contract: called within the write transaction in which a line was carried out, a packet's student was found, or a person
has decided. Of the same LEA's open questions about the student who is named there, one about the same report is closed
where the report came later than it; of any other report of the student, and of a packet that is held, it is answered:
this is the student, so that it goes on. Told in the notices, and in the log of decisions with the packet that did so.
Nothing is decided of a question that has another student in it. Whether one of its candidates is flagged changes
nothing of all this, for the LEA would see that: the state hears of it (Utah 53A-11-502).
However many questions wait, of each line no more than `told.questions` are looked at by number and by name, the oldest
first, and all of them together settle no more than the lines of one transaction: what is left is for what comes next.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice

from broker.core.model import Ssid, Student
from broker.core.review import OWN_STUDENT, SentKey, sent_as
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import registry, reviews
from broker.edge.ledger.people.reviews import Review
from broker.formats.documents import to_student
from broker.notices.answers import Answer, Outcome
from broker.oversight.watch import Watch
from broker.packets.services import Services
from broker.students.line import EXIT
from broker.students.line_request import LineRequest
from broker.students.settling import ARRIVAL, KINDS, OF_REQUEST, Desk, Known, name_of

_LOOKS = 4  # so many questions are looked at for each that may be settled


def by_lines(
    services: Services, connection: Writing, row: PacketRow, settled: Sequence[tuple[LineRequest, Answer]], watch: Watch
) -> dict[int, Answer]:
    """These lines of the packet were settled. Gives the answers that are others now, by line: those of exits that take
    back, on its very day, an entry that is in question. The caller's `watch` tells the state."""
    known = [
        _of_line(request, answer.ssid) for request, answer in settled if answer.ssid and answer.answer in _UNDERSTOOD
    ]
    _settle(services, connection, row, [one for one in known if one.what], watch)
    exits = [request for request, answer in settled if request.request == EXIT and not answer.ssid]
    return _withdrawn(services, connection, row, exits, watch) if exits else {}


_UNDERSTOOD = frozenset({Outcome.ASSIGNED, Outcome.MATCHED, Outcome.UPDATED})


def _of_line(request: LineRequest, ssid: Ssid) -> Known:
    return Known(request.student, ssid, KINDS.get(request.request, ""), request.school, request.day)


def _withdrawn(
    services: Services, connection: Writing, row: PacketRow, exits: Sequence[LineRequest], watch: Watch
) -> dict[int, Answer]:
    about = [_sent(request.student) for request in exits]
    entries = {
        _in_words(found): found
        for found in _waiting(services, connection, row, about)
        if KINDS.get(str(found.subject.get("request"))) == ARRIVAL
    }
    if not entries:
        return {}
    registry.lock(connection)
    desk = Desk(services, connection, row, (), watch)
    answers = {}
    for request in exits:
        found = entries.pop((name_of(request.student), request.student.local_id, request.school, request.day), None)
        if found is None:
            continue
        desk.withdraw(found)
        own = reviews.get(connection, row.tracking, request.line)
        if own is not None and own.closed_at is None:
            desk.close(own)
        answers[request.line] = Answer(request.line, Outcome.REFUSED, None, "withdrawn")
    desk.tell()
    return answers


def _in_words(found: Review) -> tuple[object, ...]:
    sent = to_student(found.subject["student"])
    return (name_of(sent), sent.local_id, found.subject.get("school", ""), found.subject.get("day", ""))


def _waiting(
    services: Services, connection: Reading, row: PacketRow, about: Sequence[SentKey], *, is_own: bool = False
) -> Iterator[Review]:
    most = services.settings.told.questions
    return reviews.open_of(connection, row.origin, about, but=row.tracking, is_own=is_own, most=most)


def _sent(student: Student) -> SentKey:
    return sent_as(
        {
            "legal_name": asdict(student.legal_name),
            "birth_date": student.birth_date.isoformat(),
            "local_id": student.local_id,
        }
    )


def by_packets(services: Services, connection: Writing, found: Sequence[tuple[PacketRow, Student]]) -> None:
    """These packets are each about this student, beyond doubt."""
    asked = {lea for lea in dict.fromkeys(row.origin for row, _ in found) if reviews.is_any(connection, lea)}
    for row, student in found:
        if row.origin in asked:
            _settle_told(services, connection, row, Known(student, Ssid(row.ssid), str(row.type)), is_own=True)


def by_decision(services: Services, connection: Writing, row: PacketRow, found: Review, ssid: str) -> None:
    """A person has decided that this question of the packet is about this student ('' for nobody): so are those about
    the same that the LEA has sent again meanwhile."""
    if not ssid or not found.subject:
        return
    student = to_student(found.subject["student"])
    if found.line == OWN_STUDENT:
        known = Known(student, Ssid(ssid), str(row.type))
    else:
        request = LineRequest.from_json({name: one for name, one in found.subject.items() if name in OF_REQUEST})
        known = _of_line(request, Ssid(ssid))
    if known.what:
        _settle_told(services, connection, row, known, is_own=found.line == OWN_STUDENT)


def _settle_told(services: Services, connection: Writing, row: PacketRow, known: Known, *, is_own: bool) -> None:
    watch = Watch(services, connection, row)
    _settle(services, connection, row, [known], watch, is_own=is_own)
    watch.tell()


def _settle(
    services: Services,
    connection: Writing,
    row: PacketRow,
    known: Sequence[Known],
    watch: Watch,
    *,
    is_own: bool = False,
) -> None:
    """Each question is settled by the first of these that settles it."""
    if not known:
        return
    left = max(services.settings.limits.lines_per_transaction, services.settings.told.questions)
    waiting = _waiting(services, connection, row, [_sent(one.student) for one in known], is_own=is_own)
    open_ = list(islice(waiting, _LOOKS * left))
    if not open_:
        return
    registry.lock(connection)
    desk = Desk(services, connection, row, known, watch)
    for found in open_:
        if left:
            left -= desk.look(found)
    desk.tell()
