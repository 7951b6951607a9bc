"""settling: an LEA's open questions, held against what of its lines and packets was understood.

Contract: called by `corrected` within its transaction. Of one number, or one name, only so many lines and children are
held against a question, so that what a question costs does not grow with the packet.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from broker.core.days.school_year import Calendar
from broker.core.errors import Refused
from broker.core.files import table_ids
from broker.core.model import Ssid, State, Student
from broker.core.review import OWN_STUDENT, By, Choice, Verb
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets import corrections, moves, packets
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import reviews
from broker.edge.ledger.people.reviews import Review
from broker.formats.documents import to_student
from broker.identity import compare
from broker.identity.answer import Answer as Likeness
from broker.notices.alert import Kind
from broker.notices.answers import Answer, Outcome, SentLine
from broker.oversight.watch import Watch
from broker.packets.outcome import refuse
from broker.packets.services import Services
from broker.students import apply_decision, enroll
from broker.students.line import EXIT, MAKES_NEW, UPDATE
from broker.students.line_request import LineRequest
from handlers.registry import FOLLOWS_STUDENT, REPLACES_EARLIER

_WHY = "sent again corrected, and understood"
ARRIVAL = "arrival"
_LINES, _CHILDREN = 20, 4
KINDS = dict.fromkeys(MAKES_NEW, ARRIVAL) | {EXIT: EXIT, UPDATE: UPDATE}
_Told = tuple[SentLine, Answer]


@dataclass(frozen=True, slots=True, repr=False)
class Known:
    """Whom a line or a packet of the LEA names, and what it reports. `what` is a kind of line or a packet type. Repr
    hidden."""

    student: Student = field(repr=False)
    ssid: Ssid
    what: str
    school: str = ""
    day: str = ""


class Desk:
    """One packet's settled lines, beside its LEA's open questions; its `watch` sees whom these are about."""

    def __init__(
        self, services: Services, connection: Writing, row: PacketRow, known: Sequence[Known], watch: Watch
    ) -> None:
        self._services = services
        self._connection = connection
        self._by = By(f"LEA {row.origin}, packet {row.tracking}", _WHY)
        self._tracking = row.tracking
        self._watch = watch
        self._by_number: dict[str, list[Known]] = {}
        self._by_name: dict[object, list[Known]] = {}
        self._told: dict[str, list[_Told]] = {}
        for one in known:
            number = watch.own_number(one.student)
            if number:
                _keep(self._by_number.setdefault(number, []), one)
            _keep(self._by_name.setdefault(name_of(one.student), []), one)

    def look(self, asked: Review) -> bool:
        """Settle this question, if one of the lines does; whether one did."""
        if not asked.subject:
            return False
        sent = to_student(asked.subject["student"])
        found = reviews.get(self._connection, asked.tracking, asked.line)  # locked: somebody may have answered it
        if found is None or found.closed_at is not None:
            return False
        about = list(self._about(found, sent))
        is_settled = any(self._corrected(found, known) for known in about)  # before any other report of the student
        is_settled = is_settled or any(self._settled(found, known) for known in about)
        if is_settled:
            self._saw(found)
        return is_settled

    def _about(self, found: Review, sent: Student) -> Iterator[Known]:
        """The lines that name the student of the question: by the LEA's own number, where it is not plainly another
        child's, or by the same name and birth date."""
        numbered = self._by_number.get(sent.local_id, [])
        meant = _numbers(self._connection, found) if numbered else set()
        like: dict[Ssid, bool] = {}
        for known in numbered:
            if known.ssid not in like:
                like[known.ssid] = known.ssid in meant or self._is_like(sent, known.student)
            if like[known.ssid]:
                yield known
        yield from self._by_name.get(name_of(sent), [])

    def _is_like(self, sent: Student, other: Student) -> bool:
        if sent.birth_date == other.birth_date:
            return True
        return compare.compare(self._services.model, other, sent).answer is not Likeness.NONE

    def _corrected(self, found: Review, known: Known) -> bool:
        """Whether the line tells later what the one in question told; then that one came to nothing."""
        calendar = self._services.settings.claims.calendar
        row = packets.get(self._connection, found.tracking)
        if row is None or found.line == OWN_STUDENT or found.tracking >= self._tracking:
            return False
        if not _is_same_report(calendar, found, known):
            return False
        self._replaced(row, found, "corrected")
        return True

    def _settled(self, found: Review, known: Known) -> bool:
        row = packets.get(self._connection, found.tracking)
        if row is None:
            return False
        if found.line == OWN_STUDENT:
            return row.state is State.HELD and self._packet(row, found, known)
        return found.subject.get("request") != UPDATE and self._answered(row, found, known)

    def _packet(self, row: PacketRow, found: Review, known: Known) -> bool:
        if self._answered(row, found, known):
            return True
        if not (row.type == known.what and _is_one_document(row) and row.tracking < self._tracking):
            return False  # only of records a later one takes the place of an earlier one
        now = self._services.clock().timestamp()
        moves.advance(self._connection, [refuse(self._services, row, Refused("replaced"))], now)
        self.close(found)
        return True

    def _answered(self, row: PacketRow, found: Review, known: Known) -> bool:
        """Whether the student is one whom the question is about, or is named in the very same words; then it is."""
        sent = to_student(found.subject["student"])
        is_same = (name_of(sent), sent.local_id) == (name_of(known.student), known.student.local_id)
        if not (is_same or known.ssid in _numbers(self._connection, found)):
            return False
        choice = Choice(Verb.SAME, known.ssid)
        apply_decision.close(self._services, self._connection, row, found, choice, self._by, is_lea=True)
        return True

    def withdraw(self, found: Review) -> None:
        """The line is taken back."""
        row = packets.get(self._connection, found.tracking)
        if row is not None:
            self._replaced(row, found, "withdrawn")
            self._saw(found)

    def _saw(self, found: Review) -> None:
        self._watch.saw((one.ssid for one in found.candidates), Kind.ANSWER)

    def _replaced(self, row: PacketRow, found: Review, why: str) -> None:
        request = LineRequest.from_json({name: one for name, one in found.subject.items() if name in OF_REQUEST})
        self._told.setdefault(row.tracking, []).append(
            (enroll.sent(request), Answer(request.line, Outcome.REFUSED, None, why))
        )
        self.close(found)

    def close(self, found: Review) -> None:
        """Close a question whose line, or packet, came to nothing."""
        now = self._services.clock().timestamp()
        reviews.decided(self._connection, found, Verb.NONE, "", self._by.who, self._by.why, now)
        reviews.change(
            self._connection, replace(found, subject={**found.subject, apply_decision.DONE: {}}, closed_at=now)
        )

    def tell(self) -> None:
        """One notice for each packet whose lines were replaced."""
        for tracking, lines in self._told.items():
            row = packets.get(self._connection, tracking)
            if row is not None:
                forms = reviews.get(self._connection, row.tracking, lines[0][1].line)
                form = str(forms.subject.get("form", "")) if forms else ""
                enroll.tell(self._services, self._connection, row, form, lines)


