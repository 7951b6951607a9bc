"""lines: what an enrollment or SSID request asks for is carried out, all of it in one transaction.

Contract: the lines come in the order in which they are to be carried out, each with a number of its own. `carry_out` is
called within the transaction that admits the packet; packets of many lines are carried out in slices
(`many.in_slices`), by the same steps. Where all or nothing is asked for, the lines are looked at first: what they do is
undone, and is done again only where none is at fault (`many.whole`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from broker.core import local_number
from broker.core.model import Name
from broker.edge.ledger.engine import Reading, Writing, undone
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.packets.slices import Slice
from broker.edge.ledger.people import registry
from broker.formats.returned import Back
from broker.formats.ssid.lines import Unread
from broker.notices.answers import Answer, Outcome, SentLine
from broker.oversight.guesses import Guesses
from broker.oversight.watch import Watch
from broker.packets.services import Services
from broker.students import corrected, enroll, opt_outs, question
from broker.students.line_request import LineRequest
from broker.students.many import whole
from broker.transfers.follow_up import Pace

# a request; one that is answered before anything is looked up; one that cannot be read
Line = LineRequest | tuple[LineRequest, Answer] | tuple[SentLine, Answer]


@dataclass(frozen=True, repr=False)  # no slots: `shared` is worked out once
class Work:
    """A packet's lines. `row` knows the packet's type and document id, `form` is that of the answer, `named` are
    numbers in lines that cannot be read, `back` is the table that is given back with the answer. `is_whole`: all of
    the lines are carried out or none. Repr hidden."""

    row: PacketRow
    lines: Sequence[Line] = field(repr=False)
    form: str = ""
    named: Sequence[str] = ()
    back: Back | None = field(default=None, repr=False)
    is_whole: bool = False

    @cached_property
    def shared(self) -> frozenset[str]:
        """The LEA's own numbers under which the packet names more than one child."""
        requests = (one if isinstance(one, LineRequest) else one[0] for one in self.lines)
        return local_number.shared(one.student for one in requests if isinstance(one, LineRequest))


def unread(line: Unread) -> tuple[SentLine, Answer]:
    """A line that cannot be read, and its answer."""
    sent = SentLine(Name(line.first_name, line.last_name), line.local_number, line.school_year)
    return sent, Answer(line.line, Outcome.REFUSED, None, line.reason, " ".join(line.fields), line.must)


@dataclass(frozen=True, slots=True, repr=False)
class Done:
    """A line, and what became of it. Repr hidden."""

    line: Line = field(repr=False)
    answer: Answer

    @property
    def request(self) -> LineRequest | None:
        """The request, where it was looked at."""
        return self.line if isinstance(self.line, LineRequest) else None

    @property
    def sent(self) -> SentLine:
        """By what the LEA knows the line again."""
        one = self.line[0] if isinstance(self.line, tuple) else self.line
        return one if isinstance(one, SentLine) else enroll.sent(one)


def carry_out(services: Services, connection: Writing, work: Work) -> None:
    """All of it now."""
    if work.is_whole and _is_nothing(services, connection, work):
        return
    watch = Watch(services, connection, work.row, shared=work.shared)
    watch.saw(work.named)
    done = settle(services, connection, work, work.lines, Pace(services, connection), watch)
    enroll.follow(services, connection, work.row, list(requested(done)))
    done = corrected_of(services, connection, work, done, watch)
    watch.tell()
    notices = list(notices_of(services, connection, work, done))
    services.vault.flush()
    packets.born(connection, notices, [])


def _is_nothing(services: Services, connection: Writing, work: Work) -> bool:
    """Whether a line is at fault; then nothing is carried out, and that is the answer."""
    looked, watch = look(services, connection, work, work.lines, is_first=True)
    if not any(map(whole.is_bad, looked)):
        return False
    watch.tell()
    Guesses(services, connection, work.row).tell(whole.in_vain(services, connection, work.row, looked))
    notices = list(notices_of(services, connection, *nothing_of(work, looked)))
    services.vault.flush()
    packets.born(connection, notices, [])
    return True


