"""What must hold after each step: of each delivery, of each packet that moved, and of all books."""

from hypothesis.stateful import invariant

from broker.core.model import Sha256
from broker.core.transfer import LIVE
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.pgp import openpgp
from tests.support import audit
from tests.support.story.account import (
    ABOUT,
    ASK,
    BACKPACK,
    CHILDREN,
    LEAS,
    RECORD,
    TRANSCRIPT,
    UNIVERSITY,
    Sent,
    stand,
)
from tests.support.story.cases import Cases


class Checks(Cases):
    """The machine looks at the exchange, and holds it against what it believes."""

    is_sound = True
    dawned = ""

    @invariant()
    def look(self) -> None:
        """Take in what has happened, and hold it against what the machine believes."""
        self.is_sound = False
        rows = self.world.rows()
        self.books = audit.read(self.world.services.engine)
        self.follow(rows, self.books.delivered)
        self._follow_days()
        for tracking in sorted(self.books.delivered - self.own.delivered):
            self._check_delivered(rows[tracking])
        for tracking, row in rows.items():
            if tracking in self.own.sent and self.own.stood.get(tracking) != stand(row):
                self._check_moved(self.own.sent[tracking], row, rows)
        self._check_books(rows)
        self._check_requests(rows)
        self._check_inboxes(rows)
        self.check_cases(rows)
        self._remember(rows)
        bugs = [line for line in self.world.log.lines if line[0] == "error"]
        assert not bugs, bugs
        self.is_sound = True

    def _follow_days(self) -> None:
        """What was told ahead has come true once the sweeper has seen its day."""
        if self.dawned != self.world.dawn:
            for number in {self.belief.number(one) for one in self.belief.stands}:
                self.settle(number)
            self.dawned = self.world.dawn

    def _remember(self, rows: dict[str, PacketRow]) -> None:
        self.own.delivered = self.books.delivered
        self.own.stood = {tracking: stand(row) for tracking, row in rows.items()}
        today, children = self.world.today, range(len(CHILDREN))
        self.own.had = {(n, lea) for n in children for lea in LEAS if self.belief.was_at(n, lea, today)}
        for tracking, one in self.own.sent.items():
            if rows[tracking].state == "RECEIVED":
                one.was_known = self.belief.is_known(one.child)

    # deliveries

    def _check_delivered(self, row: PacketRow) -> None:
        """A packet about a student was delivered since the last look."""
        if row.type not in ABOUT:
            return
        self.own.got.append((row.tracking, row.receiver))
        child = self.own.child(row.ssid)
        what = (row.type, row.origin, row.receiver, self.belief.here(child, self.world.today))
        assert not self.belief.is_flagged(child), what
        assert self.belief.was_at(child, row.origin, self.world.today), what
        assert self.world.key(row.receiver), what
        {RECORD: self._check_record, BACKPACK: self._check_part, TRANSCRIPT: self._check_transcript}[row.type](
            row, child
        )

    def _check_record(self, row: PacketRow, child: int) -> None:
        one = self.own.sent[row.tracking]
        assert row.receiver == self.goal(one, child), (row, self.belief.stays(child))
        assert one.key.end != "revoked", one
        self.own.grounds[row.tracking] = "enrolls"
        asked = [case for case in self.cases(child) if case.state in LIVE]
        if row.state == "DELIVERED" and not self.own.has_merged:  # nobody is asked any more for what lies there
            assert (row.origin, row.receiver) not in [(case.source, case.destination) for case in asked], asked

    def _check_part(self, row: PacketRow, child: int) -> None:
        """What the record store holds goes where the student is, or to an LEA of the student's that asked for it."""
        is_there = self.belief.is_at(child, row.receiver, self.world.today)
        self.own.grounds[row.tracking] = "taught" if row.addressed_to and not is_there else "teaches"
        if not row.addressed_to:
            assert row.receiver == self.belief.here(child, self.world.today), row
            assert row.receiver != row.origin, row
            return
        assert self.belief.was_at(child, row.receiver, self.world.today), row
        asks = [one for one in self.own.sent.values() if one.kind == ASK and one.sender == row.receiver]
        wants = {one.status for one in asks if one.child in self.belief.same(child) or self.own.has_merged}
        assert wants & ({"parent-copy"} if row.receiver == row.origin else {"backpack", "parent-copy"}), (row, wants)

    def _check_transcript(self, row: PacketRow, _child: int) -> None:
        """It goes to the university that the student named, and there it can be opened: by nobody else."""
        one = self.own.sent[row.tracking]
        assert (row.receiver, one.to) == (UNIVERSITY, UNIVERSITY), row
        assert one.day, one
        assert one.key.end != "revoked", one
        self.own.grounds[row.tracking] = "student-request"
        for path in self.world.files(UNIVERSITY):
            if path.name.startswith(row.tracking):
                self._check_sealed(path.read_bytes(), row)

    def _check_sealed(self, sealed: bytes, row: PacketRow) -> None:
        key = self.world.key(UNIVERSITY)
        assert key is not None
        services, own = self.world.services, self.own.sent[row.tracking].key.lea.certificate
        secret = openpgp.load_secret(key.lea.secret)
        opened = openpgp.open_packet(
            sealed, secret, [own], services.settings.limits, services.clock(), lambda _: True
        ).content
        assert opened == self.world.opened(row.tracking, own)
        assert services.vault.read(Sha256(row.sha256)) != sealed

    # packets

    def _check_moved(self, one: Sent, row: PacketRow, rows: dict[str, PacketRow]) -> None:
        """A packet that the machine has sent stands elsewhere than at the last look."""
        if row.state == "REFUSED":
            assert self.may_be_refused(one, row, rows), (row.code, one, row)
        if row.state == "HELD" and row.held_for in ("enrollment", "blocked", "review"):
            assert row.held_for in self.reasons(one, row), (one, row.held_for, self.reasons(one, row))
        if row.state == "APPLIED" and one.kind == "recall":
            about = rows[one.about]
            assert about.code == "recalled" or about.type == BACKPACK, about
        if row.state == "APPLIED":
            assert one.kind not in (RECORD, TRANSCRIPT)
        if row.state == "APPLIED" and one.kind == BACKPACK:
            assert self.had(row, one.sender, any)

    # books

    def _check_books(self, rows: dict[str, PacketRow]) -> None:
        """Receipts and disclosure log account for each delivery one to one."""
        books = self.books
        about = {one for one in books.ever if rows[one].type in ABOUT}
        assert set(books.lines) == about
        assert all(len(books.lines[one]) == books.deliveries(one) for one in about)
        for tracking in about & books.delivered:
            row, line = rows[tracking], books.lines[tracking][-1]
            assert (line.party, line.source, line.what) == (row.receiver, row.origin, row.type), line
            # the log stays as it was written where two numbers are parted, and the packet goes back to the other one
            assert self.is_same(line.ssid, row.ssid) or self.own.has_merged, line
            assert line.ground == self.own.grounds[tracking], line
        for (tracking, before, after), count in books.moves.items():
            if after in ("DELIVERED", "COLLECTED") and before != after:
                again = books.moves[tracking, "DELIVERED", "HELD"] if after == "DELIVERED" else 0
                assert 1 <= count <= 1 + again, (rows[tracking], before, after)
        for tracking in books.delivered:
            packet = rows[tracking]
            for party in {packet.origin, packet.receiver} if packet.origin else ():  # notices have no receipts
                ends = [packet.origin, packet.receiver].count(party)  # who gets its own part for a parent is told twice
                if books.deliveries(tracking) == 1:
                    assert books.papers[tracking, party, "DELIVERED"] == ends, (packet, party)
                is_collected = int((tracking, "DELIVERED", "COLLECTED") in books.moves)
                assert books.papers[tracking, party, "COLLECTED"] >= is_collected, (packet, party)

    def _check_requests(self, rows: dict[str, PacketRow]) -> None:
        """Each request that has its answer is one line of the log; who may not ask gets no letter."""
        told = dict.fromkeys(LEAS, 0)
        for tracking, one in self.own.sent.items():
            row = rows[tracking]
            if one.kind != ASK or row.state not in ("APPLIED", "REFUSED"):
                assert tracking not in self.books.asked, row
                continue
            is_refused = row.code in ("not-your-student", "not-there-now", "not-there-yet", "name-the-ssid")
            if row.state == "APPLIED":
                assert self.books.asked.get(tracking) == ["allowed"], row
                told[one.sender] += one.status in ("parent-copy", "disclosures")
            elif is_refused:
                assert len(self.books.asked[tracking]) == 1, row
        for lea, count in told.items():
            letters = [row for row in rows.values() if row.type == "disclosures" and row.receiver == lea]
            assert len(letters) == count, (lea, count)

    def _check_inboxes(self, rows: dict[str, PacketRow]) -> None:
        """What lies in an inbox was delivered there, and is not taken back."""
        for lea in self.world.leas:
            for path in self.world.files(lea):
                row = rows[path.name.split(".")[0]]
                assert row.receiver == lea, row
                assert row.state in ("DELIVERED", "COLLECTED"), row
                assert row.tracking in self.books.delivered, row
