"""The transfer cases, each of them and no other, held against what should be asked of whom."""

from collections import Counter

from broker.core.transfer import LIVE, TransferState
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.packets.rows import PacketRow
from tests.support import audit
from tests.support.story.account import Sent
from tests.support.story.agree import Agreement

_Seen = tuple[str, str, str, str, str]


class Cases(Agreement):
    """What must hold of cases, always and when nothing is on its way."""

    def cases(self, child: int) -> list[TransferRow]:
        """All cases of the student, under whatever number."""
        numbers = {self.own.ssids[one] for one in self.belief.same(child) if one in self.own.ssids}
        return [one for one in self.books.cases if one.ssid in numbers]

    def check_cases(self, rows: dict[str, PacketRow]) -> None:
        """Of every student."""
        for child in self.belief.stands:
            if self.belief.number(child) == child:
                self._check_exact(child)
                self._check_cases_of(child, rows)

    def _check_exact(self, child: int) -> None:
        expected = Counter(
            (*one.ends, one.since if one.state == "waiting" else "", one.state, one.answer)
            for one in self.belief.askings(child)
            if one.state != "over"
        )
        found = Counter(_seen(one) for one in self.cases(child) if one.state is not TransferState.CANCELLED)
        assert found == expected, (found - expected, expected - found, self.belief.stays(child))

    def _check_cases_of(self, child: int, rows: dict[str, PacketRow]) -> None:
        for one in self.cases(child):
            assert not audit.illegal(self.world.services.engine, one.id)
            if one.answer:
                expected = {"DELIVERED": {"answered"}, "COLLECTED": {"closed"}}[rows[one.answer].state]
                assert one.state in expected, (one, rows[one.answer])
            assert bool(one.answer) == (one.state in (TransferState.ANSWERED, TransferState.CLOSED)), one
            if one.state in LIVE:
                assert (one.state is TransferState.BLOCKED) == self.belief.is_flagged(child), one

    # at rest

    def check_rest(self) -> None:
        """Nothing is on its way, and nothing waits that need not."""
        for tracking, row in self.world.rows().items():
            assert row.state not in ("RECEIVED", "ADMITTED", "ROUTED"), row
            one = self.own.sent.get(tracking)
            if row.state == "HELD" and one is not None:
                self._check_waiting(one, row)
            if row.state == "HELD" and one is None and row.held_for == "receiver-key":
                assert not self.world.key(row.receiver), row
        for case in self.books.cases:
            holders = self.belief.holders(self.own.child(case.ssid), self.world.today)
            assert case.state not in LIVE or case.destination in holders, (case, holders)
            if case.state is TransferState.REQUESTED:
                assert case.request or self._is_on_its_way(case), case

    def _check_waiting(self, one: Sent, row: PacketRow) -> None:
        is_gone = bool(row.ssid) and not self.belief.was_at(self.own.child(row.ssid), one.sender, self.world.today)
        is_spoiled = one.key.end == "revoked" or is_gone
        reasons = self.reasons(one, row)
        assert row.held_for in reasons or is_spoiled, (one, row, reasons)

    def _is_on_its_way(self, case: TransferRow) -> bool:
        """Whether a record waits that will answer the case by itself."""
        return any(
            row.state == "HELD" and row.origin == case.source and self.is_same(row.ssid, case.ssid)
            for tracking, row in self.world.rows().items()
            if tracking in self.own.sent and self.own.sent[tracking].to in ("", case.destination)
        )


def _seen(case: TransferRow) -> _Seen:
    """A case in the words of the belief."""
    is_live = case.state in LIVE
    since, state = (case.entered_on, "waiting") if is_live else ("", str(case.state))
    return (case.source, case.destination, since, state, case.answer)
