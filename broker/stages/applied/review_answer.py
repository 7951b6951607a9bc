"""review-answer: an LEA answers questions which student it meant, in slices where they are many.

Contract: as `planning`, and as in `decide.answer`, all answers or none, as far as can be known: every one is checked
before the first is carried out, and a packet that does not pass is refused with nothing done. What changes between two
slices can forbid an answer all the same: somebody else has decided that question, then nothing is left to do; or its
candidates have changed, then it is put again. Of a table each answer is carried out by itself (`rows`). The state hears
of flagged candidates with the packet's end, whatever that is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from broker.core.errors import Refused
from broker.core.model import Document
from broker.edge.ledger.engine import Reading, Writing, give_way, reading, writing
from broker.edge.ledger.packets import packets, slices
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.edge.ledger.packets.slices import Slice
from broker.edge.ledger.people import registry
from broker.formats.answering.columns import QUESTIONS
from broker.formats.ssid.lines import Sheet
from broker.packets.outcome import refuse
from broker.packets.services import Services
from broker.packets.sliced import Sliced
from broker.stages.applied.planning import as_a_whole
from broker.students import decide, question
from broker.students.decide import Result
from broker.students.rows import Became, Rows
from broker.transfers.follow_up import Pace
from handlers import review_answer
from handlers.review_answer import Reply

_LINES = 4  # that an answer costs: a notice of its own, and the student's cases


def planned(services: Services, row: PacketRow, document: Document, done: Move) -> Move:
    """The move of a checked `review-answer.v1`."""
    sheet = review_answer.sheet(document.body)
    if sheet is not None:
        rows = AnswersInRows(services, row, sheet, document, done)
        return replace(done, slices=rows, effect=rows.end)
    cost = _LINES * len(document.body["answers"])
    if cost <= services.settings.limits.lines_per_transaction:
        return as_a_whole(services, row, document, done, decide.answer, cost)
    sliced = AnswersInSlices(services, row, document, done)
    return replace(done, slices=sliced, effect=sliced.end)


class AnswersInRows(Rows):
    """A table of answers, each of which is carried out by itself."""

    kind = QUESTIONS

    def __init__(self, services: Services, row: PacketRow, sheet: Sheet, document: Document, move: Move) -> None:
        super().__init__(services, row, sheet, move)
        self._replies = review_answer.replies(document.body)

    def carry_out(self, connection: Writing, place: int) -> Became:
        """See Rows."""
        reply = self._replies[place]
        result = decide.answer_one(self.services, connection, self.row, reply)
        return Became(again=reply.tracking if result is Result.ASKED_AGAIN else "")

    def more(self, connection: Reading, became: Sequence[Became]) -> Iterator[PacketRow]:
        """The questions that are put again."""
        again: dict[str, set[int]] = {}
        for one, reply in zip(became, self._replies, strict=True):
            if one.again:
                again.setdefault(one.again, set()).add(reply.line)
        for tracking, lines in again.items():
            row = packets.get(connection, tracking)
            if row is not None:
                yield from question.asked(self.services, connection, row, decide.CHANGED, lines)

    def end(self, connection: Writing) -> Move:
        """The state is told, and the table is left."""
        registry.lock(connection)
        decide.tell_state(self.services, connection, self.row, self._replies)
        return super().end(connection)


class AnswersInSlices(Sliced):
    """The packet. What is kept of a slice says which answers it has carried out, and which questions are put again."""

    def __init__(self, services: Services, row: PacketRow, document: Document, move: Move) -> None:
        super().__init__(services, row, move)
        self._replies = review_answer.replies(document.body)
        self._refusal: Refused | None = None

    def go_on(self, parts: list[Slice]) -> bool:
        """Check all, where nothing is done yet; then carry them out."""
        if not parts:
            self._check_all()
        return self._refusal is not None or (self._carry_out(parts) and self._prepare(parts))

    def end(self, connection: Writing) -> Move:
        """The state is told; the packet is applied, or refused with nothing done."""
        registry.lock(connection)
        decide.tell_state(self.services, connection, self.row, self._replies)
        done = super().end(connection)
        return done if self._refusal is None else refuse(self.services, self.row, self._refusal)

    def _check_all(self) -> None:
        told: dict[tuple[str, int], Reply] = {}
        with reading(self.services.engine) as connection:
            try:
                for reply in self._replies:
                    other = told.setdefault((reply.tracking, reply.line), reply)
                    if (other.verb, other.letter) != (reply.verb, reply.letter):
                        raise Refused("already-decided", reply.pointer)
                    decide.check_one(self.services, connection, self.row, reply)
            except Refused as refusal:
                self._refusal = refusal

    def _carry_out(self, parts: list[Slice]) -> bool:
        limits = self.services.settings.limits
        at_once = max(limits.lines_per_transaction // _LINES, 1)
        left = max(limits.lines_per_turn // _LINES, 1)
        done = sum(len(part.answers) for part in parts)
        while done < len(self._replies):
            some = self._replies[done : done + min(at_once, left)]
            if not some:
                return False
            with writing(self.services.engine) as connection:
                registry.lock(connection)
                if not self.is_held(connection):
                    return False
                parts.append(self._slice(connection, len(parts), some))
            count = len(parts[-1].answers)
            done, left = done + count, left - count
            give_way()
        return True

    def _slice(self, connection: Writing, n: int, some: Sequence[Reply]) -> Slice:
        pace = Pace(self.services, connection, is_sliced=True)
        answers: list[dict[str, str]] = []
        for reply in some:
            answers.append({"again": self._answer(connection, reply)})
            if pace.is_spent:
                break
        now = self.services.clock().timestamp()
        part = Slice(self.row.tracking, n, self.row.packet_id, "", answers, {}, now, is_followed=True)
        slices.put(connection, part)
        return part

    def _answer(self, connection: Writing, reply: Reply) -> str:
        """Carry out one answer; the packet whose question is to be put again, '' for none."""
        try:
            with connection.begin_nested():
                result = decide.answer_one(self.services, connection, self.row, reply)
        except Refused as refusal:
            return "" if refusal.code == "already-decided" else reply.tracking
        return reply.tracking if result is Result.ASKED_AGAIN else ""

    def _prepare(self, parts: Sequence[Slice]) -> bool:
        again = dict.fromkeys(one["again"] for part in parts for one in part.answers if one["again"])
        self.notices.clear()
        with reading(self.services.engine) as connection:
            for tracking in again:
                row = packets.get(connection, tracking)
                for made in question.asked(self.services, connection, row, decide.CHANGED) if row else ():
                    self.notices.append(made)
                with writing(self.services.engine) as other:
                    if not self.is_held(other):
                        return False
        self.services.vault.flush()
        return True
