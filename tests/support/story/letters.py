"""How the machine writes what parties drop into their outboxes, and signs it."""

import uuid
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine

from broker.edge.ledger.packets.rows import PacketRow
from broker.formats.transcript.record import Facts, from_record
from tests.support import acknowledgments, desk, documents
from tests.support.belief import Belief
from tests.support.story.account import ASK, CHILDREN, ENROLL, KINDS, RECORD, TRANSCRIPT, UNIVERSITY, Account, Sent
from tests.support.told import Report
from tests.support.world import Key, World

_LINE = {
    "school_year": 2026,
    "term": "S1",
    "title": "Biology",
    "course_code": "3010",
    "credits_earned": 0.5,
    "mark": "A",
}


def _line(child: int, report: Report) -> dict[str, Any]:
    told = {"student": CHILDREN[child], "school": report.school, "event": report.event, "date": str(report.day)}
    return told | ({} if report.dual is None else {"dual": report.dual})


class Letters(RuleBasedStateMachine):
    """The machine's world, what it believes of it, and its pen."""

    server = ""  # a PostgreSQL server's URL; '' for SQLite

    def __init__(self) -> None:
        super().__init__()
        self.world, self.belief, self.own = World(KINDS, self.server), Belief(), Account()

    def key(self, party: str) -> Key:
        """The key with which the party signs now."""
        key = self.world.key(party)
        assert key is not None
        return key

    def can_send(self, party: str) -> bool:
        """Whether it has such a key."""
        return self.world.key(party) is not None

    def row(self, tracking: str) -> PacketRow:
        """The packet now."""
        return self.world.row(tracking)

    def drop(self, one: Sent) -> str:
        """Put this into its sender's outbox; the packet's tracking id."""
        self.world.seal_with(one.key)
        tracking = self.world.drop(one.sender, self._document(one))
        self.own.sent[tracking] = one
        return tracking

    def _document(self, one: Sent) -> dict[str, Any] | bytes:
        if one.kind == ENROLL:
            lines = [_line(one.child, report) for report in one.reports]
            return documents.enrollment(0, **{"from": one.sender, "students": lines})
        if one.kind == "recall":
            return documents.recall(**{"from": one.sender, "tracking": one.about})
        if one.kind == "acknowledgement":
            return self._acknowledgement(one)
        if one.kind == ASK:
            about_whom = {"student": CHILDREN[one.child], "want": one.status}
            return documents.record_request(**({"from": one.sender} | about_whom))
        if one.kind == TRANSCRIPT:
            return self._transcript(one)
        to = {"to": one.to} if one.to else {}
        if one.kind == RECORD:
            return desk.record(one.sender, CHILDREN[one.child], **to)
        created = self.world.services.clock().isoformat(timespec="seconds")
        about_whom = {"student": CHILDREN[one.child], "mode": one.status, "created": created}
        return documents.backpack(**({"from": one.sender} | about_whom))

    def _acknowledgement(self, one: Sent) -> dict[str, Any] | bytes:
        """A university's program knows the document's id, and speaks PESC."""
        if one.sender == UNIVERSITY:
            answer = "Rejected" if one.status == "rejected" else "Accepted"
            note = f"<NoteMessage>{uuid.uuid4()}</NoteMessage>"  # like no other one
            document = self.row(one.about).packet_id.replace("-", "")
            return acknowledgments.functional(answer, note, document).replace(b"uofu", UNIVERSITY.encode())
        code = {"code": "cannot-read"} if one.status == "rejected" else {}
        about = {"tracking": one.about, "status": one.status}
        return documents.acknowledgement(**({"from": one.sender} | about | code))

    def _transcript(self, one: Sent) -> dict[str, Any]:
        """`day` is when the student asked for it, '' where nobody did."""
        student = CHILDREN[one.child] | {"ssid": self.own.ssids[one.child]}
        record = desk.record(one.sender, student, record={"course_history": [_LINE]})
        request = {"by": "student"} | ({"on": one.day} if one.day else {})
        created = self.world.services.clock().isoformat(timespec="seconds")
        header = {"id": str(uuid.uuid4()), "to": one.to, "created": created, "request": request}
        return from_record(record, header, Facts(terms={"S1": 1})).document
