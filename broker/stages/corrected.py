"""corrected: what an LEA sends again, and what is understood now, answers the question about the earlier one.

Contract: called within the write transaction in which a line was carried out, or a packet's student was found. Of the
same LEA's open questions about the student whom that line or packet names, the one about the same report is closed, for
the later one took its place; of another report of the student, and of a packet that is held, it is answered: this is
the student, so that it goes on. Told in the notices, and in the log of decisions with the packet that did so. Nothing
is decided of a question that has another student in it, or a flagged child: that is the state's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import Connection

from broker.core.errors import Refused
from broker.core.model import Ssid, State, Student
from broker.core.review import OWN_STUDENT, By, Choice, Verb
from broker.core.school_year import Calendar
from broker.edge.ledger import flags, moves, packets, registry, reviews
from broker.edge.ledger.reviews import Review
from broker.edge.ledger.rows import PacketRow
from broker.formats.documents import to_student
from broker.identity import compare
from broker.identity.answer import Answer as Likeness
from broker.stages import carry, decide, students
from broker.stages.batch import refuse
from broker.stages.line import EXIT, MAKES_NEW, UPDATE
from broker.stages.services import Services
from broker.stages.wish import Wish
from handlers.answers import Answer, Outcome, Sent

_WHY = "sent again corrected, and understood"
_ARRIVAL = "arrival"
_KINDS = dict.fromkeys(MAKES_NEW, _ARRIVAL) | {EXIT: EXIT, UPDATE: UPDATE}
_Told = tuple[Sent, Answer]


@dataclass(frozen=True, slots=True, repr=False)
class _Known:
    """Whom a line or a packet of the LEA names, and what it reports. `what` is a kind of line or a packet type. Repr
    hidden."""

    student: Student = field(repr=False)
    ssid: Ssid
    what: str
    school: str = ""
    day: str = ""


def by_lines(
    services: Services, connection: Connection, row: PacketRow, carried: Sequence[tuple[Wish, Answer]]
) -> dict[int, Answer]:
    """These lines of the packet were settled. Gives the answers that are others now, by line: those of exits that take
    back, on its very day, an entry that is in question."""
    known = [_of_line(wish, answer.ssid) for wish, answer in carried if answer.ssid and answer.answer in _UNDERSTOOD]
    _settle(services, connection, row, [one for one in known if one.what])
    exits = [wish for wish, answer in carried if wish.request == EXIT and not answer.ssid]
    return _taken_back(services, connection, row, exits) if exits else {}


_UNDERSTOOD = frozenset({Outcome.ASSIGNED, Outcome.MATCHED, Outcome.UPDATED})


def _of_line(wish: Wish, ssid: Ssid) -> _Known:
    return _Known(wish.student, ssid, _KINDS.get(wish.request, ""), wish.school, wish.day)


def _taken_back(services: Services, connection: Connection, row: PacketRow, exits: Sequence[Wish]) -> dict[int, Answer]:
    entries = {
        _in_words(found): found
        for found in reviews.open_of(connection, row.origin, but=row.tracking, is_own=False)
        if _KINDS.get(str(found.subject.get("request"))) == _ARRIVAL
    }
    if not entries:
        return {}
    registry.lock(connection)
    flagged, desk = flags.numbers(connection), _Desk(services, connection, row, ())
    answers = {}
    for wish in exits:
        found = entries.pop((_name(wish.student), wish.student.local_id, wish.school, wish.day), None)
        if found is None or any(one.ssid in flagged for one in found.candidates):
            continue
        desk.withdraw(found)
        own = reviews.get(connection, row.tracking, wish.line)
        if own is not None and own.closed_at is None:
            desk.close(own)
        answers[wish.line] = Answer(wish.line, Outcome.REFUSED, None, "withdrawn")
    desk.tell()
    return answers


def _in_words(found: Review) -> tuple[object, ...]:
    sent = to_student(found.subject["student"])
    return (_name(sent), sent.local_id, found.subject.get("school", ""), found.subject.get("day", ""))


def by_packet(services: Services, connection: Connection, row: PacketRow, student: Student) -> None:
    """This packet is about this student, beyond doubt."""
    _settle(services, connection, row, [_Known(student, Ssid(row.ssid), str(row.type))], is_own=True)


def _settle(
    services: Services, connection: Connection, row: PacketRow, known: Sequence[_Known], *, is_own: bool = False
) -> None:
    """Each question is settled by the first of these that settles it."""
    if not known:
        return
    open_ = reviews.open_of(connection, row.origin, but=row.tracking, is_own=is_own)
    if not open_:
        return
    registry.lock(connection)
    flagged = flags.numbers(connection)
    desk = _Desk(services, connection, row, known)
    for found in open_:
        if not any(one.ssid in flagged for one in found.candidates):
            desk.look(found)
    desk.tell()


class _Desk:
    """One packet's settled lines, beside its LEA's open questions."""

    def __init__(self, services: Services, connection: Connection, row: PacketRow, known: Sequence[_Known]) -> None:
        self._services = services
        self._connection = connection
        self._by = By(f"LEA {row.origin}, packet {row.tracking}", _WHY)
        self._by_number: dict[str, list[_Known]] = {}
        self._by_name: dict[object, list[_Known]] = {}
        self._told: dict[str, list[_Told]] = {}
        for one in known:
            if one.student.local_id:
                self._by_number.setdefault(one.student.local_id, []).append(one)
            self._by_name.setdefault(_name(one.student), []).append(one)

    def look(self, asked: Review) -> None:
        """Settle this question, if one of the lines does."""
        if not asked.subject:
            return
        sent = to_student(asked.subject["student"])
        if sent.local_id not in self._by_number and _name(sent) not in self._by_name:
            return
        found = reviews.get(self._connection, asked.tracking, asked.line)  # locked: somebody may have answered it
        if found is None or found.closed_at is not None:
            return
        for known in self._about(found, sent):
            if self._settled(found, known):
                return

    def _about(self, found: Review, sent: Student) -> Iterator[_Known]:
        """The lines that name the student of the question: by the LEA's own number, where it is not plainly another
        child's, or by the same name and birth date."""
        for known in self._by_number.get(sent.local_id, []):
            if _is_candidate(self._connection, found, known.ssid) or self._is_like(sent, known.student):
                yield known
        yield from self._by_name.get(_name(sent), [])

    def _is_like(self, sent: Student, other: Student) -> bool:
        if sent.birth_date == other.birth_date:
            return True
        return compare.compare(self._services.model, other, sent).answer is not Likeness.NONE

    def _settled(self, found: Review, known: _Known) -> bool:
        calendar = self._services.settings.claims.calendar
        row = packets.get(self._connection, found.tracking)
        if row is None:
            return False
        if found.line == OWN_STUDENT:
            return row.state is State.HELD and self._packet(row, found, known)
        if _is_same_report(calendar, found, known):
            self._replaced(row, found, "corrected")
            return True
        return found.subject.get("request") != UPDATE and self._answered(row, found, known)

    def _packet(self, row: PacketRow, found: Review, known: _Known) -> bool:
        if self._answered(row, found, known):
            return True
        if row.type != known.what:
            return False
        now = self._services.clock().timestamp()
        moves.advance(self._connection, [refuse(self._services, row, Refused("replaced"))], now)
        self.close(found)
        return True

    def _answered(self, row: PacketRow, found: Review, known: _Known) -> bool:
        """Whether the student is one whom the question is about; then it is."""
        if not _is_candidate(self._connection, found, known.ssid):
            return False
        choice = Choice(Verb.SAME, known.ssid)
        decide.close(self._services, self._connection, row, found, choice, self._by)
        return True

    def withdraw(self, found: Review) -> None:
        """The line is taken back."""
        row = packets.get(self._connection, found.tracking)
        if row is not None:
            self._replaced(row, found, "withdrawn")

    def _replaced(self, row: PacketRow, found: Review, why: str) -> None:
        wish = Wish.from_json({name: one for name, one in found.subject.items() if name in _OF_WISH})
        self._told.setdefault(row.tracking, []).append(
            (students.sent(wish), Answer(wish.line, Outcome.REFUSED, None, why))
        )
        self.close(found)

    def close(self, found: Review) -> None:
        """Close a question whose line, or packet, came to nothing."""
        now = self._services.clock().timestamp()
        reviews.decided(self._connection, found, Verb.NONE, "", self._by.who, self._by.why, now)
        reviews.change(self._connection, replace(found, subject={**found.subject, carry.DONE: {}}, closed_at=now))

    def tell(self) -> None:
        """One notice for each packet whose lines were replaced."""
        for tracking, lines in self._told.items():
            row = packets.get(self._connection, tracking)
            if row is not None:
                forms = reviews.get(self._connection, row.tracking, lines[0][1].line)
                form = str(forms.subject.get("form", "")) if forms else ""
                students.tell(self._services, self._connection, row, form, lines)


_OF_WISH = frozenset(Wish.__dataclass_fields__)


def _name(student: Student) -> object:
    name = student.legal_name
    return (name.first, name.middle, name.last, name.suffix, student.birth_date)


def _is_candidate(connection: Connection, found: Review, ssid: Ssid) -> bool:
    """Whether the question is about this student, by whatever number."""
    if any(one.ssid == ssid for one in found.candidates):
        return True
    standing = (registry.standing(connection, one.ssid) for one in found.candidates)
    return any(person is not None and person.ssid == ssid for person in standing)


def _is_same_report(calendar: Calendar, found: Review, known: _Known) -> bool:
    """Whether the line tells the same as the one in question: its day may be what was corrected."""
    subject = found.subject
    if _KINDS.get(str(subject.get("request"))) != known.what or subject.get("school", "") != known.school:
        return False
    day = str(subject.get("day", ""))
    return day == known.day or _year(calendar, day) == _year(calendar, known.day)


def _year(calendar: Calendar, day: str) -> int | None:
    return calendar.containing(date.fromisoformat(day)) if day else None
