"""corrected: what an LEA sends again, and what is understood now, answers the question about the earlier one.

Contract: called within the write transaction in which a line was carried out, a packet's student was found, or a person
has decided. Of the same LEA's open questions about the student who is named there, one about the same report is closed
where the report came later than it; of any other report of the student, and of a packet that is held, it is answered:
this is the student, so that it goes on. Told in the notices, and in the log of decisions with the packet that did so.
Nothing is decided of a question that has another student in it. Whether one of its candidates is flagged changes
nothing of all this, for the LEA would see that: the state hears of it (Utah 53A-11-502).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import Connection

from broker.core.errors import Refused
from broker.core.model import PacketType, Ssid, State, Student
from broker.core.review import OWN_STUDENT, By, Choice, Verb
from broker.core.school_year import Calendar
from broker.edge.ledger import moves, packets, registry, reviews
from broker.edge.ledger.reviews import Review
from broker.edge.ledger.rows import PacketRow
from broker.formats.documents import to_student
from broker.identity import compare
from broker.identity.answer import Answer as Likeness
from broker.stages import carry, students
from broker.stages.line import EXIT, MAKES_NEW, UPDATE
from broker.stages.outcome import refuse
from broker.stages.services import Services
from broker.stages.watch import Watch
from broker.stages.wish import Wish
from handlers.alert_notice import Kind
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
    services: Services, connection: Connection, row: PacketRow, carried: Sequence[tuple[Wish, Answer]], watch: Watch
) -> dict[int, Answer]:
    """These lines of the packet were settled. Gives the answers that are others now, by line: those of exits that take
    back, on its very day, an entry that is in question. The caller's `watch` tells the state."""
    known = [_of_line(wish, answer.ssid) for wish, answer in carried if answer.ssid and answer.answer in _UNDERSTOOD]
    _settle(services, connection, row, [one for one in known if one.what], watch)
    exits = [wish for wish, answer in carried if wish.request == EXIT and not answer.ssid]
    return _taken_back(services, connection, row, exits, watch) if exits else {}


_UNDERSTOOD = frozenset({Outcome.ASSIGNED, Outcome.MATCHED, Outcome.UPDATED})


def _of_line(wish: Wish, ssid: Ssid) -> _Known:
    return _Known(wish.student, ssid, _KINDS.get(wish.request, ""), wish.school, wish.day)


def _taken_back(
    services: Services, connection: Connection, row: PacketRow, exits: Sequence[Wish], watch: Watch
) -> dict[int, Answer]:
    entries = {
        _in_words(found): found
        for found in reviews.open_of(connection, row.origin, but=row.tracking, is_own=False)
        if _KINDS.get(str(found.subject.get("request"))) == _ARRIVAL
    }
    if not entries:
        return {}
    registry.lock(connection)
    desk = _Desk(services, connection, row, (), watch)
    answers = {}
    for wish in exits:
        found = entries.pop((_name(wish.student), wish.student.local_id, wish.school, wish.day), None)
        if found is None:
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


def by_packets(services: Services, connection: Connection, found: Sequence[tuple[PacketRow, Student]]) -> None:
    """These packets are each about this student, beyond doubt. One look for all of them where nothing is asked."""
    asked = reviews.asked_about_packets(connection, {row.origin for row, _ in found})
    for lea in asked:
        open_ = [to_student(one.subject["student"]) for one in asked[lea] if one.subject]
        numbers, names = {one.local_id for one in open_} - {""}, {_name(one) for one in open_}
        for row, student in found:
            if row.origin == lea and (student.local_id in numbers or _name(student) in names):
                known = _Known(student, Ssid(row.ssid), str(row.type))
                _settle_told(services, connection, row, known, is_own=True)


def by_decision(services: Services, connection: Connection, row: PacketRow, found: Review, ssid: str) -> None:
    """A person has decided that this question of the packet is about this student ('' for nobody): so are those about
    the same that the LEA has sent again meanwhile."""
    if not ssid or not found.subject:
        return
    student = to_student(found.subject["student"])
    if found.line == OWN_STUDENT:
        known = _Known(student, Ssid(ssid), str(row.type))
    else:
        wish = Wish.from_json({name: one for name, one in found.subject.items() if name in _OF_WISH})
        known = _of_line(wish, Ssid(ssid))
    if known.what:
        _settle_told(services, connection, row, known, is_own=found.line == OWN_STUDENT)


def _settle_told(services: Services, connection: Connection, row: PacketRow, known: _Known, *, is_own: bool) -> None:
    watch = Watch(services, connection, row)
    _settle(services, connection, row, [known], watch, is_own=is_own)
    watch.tell()


def _settle(
    services: Services,
    connection: Connection,
    row: PacketRow,
    known: Sequence[_Known],
    watch: Watch,
    *,
    is_own: bool = False,
) -> None:
    """Each question is settled by the first of these that settles it."""
    if not known:
        return
    open_ = reviews.open_of(connection, row.origin, but=row.tracking, is_own=is_own)
    if not open_:
        return
    registry.lock(connection)
    desk = _Desk(services, connection, row, known, watch)
    for found in open_:
        desk.look(found)
    desk.tell()


class _Desk:
    """One packet's settled lines, beside its LEA's open questions; its `watch` sees whom these are about."""

    def __init__(
        self, services: Services, connection: Connection, row: PacketRow, known: Sequence[_Known], watch: Watch
    ) -> None:
        self._services = services
        self._connection = connection
        self._by = By(f"LEA {row.origin}, packet {row.tracking}", _WHY)
        self._tracking = row.tracking
        self._watch = watch
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
                self._saw(found)
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
        if found.tracking < self._tracking and _is_same_report(calendar, found, known):
            self._replaced(row, found, "corrected")
            return True
        return found.subject.get("request") != UPDATE and self._answered(row, found, known)

    def _packet(self, row: PacketRow, found: Review, known: _Known) -> bool:
        if self._answered(row, found, known):
            return True
        if not (row.type == known.what == PacketType.STUDENT_RECORD and row.tracking < self._tracking):
            return False  # only of records a later one takes the place of an earlier one
        now = self._services.clock().timestamp()
        moves.advance(self._connection, [refuse(self._services, row, Refused("replaced"))], now)
        self.close(found)
        return True

    def _answered(self, row: PacketRow, found: Review, known: _Known) -> bool:
        """Whether the student is one whom the question is about, or is named in the very same words; then it is."""
        sent = to_student(found.subject["student"])
        is_same = (_name(sent), sent.local_id) == (_name(known.student), known.student.local_id)
        if not (is_same or _is_candidate(self._connection, found, known.ssid)):
            return False
        choice = Choice(Verb.SAME, known.ssid)
        carry.close(self._services, self._connection, row, found, choice, self._by)
        return True

    def withdraw(self, found: Review) -> None:
        """The line is taken back."""
        row = packets.get(self._connection, found.tracking)
        if row is not None:
            self._replaced(row, found, "withdrawn")
            self._saw(found)

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

    def _saw(self, found: Review) -> None:
        self._watch.saw((one.ssid for one in found.candidates), Kind.ANSWER)

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
