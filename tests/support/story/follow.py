"""How the machine comes to believe what has happened: by what it sent itself, once this was carried out."""

from broker.edge.ledger.packets.rows import PacketRow
from tests.support import audit
from tests.support.story.account import ASK, ENROLL, FINAL, RECORD, Sent
from tests.support.story.letters import Letters

_OF_KEYS = {"key-revoked", "key-expired", "unknown-signer", "wrong-signer", "poison"}


class Follower(Letters):
    """Takes in what came of the packets, in the order in which they were worked."""

    def follow(self, rows: dict[str, PacketRow], delivered: set[str]) -> None:
        """What was carried out since the last look; `delivered` is every packet that ever was, and is not held back."""
        ended = [rows[one] for one in self.own.sent.keys() - self.own.settled if rows[one].state in FINAL]
        for row in sorted(ended, key=self._turn):
            self.own.settled.add(row.tracking)
            self._settled(self.own.sent[row.tracking], row, rows)
        self._follow_decisions()
        self._follow_records(rows, delivered)

    def _turn(self, row: PacketRow) -> tuple[float, bool, str]:
        """A round commits once, and what moves students goes first in it; a packet on which a worker died is worked
        alone, after those that came with it."""
        return row.updated_at, self.own.sent[row.tracking].kind != ENROLL, row.tracking

    def settle(self, child: int) -> None:
        """Something was told of the student, or a day has come: what is asked for is made right."""
        self.belief.settle(child, self.world.today)

    def _settled(self, one: Sent, row: PacketRow, rows: dict[str, PacketRow]) -> None:
        if one.kind == ASK and row.code not in _OF_KEYS:
            self._asked(one, row)
        elif row.state == "REFUSED":
            return
        elif one.kind == ENROLL:
            self._enrolled(one, row.tracking)
        elif one.kind == "recall":
            self._gone(rows[one.about])
        elif one.kind == "acknowledgement" and rows[one.about].receiver == one.sender:  # else it has it no more
            self._acknowledged(one, rows[one.about])

    def _acknowledged(self, one: Sent, about: PacketRow) -> None:
        """The same said again changes nothing."""
        is_news = self.own.said.get(one.about) != one.status
        self.own.said[one.about] = one.status
        if is_news and one.status == "rejected" and about.type == RECORD:
            self.belief.collected(one.about)
            self._gone(about)

    def _gone(self, about: PacketRow) -> None:
        if about.type == RECORD and about.ssid:
            child = self.own.child(about.ssid)
            self.belief.not_there(child, about.tracking, self.world.today)

    def _enrolled(self, one: Sent, tracking: str) -> None:
        if audit.is_asked(self.world.services.engine, tracking):
            assert self.own.has_merged, one  # a twin's name may be too little
            self.own.asked[tracking] = one
            return
        is_new = not self.belief.is_known(one.child)
        self.belief.tell(one.child, one.reports, self.world.today)
        if is_new and self.belief.is_known(one.child):
            self.own.ssids[one.child] = audit.given(self.world.services.engine, tracking)
        self.settle(one.child)

    def _follow_decisions(self) -> None:
        """A line that named too little is carried out when a later one tells whom both are about."""
        for tracking, one in list(self.own.asked.items()):
            ssid = audit.decided(self.world.services.engine, tracking)
            if ssid is not None:
                del self.own.asked[tracking]
            if ssid:
                self.belief.tell(self.own.child(ssid), one.reports, self.world.today)
                self.settle(self.own.child(ssid))

    def _asked(self, one: Sent, row: PacketRow) -> None:
        """A request has its answer: the very one that the asking LEA is entitled to."""
        if self.own.has_merged and row.code in ("name-the-ssid", "not-your-student"):
            return  # a twin's name may be too little
        if one.status == "record":
            self.belief.ask(one.child, one.sender, self.world.today)
        expected = self._answer(one)
        assert row.code in expected, (one, row.code, expected)
        assert (row.state == "APPLIED") is (not row.code), row

    def _answer(self, one: Sent) -> set[str]:
        """The code of the refusal, '' for none."""
        child, lea, today = one.child, one.sender, self.world.today
        if self.belief.is_to_come(child, lea, today):
            return {"not-there-yet"}
        if not self.belief.was_at(child, lea, today):
            return {"not-your-student"}
        if one.status == "backpack":
            return {"", "nothing-held"}
        if one.status != "record":
            return {""}
        if not self.belief.is_at(child, lea, today):
            return {"not-there-now"}
        if any(asked.destination == lea and asked.state == "waiting" for asked in self.belief.askings(child)):
            return {""}
        return {"nobody-to-ask"}

    def _follow_records(self, rows: dict[str, PacketRow], delivered: set[str]) -> None:
        """Records came into inboxes, and left them."""
        about = [row for row in rows.values() if row.type == RECORD]
        fresh = [row for row in about if row.tracking in delivered - self.own.delivered]
        for row in about:
            if row.tracking in self.own.delivered - delivered:
                self._gone(row)  # the state has flagged the student
        for row in about:
            is_away = row.code == "replaced" and self.own.stood.get(row.tracking, ("",))[0] == "DELIVERED"
            if is_away and any(one.replaces == row.tracking and one.receiver == row.receiver for one in fresh):
                self.belief.replaced(row.tracking)
            elif is_away:
                self._gone(row)
        for row in fresh:
            self.own.said.pop(row.tracking, None)  # of an earlier delivery
            if row.state in ("DELIVERED", "COLLECTED"):
                self.belief.delivered(self.own.child(row.ssid), row.origin, row.receiver, row.tracking)
        for row in about:
            if row.state == "COLLECTED":
                self.belief.collected(row.tracking)