def look(
    services: Services, connection: Writing, work: Work, lines: Sequence[Line], *, is_first: bool
) -> tuple[list[Answer], Watch]:
    """What would become of these lines, at least of one, if they were carried out now; of those that are not refused no
    guess is counted."""
    registry.lock(connection)
    watch = Watch(services, connection, work.row, shared=work.shared)
    watch.saw(work.named if is_first else ())
    pace = Pace(services, connection, is_sliced=True)
    answers: list[Answer] = []
    with undone(connection):
        for line in lines:
            mark = watch.guesses.mark()
            (done,) = settle(services, connection, work, [line], pace, watch)
            answers.append(done.answer)
            if not whole.is_bad(done.answer):
                watch.guesses.back_to(mark)
            if pace.is_spent:
                break
    return answers, watch


def nothing_of(work: Work, looked: Iterable[Answer]) -> tuple[Work, list[Done]]:
    """The work, and what became of its lines, where nothing is carried out."""
    lines, answers = {number(one): one for one in work.lines}, whole.nothing(looked)
    back = replace(work.back, told=(*work.back.told, whole.told(answers))) if work.back else None
    return replace(work, back=back), [Done(lines[one.line], one) for one in answers]


def settle(
    services: Services, connection: Writing, work: Work, lines: Sequence[Line], pace: Pace, watch: Watch
) -> list[Done]:
    """Carry out these lines, in this transaction."""
    registry.lock(connection)
    done = []
    for line in lines:
        done.append(Done(line, _answer(services, connection, work, line, pace, watch)))
        if pace.is_spent:
            break
    opt_outs.record(services, connection, work.row, requested(done))
    return done


def corrected_of(services: Services, connection: Writing, work: Work, done: Sequence[Done], watch: Watch) -> list[Done]:
    """These lines, with what they settled of earlier questions: some are answered otherwise then."""
    other = corrected.by_lines(services, connection, work.row, list(requested(done)), watch)
    return [replace(one, answer=other.get(one.answer.line, one.answer)) for one in done]


def _answer(services: Services, connection: Writing, work: Work, line: Line, pace: Pace, watch: Watch) -> Answer:
    if isinstance(line, tuple) and isinstance(line[0], SentLine):
        return line[1]
    request, answered = (line[0], line[1]) if isinstance(line, tuple) else (line, None)
    watch.begin(request.student, request.request)
    answer = answered or enroll.settle(services, connection, work.row, request, pace, watch)
    if answer.answer is Outcome.REFUSED:
        watch.refused(request.student)
    return answer


def requested(done: Iterable[Done]) -> Iterator[tuple[LineRequest, Answer]]:
    """The requests that were looked at, with their answers."""
    return ((one.request, one.answer) for one in done if one.request is not None)


def notices_of(services: Services, connection: Reading, work: Work, done: Sequence[Done]) -> Iterator[PacketRow]:
    """The sealed answer and the questions, not left yet."""
    lines = sorted(((one.sent, one.answer) for one in done), key=lambda one: one[1].line)
    yield enroll.answered(services, work.row, work.form, lines, work.back.told if work.back else ())
    if work.back:
        yield enroll.given_back(services, work.row, work.back, [answer for _, answer in lines])
    yield from question.asked(services, connection, work.row)


def number(line: Line) -> int:
    """The line's number in its document."""
    return line.line if isinstance(line, LineRequest) else line[1].line


def tell_state(services: Services, connection: Writing, row: PacketRow, parts: Sequence[Slice]) -> None:
    """Tell the state of the flagged children whom these lines concern, of each once; and the disclosure log what they
    asked in vain."""
    if any(part.seen or part.guessed for part in parts):
        watch = Watch(services, connection, row)
        for part in parts:
            watch.saw_before(part.seen)
        watch.guesses.tell(one for part in parts for one in part.guessed)
        watch.tell()
