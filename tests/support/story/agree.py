"""What may become of a packet, by what the machine knows of it."""

from collections.abc import Callable

from broker.edge.ledger.packets.rows import PacketRow
from tests.support.audit import Books
from tests.support.story.account import ASK, NOBODY, RECORD, STATE, TRANSCRIPT, UNIVERSITY, Sent
from tests.support.story.follow import Follower

_OF_ASKING = {"not-your-student", "not-there-now", "not-there-yet", "nobody-to-ask", "nothing-held", "name-the-ssid"}


class Agreement(Follower):
    """The machine's own view of reasons and codes."""

    books: Books

    def goal(self, one: Sent, child: int) -> str:
        """Where a record or transcript may go now; '' for nowhere."""
        if one.kind == TRANSCRIPT:
            return one.to
        here, others = self.belief.here(child, self.world.today), self.belief.holders(child, self.world.today)
        others.discard(one.sender)
        if one.to or here in others:
            return one.to if one.to in others else here if not one.to else ""
        return self._waits_beside(one, child, others)

    def _waits_beside(self, one: Sent, child: int, others: set[str]) -> str:
        """What comes from where the student is, addressed to nobody, goes to another LEA that has it and waits."""
        asked = [asking for asking in self.belief.askings(child) if asking.state == "waiting"]
        waits = [asking.destination for asking in asked if asking.source == one.sender]
        return next((lea for lea in waits if lea in others), "")

    def had(self, row: PacketRow, lea: str, how: Callable[[list[bool]], bool]) -> bool:
        """Whether the student was at this LEA, now and (`all`) or (`any`) at the last look: a round goes by what was
        when it began."""
        child = self.own.child(row.ssid) if row.ssid else self.own.sent[row.tracking].child
        return how([self.belief.was_at(child, lea, self.world.today), (child, lea) in self.own.had])

    def reasons(self, one: Sent, row: PacketRow) -> set[str]:
        """What a packet may wait for now."""
        if row.identity == "review":
            return set() if one.was_known and not self.own.has_merged else {"review"}
        child = self.own.child(row.ssid)
        reasons = {"blocked"} if self.belief.is_flagged(child) else set()
        if one.kind == ASK:
            return reasons
        goal = self.goal(one, child)
        if not goal:
            reasons |= {"enrollment"}
        elif not self.world.key(goal):
            reasons |= {"receiver-key"}
        return reasons

    def may_be_refused(self, one: Sent, row: PacketRow, rows: dict[str, PacketRow]) -> bool:
        """Whether the machine agrees with the code."""
        about = rows.get(one.about)  # of a recall or an acknowledgement
        if one.kind == ASK and row.code in _OF_ASKING:
            return True  # which of them, was held against the belief of that moment
        codes = {
            "unknown-receiver": one.to == NOBODY,
            "not-allowed": self._is_not_for(one),
            "no-request": one.kind == TRANSCRIPT and not one.day,
            # found as the one whom the number stood for, just before the two were parted: then no student is named
            "not-your-student": not self.had(row, one.sender, all) or (self.own.has_merged and not row.ssid),
            "key-revoked": one.key.end == "revoked",
            "key-expired": one.key.expires <= self.world.services.clock(),
            "unknown-signer": one.key.end == "retired",
            "wrong-signer": one.key.end == "retired",
            "poison": one.deaths > 2,
            "recalled": self._is_recalled(row, rows),
            "replaced": one.kind in (RECORD, TRANSCRIPT) and self._is_replaced(one, row, rows),
            "collected-already": about is not None and (about.state == "COLLECTED" or about.tracking in self.own.taken),
            # what somebody says of a packet that it had is heard, wherever that is now
            "unknown-tracking": about is not None
            and (about.state in ("REFUSED", "APPLIED") or (one.kind == "recall" and one.sender != about.origin)),
            "unknown-document": about is not None and one.sender == UNIVERSITY and about.state == "REFUSED",
        }
        return codes.get(row.code, False)

    def _is_not_for(self, one: Sent) -> bool:
        """Whether no party of this kind is sent such a packet, or the sender names itself."""
        return one.to != UNIVERSITY if one.kind == TRANSCRIPT else one.to in (STATE, UNIVERSITY, one.sender)

    def _is_recalled(self, row: PacketRow, rows: dict[str, PacketRow]) -> bool:
        sent = self.own.sent.items()
        recalls = [rows[key] for key, two in sent if two.kind == "recall" and two.about == row.tracking]
        return any(by.state == "APPLIED" and by.origin == row.origin for by in recalls)

    def _is_replaced(self, one: Sent, row: PacketRow, rows: dict[str, PacketRow]) -> bool:
        later = [key for key in self.own.sent if key > row.tracking and key in self.books.ever]
        alike = [key for key in later if (self.own.sent[key].kind, self.own.sent[key].sender) == (one.kind, one.sender)]
        return any(self.is_same(rows[key].ssid, row.ssid) for key in alike)

    def is_same(self, one: str, two: str) -> bool:
        """Whether two numbers are one student's now."""
        return bool(one and two) and self.own.child(two) in self.belief.same(self.own.child(one))
