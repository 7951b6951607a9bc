"""rows: a table of answers is carried out line by line, each line by itself, and given back.

Contract: as `stages.applied.planning`. A line that is refused, as an answer in a document of its own would be, stops no
other line: what it has changed is undone, and the table says so. The lines are carried out in slices, however few they
are; what is kept of a slice says which lines it has done, and what became of them. The table comes back with the
packet's move.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from broker.core.codes import CODES
from broker.core.errors import Refused
from broker.core.model import PacketType
from broker.edge.ledger.engine import Reading, Writing, give_way, reading, writing
from broker.edge.ledger.packets import slices
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.edge.ledger.packets.slices import Slice
from broker.edge.ledger.people import registry
from broker.formats import returned
from broker.formats.answering.columns import Kind
from broker.formats.returned import Back, Said
from broker.formats.ssid.lines import Sheet
from broker.notices.answers import REASONS
from broker.packets import notify
from broker.packets.services import Services
from broker.packets.sliced import Sliced
from broker.transfers.follow_up import Pace

DONE, REFUSED, AGAIN = "done", "refused", "asked again"
_COST = 4  # lines of an enrollment that an answer costs: a notice of its own, and the student's cases
_DONE = Said(DONE, "", "", "")
_AGAIN = Said(
    AGAIN,
    "",
    "The registry has changed since you were asked, so nothing was done.",
    "Look at the question again: it comes anew into your inbox.",
)


class Became(NamedTuple):
    """What became of a line: `code` is that of a refusal, '' for none; `again` is the packet whose question is put
    again, '' for none."""

    code: str = ""
    again: str = ""


class Rows(Sliced):
    """One table."""

    kind: Kind

    def __init__(self, services: Services, row: PacketRow, sheet: Sheet, move: Move) -> None:
        super().__init__(services, row, move)
        self._sheet = sheet

    @abstractmethod
    def carry_out(self, connection: Writing, place: int) -> Became:
        """Carry out the good line at this place. Raises Refused where it is not to be done, and Deferred."""

    def more(self, connection: Reading, became: Sequence[Became]) -> Iterator[PacketRow]:  # noqa: ARG002  for others
        """Further notices, made and not left yet."""
        yield from ()

    def table(self, connection: Reading) -> Back:  # noqa: ARG002  for others
        """The table that is given back."""
        found = self._sheet.back
        if found is None:
            raise TypeError("a table of answers keeps what is given back")
        return found

    def go_on(self, parts: list[Slice]) -> bool:
        """Carry out the lines, then make the table that is given back."""
        return self._carry_out_all(parts) and self._prepare(parts)

    def _carry_out_all(self, parts: list[Slice]) -> bool:
        limits = self.services.settings.limits
        at_once = max(limits.lines_per_transaction // _COST, 1)
        left = max(limits.lines_per_turn // _COST, 1)
        done, count = sum(len(part.answers) for part in parts), len(self._sheet.numbers)
        while done < count:
            if left <= 0:
                return False
            with writing(self.services.engine) as connection:
                registry.lock(connection)  # before the packet, in the one order of all writers
                if not self.is_held(connection):
                    return False
                parts.append(self._slice(connection, len(parts), range(done, min(done + min(at_once, left), count))))
            done += len(parts[-1].answers)
            left -= len(parts[-1].answers)
            give_way()
        return True

    def _slice(self, connection: Writing, n: int, places: range) -> Slice:
        pace = Pace(self.services, connection, is_sliced=True)
        answers: list[dict[str, str]] = []
        for place in places:
            answers.append(self._one(connection, place)._asdict())
            if pace.is_spent:
                break
        now = self.services.clock().timestamp()
        part = Slice(self.row.tracking, n, self.row.packet_id, "", answers, {}, now, is_followed=True)
        slices.put(connection, part)
        return part

    def _one(self, connection: Writing, place: int) -> Became:
        try:
            with connection.begin_nested():
                return self.carry_out(connection, place)
        except Refused as refusal:
            return Became(refusal.code)

    def _prepare(self, parts: Sequence[Slice]) -> bool:
        """Make the notices, with nobody waiting: they are sealed outside of a transaction that writes."""
        became = [Became(**one) for part in parts for one in part.answers]
        self.notices.clear()
        with reading(self.services.engine) as connection:
            made = [self._given_back(connection, became), *self.more(connection, became)]
        with writing(self.services.engine) as connection:
            if not self.is_held(connection):
                return False
        self.notices += made
        self.services.vault.flush()
        return True

    def _given_back(self, connection: Reading, became: Sequence[Became]) -> PacketRow:
        said: Mapping[int, Said] = {
            **{one.line: Said(REFUSED, "", one.must, REASONS[one.reason]) for one in self._sheet.unread},
            **{number: _said(one) for number, one in zip(self._sheet.numbers, became, strict=True)},
        }
        back = self.table(connection)
        content = returned.written(back, said, self._lists(returned.header_of(back)))
        return notify.made_of(self.services, self.row.origin, PacketType(self.kind.packet), content)

    def _lists(self, header: Sequence[str]) -> Mapping[int, Sequence[str]]:
        """The answers that are offered, by the column that takes them."""
        return {at: self.kind.choices for at, cell in enumerate(header) if self.kind.field_of(cell) == "answer"}


def _said(became: Became) -> Said:
    if became.again:
        return _AGAIN
    return Said(REFUSED, "", *CODES[became.code][:2]) if became.code else _DONE
