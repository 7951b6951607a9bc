"""lines: what an enrollment or SSID request asks for is carried out: few lines in one transaction, many in slices.

Contract: the lines come in the order in which they are to be carried out, each with a number of its own. `carry_out` is
called within the transaction that admits the packet. `InSlices` is for packets of more lines than one transaction may
have (`limits.lines_per_transaction`): nobody else can write while it lasts. It has transactions of its own before the
packet's move, each of which compares the claim, carries out some lines, whole, and keeps what became of them
(`ledger.slices`); after a crash, or the packet's turn, whoever has the packet next goes on behind them. What follows
from all lines (cases, the sealed answer, questions, alerts) comes behind the last of them, so that it is as if they had
been one transaction; the answer appears with the move, once. What another LEA tells between two slices was told then.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

from broker.core import local_number
from broker.core.model import Name, Ssid
from broker.edge.ledger.cases.follow_ups import FollowUp
from broker.edge.ledger.engine import Reading, Writing, give_way, reading, writing
from broker.edge.ledger.packets import packets, slices
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.edge.ledger.packets.slices import Slice
from broker.edge.ledger.people import registry
from broker.formats.returned import Back
from broker.formats.ssid.lines import Unread
from broker.notices.answers import Answer, Outcome, SentLine
from broker.oversight import claims
from broker.oversight.watch import Watch
from broker.packets.services import Services
from broker.packets.sliced import Sliced
from broker.students import corrected, enroll, opt_outs, question
from broker.students.line_request import LineRequest
from broker.transfers.follow_up import Pace

# a request; one that is answered before anything is looked up; one that cannot be read
Line = LineRequest | tuple[LineRequest, Answer] | tuple[SentLine, Answer]


@dataclass(frozen=True, repr=False)  # no slots: `shared` is worked out once
class Work:
    """A packet's lines. `row` knows the packet's type and document id, `form` is that of the answer, `named` are
    numbers in lines that cannot be read, `back` is the table that is given back with the answer. Repr hidden."""

    row: PacketRow
    lines: Sequence[Line] = field(repr=False)
    form: str = ""
    named: Sequence[str] = ()
    back: Back | None = field(default=None, repr=False)

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
class _Done:
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
    watch = Watch(services, connection, work.row, shared=work.shared)
    watch.saw(work.named)
    done = _settle(services, connection, work, work.lines, Pace(services, connection), watch)
    enroll.follow(services, connection, work.row, list(_requested(done)))
    done = _corrected(services, connection, work, done, watch)
    watch.tell()
    notices = list(_answers(services, connection, work, done))
    services.vault.flush()
    packets.born(connection, notices, [])


def _settle(
    services: Services, connection: Writing, work: Work, lines: Sequence[Line], pace: Pace, watch: Watch
) -> list[_Done]:
    """Carry out these lines, in this transaction."""
    registry.lock(connection)
    done = []
    for line in lines:
        done.append(_Done(line, _answer(services, connection, work, line, pace, watch)))
        if pace.is_spent:
            break
    opt_outs.record(services, connection, work.row, _requested(done))
    return done


def _corrected(services: Services, connection: Writing, work: Work, done: Sequence[_Done], watch: Watch) -> list[_Done]:
    """These lines, with what they settled of earlier questions: some are answered otherwise then."""
    other = corrected.by_lines(services, connection, work.row, list(_requested(done)), watch)
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


def _requested(done: Iterable[_Done]) -> Iterator[tuple[LineRequest, Answer]]:
    return ((one.request, one.answer) for one in done if one.request is not None)


def _answers(services: Services, connection: Reading, work: Work, done: Sequence[_Done]) -> Iterator[PacketRow]:
    """The sealed answer and the questions, not left yet."""
    lines = sorted(((one.sent, one.answer) for one in done), key=lambda one: one[1].line)
    yield enroll.answered(services, work.row, work.form, lines, work.back.told if work.back else ())
    if work.back:
        yield enroll.given_back(services, work.row, work.back, [answer for _, answer in lines])
    yield from question.asked(services, connection, work.row)


def _number(line: Line) -> int:
    return line.line if isinstance(line, LineRequest) else line[1].line


class InSlices(Sliced):
    """A packet whose lines are carried out some at a time."""

    def __init__(self, services: Services, work: Work, move: Move) -> None:
        super().__init__(services, work.row, move)
        self._services = services
        self._work = work

    def go_on(self, parts: list[Slice]) -> bool:
        """The lines, then what follows from all of them, then the answer."""
        return self._settle_all(parts) and self._follow_all(parts) and self._prepare(parts)

    def end(self, connection: Writing) -> Move:
        """The answer is left, and the state is told."""
        tell_state(self._services, connection, self.row, slices.of(connection, self.row.tracking))
        return super().end(connection)

    def _settle_all(self, parts: list[Slice]) -> bool:
        limits = self._services.settings.limits
        known = {answer["line"] for part in parts for answer in part.answers}
        todo = [line for line in self._work.lines if _number(line) not in known]
        left = limits.lines_per_turn
        while todo:
            if left <= 0:
                return False
            part = self._settle_some(len(parts), todo[: min(limits.lines_per_transaction, left)])
            if part is None:
                return False
            parts.append(part)
            left -= len(part.answers)
            todo = todo[len(part.answers) :]
            give_way()
        return True

    def _settle_some(self, n: int, lines: Sequence[Line]) -> Slice | None:
        services, work = self._services, self._work
        with writing(services.engine) as connection:
            registry.lock(connection)  # before the packet, in the one order of all writers
            if not self.is_held(connection):
                return None
            watch = Watch(services, connection, work.row, shared=work.shared)
            watch.saw(work.named if n == 0 else ())
            pace = Pace(services, connection, is_sliced=True)
            done = _settle(services, connection, work, lines, pace, watch)
            done = _corrected(services, connection, work, done, watch)
            part = Slice(
                tracking=work.row.tracking,
                n=n,
                document=work.row.packet_id,
                form=work.form,
                answers=[asdict(one.answer) for one in done],
                seen=watch.seen,
                guessed=watch.guesses.keep(),
                at=services.clock().timestamp(),
            )
            slices.put(connection, part)
        return part

    def _follow_all(self, parts: Sequence[Slice]) -> bool:
        """The first students of the packet are followed up at once, the others are kept for the sweeper."""
        limits = self._services.settings.limits
        left = limits.cases_per_transaction
        todo = [one for one in _moved(parts, self._requests()) if not one[0].is_followed]
        for some in _together(todo, limits.lines_per_transaction):
            with writing(self._services.engine) as connection:
                registry.lock(connection)
                if not self.is_held(connection):
                    return False
                named = [FollowUp(one, part.tracking, part.at) for part, numbers in some for one in numbers]
                left -= enroll.follow_some(self._services, connection, named, left)
                for part, _ in some:
                    slices.followed(connection, part)
            give_way()
        return True

    def _prepare(self, parts: Sequence[Slice]) -> bool:
        """Make the answer, with nobody waiting: it is read and sealed outside of a transaction that writes."""
        services, work, lines = self._services, self._work, {_number(one): one for one in self._work.lines}
        answers = [Answer(**one) for part in parts for one in part.answers]
        done = [_Done(lines[one.line], one) for one in answers]
        self.notices.clear()
        with reading(services.engine) as connection:
            self.notices += claims.notices(services, connection, enroll.arrived(_requested(done)))
            for one in _answers(services, connection, work, done):
                self.notices.append(one)
                with writing(services.engine) as other:
                    if not self.is_held(other):
                        return False
        services.vault.flush()
        return True

    def _requests(self) -> Mapping[int, LineRequest]:
        return {line.line: line for line in self._work.lines if isinstance(line, LineRequest)}


def _moved(parts: Iterable[Slice], requests: Mapping[int, LineRequest]) -> Iterator[tuple[Slice, list[Ssid]]]:
    """Each slice with those who moved by it, and not by an earlier one."""
    seen: set[str] = set()
    for part in parts:
        answers = [Answer(**one) for one in part.answers]
        requested = [(requests[one.line], one) for one in answers if one.line in requests]
        fresh = [one for one in enroll.reported(requested) if one not in seen]
        seen.update(fresh)
        yield part, fresh


def _together(parts: Iterable[tuple[Slice, list[Ssid]]], most: int) -> Iterator[list[tuple[Slice, list[Ssid]]]]:
    """Slices that are followed up in one transaction: of so many students, and at least one slice."""
    some: list[tuple[Slice, list[Ssid]]] = []
    for one in parts:
        if some and sum(len(numbers) for _, numbers in [*some, one]) > most:
            yield some
            some = []
        some.append(one)
    if some:
        yield some


def tell_state(services: Services, connection: Writing, row: PacketRow, parts: Sequence[Slice]) -> None:
    """Tell the state of the flagged children whom these lines concern, of each once; and the disclosure log what they
    asked in vain."""
    if any(part.seen or part.guessed for part in parts):
        watch = Watch(services, connection, row)
        for part in parts:
            watch.saw_before(part.seen)
        watch.guesses.tell(one for part in parts for one in part.guessed)
        watch.tell()
