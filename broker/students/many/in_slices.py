"""in slices: a packet of more lines than one transaction may have (`limits.lines_per_transaction`), because nobody else
can write while one lasts.

Contract: transactions of its own come before the packet's move, each of which compares the claim, carries out some
lines, whole, and keeps what became of them (`ledger.slices`); after a crash, or the packet's turn, whoever has the
packet next goes on behind them. What follows from all lines (cases, the sealed answer, questions, alerts) comes behind
the last of them, so that it is as if they had been one transaction; the answer appears with the move, once. What
another LEA tells between two slices was told then. Where all or nothing is asked for, all lines are looked at first, in
slices too (`whole`), and what has changed by the time of carrying them out is told line by line.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from broker.core.model import Ssid, Student
from broker.edge.ledger.cases.follow_ups import FollowUp
from broker.edge.ledger.engine import Writing, give_way, reading, writing
from broker.edge.ledger.packets import slices
from broker.edge.ledger.packets.rows import Move
from broker.edge.ledger.packets.slices import Slice
from broker.edge.ledger.people import registry
from broker.notices.answers import Answer
from broker.oversight import claims
from broker.oversight.guesses import Counted
from broker.oversight.watch import Watch
from broker.packets.services import Services
from broker.packets.sliced import Sliced
from broker.students import enroll, lines
from broker.students.line_request import LineRequest
from broker.students.many import whole
from broker.transfers.follow_up import Pace


class InSlices(Sliced):
    """A packet whose lines are carried out some at a time."""

    def __init__(self, services: Services, work: lines.Work, move: Move) -> None:
        super().__init__(services, work.row, move)
        self._services = services
        self._work = work

    def go_on(self, parts: list[Slice]) -> bool:
        """The lines, then what follows from all of them, then the answer. Where all or nothing is asked for, all lines
        are looked at first."""
        if self._work.is_whole:
            if not self._look_all(parts):
                return False
            if any(map(whole.is_bad, whole.looked_at(parts).values())):
                return self._leave_all(parts)
        return self._settle_all(parts) and self._follow_all(parts) and self._prepare(parts)

    def end(self, connection: Writing) -> Move:
        """The answer is left, and the state is told."""
        lines.tell_state(self._services, connection, self.row, slices.of(connection, self.row.tracking))
        return super().end(connection)

    def _look_all(self, parts: list[Slice]) -> bool:
        limits = self._services.settings.limits
        known, left = whole.looked_at(parts), limits.lines_per_turn
        todo = [(line, _student(line)) for line in self._work.lines if lines.number(line) not in known]
        for some in whole.together(todo, limits.lines_per_transaction):
            while some:
                if left <= 0:
                    return False
                answers = self._look_some(parts, some[: max(left, 1)])
                if not answers:
                    return False
                left -= len(answers)
                some = some[len(answers) :]
                give_way()
        return True

    def _look_some(self, parts: list[Slice], some: Sequence[lines.Line]) -> list[Answer]:
        """Look at these lines, at least at one; none where another worker has the packet."""
        services = self._services
        with writing(services.engine) as connection:
            registry.lock(connection)
            if not self.is_held(connection):
                return []
            answers, watch = lines.look(services, connection, self._work, some, is_first=not parts)
            part = self._part(len(parts), whole.kept(answers), watch.seen, watch.guesses.keep())
            slices.put(connection, part)
        parts.append(part)
        return answers

    def _leave_all(self, parts: list[Slice]) -> bool:
        """Nothing is carried out: what was found in vain is counted, and the answer made."""
        services, looked, note = self._services, whole.looked_at(parts), whole.note_in_vain(parts)
        if note:
            with writing(services.engine) as connection:
                registry.lock(connection)
                if not self.is_held(connection):
                    return False
                counted = whole.in_vain(services, connection, self.row, looked.values())
                slices.put(connection, self._part(len(parts), note, {}, counted))
        return self._make(*lines.nothing_of(self._work, looked.values()))

    def _part(
        self, n: int, answers: Sequence[Mapping[str, Any]], seen: Mapping[str, str], guessed: Sequence[Counted]
    ) -> Slice:
        work, at = self._work, self._services.clock().timestamp()
        return Slice(work.row.tracking, n, work.row.packet_id, work.form, answers, seen, at, True, guessed)

    def _settle_all(self, parts: list[Slice]) -> bool:
        limits = self._services.settings.limits
        known = {answer["line"] for part in whole.carried(parts) for answer in part.answers}
        todo = [line for line in self._work.lines if lines.number(line) not in known]
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

    def _settle_some(self, n: int, some: Sequence[lines.Line]) -> Slice | None:
        services, work = self._services, self._work
        with writing(services.engine) as connection:
            registry.lock(connection)  # before the packet, in the one order of all writers
            if not self.is_held(connection):
                return None
            watch = Watch(services, connection, work.row, shared=work.shared)
            watch.saw(work.named if n == 0 else ())
            pace = Pace(services, connection, is_sliced=True)
            done = lines.settle(services, connection, work, some, pace, watch)
            done = lines.corrected_of(services, connection, work, done, watch)
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
        todo = [one for one in _moved(whole.carried(parts), self._requests()) if not one[0].is_followed]
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
        """Make the answer to lines that were carried out."""
        by_number = {lines.number(one): one for one in self._work.lines}
        answers = [Answer(**one) for part in whole.carried(parts) for one in part.answers]
        told = whole.since(answers, whole.looked_at(parts))
        return self._make(self._work, [lines.Done(by_number[one.line], one) for one in told])

    def _make(self, work: lines.Work, done: Sequence[lines.Done]) -> bool:
        """Make the answer, with nobody waiting: it is read and sealed outside of a transaction that writes."""
        services = self._services
        self.notices.clear()
        with reading(services.engine) as connection:
            self.notices += claims.notices(services, connection, enroll.arrived(lines.requested(done)))
            for one in lines.notices_of(services, connection, work, done):
                self.notices.append(one)
                with writing(services.engine) as other:
                    if not self.is_held(other):
                        return False
        services.vault.flush()
        return True

    def _requests(self) -> Mapping[int, LineRequest]:
        return {one.line: one for one in self._work.lines if isinstance(one, LineRequest)}


def _student(line: lines.Line) -> Student | None:
    """Whom a line is about; None where it cannot be read."""
    request = line[0] if isinstance(line, tuple) else line
    return request.student if isinstance(request, LineRequest) else None


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