OF_REQUEST = frozenset(LineRequest.__dataclass_fields__)


def _is_one_document(row: PacketRow) -> bool:
    """Whether all that one LEA sends of this type about a student is one document, of which the latest counts. The
    table of one part of a record stands beside its other parts."""
    return row.type in FOLLOWS_STUDENT and row.type in REPLACES_EARLIER and not table_ids.part_of(row.packet_id)


def name_of(student: Student) -> object:
    """What two students have in common who are named in the same words."""
    name = student.legal_name
    return (name.first, name.middle, name.last, name.suffix, student.birth_date)


def _keep(those: list[Known], one: Known) -> None:
    """Of one number, or one name, only so many lines are held against a question, and so many children."""
    children = {other.ssid for other in those}
    if len(those) < _LINES and (one.ssid in children or len(children) < _CHILDREN):
        those.append(one)


def _numbers(connection: Reading, found: Review) -> set[str]:
    """The numbers of the students whom the question is about: as they were, and those that stand for them now."""
    were = {one.ssid for one in found.candidates}
    return {*were, *corrections.kept_numbers(connection, were).values()}


def _is_same_report(calendar: Calendar, found: Review, known: Known) -> bool:
    """Whether the line tells the same as the one in question: its day may be what was corrected."""
    subject = found.subject
    if KINDS.get(str(subject.get("request"))) != known.what or subject.get("school", "") != known.school:
        return False
    day = str(subject.get("day", ""))
    return day == known.day or _year(calendar, day) == _year(calendar, known.day)


def _year(calendar: Calendar, day: str) -> int | None:
    return calendar.containing(date.fromisoformat(day)) if day else None
