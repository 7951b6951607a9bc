"""admit: a RECEIVED packet is opened, checked and understood; it becomes ADMITTED, APPLIED, DUPLICATE or REFUSED.

Contract: everything that needs plaintext happens here, in memory, and once: a packet is opened again only where numbers
of students were merged or parted since it was admitted (`broker.students.rematch`). Order: the reader opens the
packet and verifies the signer (only keys of the LEA whose folder it came from), parses strictly and checks the schema;
then `from` and what this party may send are checked, and the student is found. A file that was not sealed is not kept.
Types that end here are carried out in the same transaction that admits them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from broker.core.access import Deny, judge, role_of
from broker.core.codes import NOT_KEPT
from broker.core.errors import Deferred, Refused
from broker.core.flow import Stage
from broker.core.lanes import BULK
from broker.core.model import Document, State, Student, TrackingId
from broker.core.parties.nearly import own_id
from broker.core.review import OWN_STUDENT
from broker.core.routing import check_receiver, check_sender
from broker.edge.ledger import epoch
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets import slices
from broker.edge.ledger.packets.rows import Move, PacketRow, Step
from broker.edge.ledger.people import flags, reviews
from broker.formats.documents import to_document, to_student
from broker.formats.opening import Read
from broker.formats.transcript import request
from broker.identity import match
from broker.identity.answer import Answer
from broker.notices.alert import Kind
from broker.oversight.watch import Watch
from broker.packets.batch import Plan
from broker.packets.batch import run as run_batch
from broker.packets.destination import may_come
from broker.packets.opening import opened
from broker.packets.outcome import move
from broker.packets.purge_unsealed import purge_contents
from broker.packets.round import RoundFacts
from broker.packets.services import Services
from broker.stages.applied import planning
from broker.students import broken_off, corrected, own, question
from handlers.backpack import slip_of
from handlers.base import Handler
from handlers.registry import handler_of


def run(services: Services, ids: Sequence[str]) -> None:
    """Admit these packets."""
    run_batch(services, [PLAN], ids)


def _purge_refused(services: Services, moved: Sequence[Move]) -> None:
    """Remove contents that came in the clear; their sender is told so, and still has them."""
    purge_contents(services, [one.row.sha256 for one in moved if one.new.code in NOT_KEPT])


def _understand(services: Services, facts: RoundFacts, row: PacketRow, found: Read) -> tuple[Document, Handler]:
    settings = services.settings
    document = to_document(found.document)
    if document.sender != row.origin:
        raise Refused("from-mismatch", "/from", own_id(document.sender, row.origin))
    handler = handler_of(document.type)
    if handler.needs_request:
        request.check_day(document.body, services.clock(), settings.time, settings.transcripts.request_days)
    sender = facts.party(row.origin)
    if sender is None:
        raise Refused("from-mismatch", "/from")
    check_sender(sender.kind, handler.senders)
    if handler.reports and isinstance(judge(role_of(sender.kind, None, row.origin), handler.reports), Deny):
        raise Refused("not-allowed", "/packet")
    if document.receiver:
        party = facts.party(document.receiver)
        if party is None:
            raise Refused("unknown-receiver", "/to", facts.meant_by(document.receiver))
        check_receiver(row.origin, document.receiver, party.kind, handler.receivers)
    return document, handler


def _work(services: Services, facts: RoundFacts, row: PacketRow) -> Move:
    found = opened(services, facts, row)
    document, handler = _understand(services, facts, row, found)
    if handler.is_kept:
        facts.slips[row.tracking] = slip_of(document)
    known: dict[str, Any] = {
        "type": document.type,
        "packet_id": document.id,
        "addressed_to": document.receiver or "",
        "signer": found.signing_key,
        "lane": min(row.lane, BULK),  # a packet that was costly to read is like any other from here on
    }
    brought = (document.id, found.digest)
    if handler.ends_here:
        return _ending_here(services, row, known, document, brought)
    return replace(_travelling(services, facts, row, known, document, handler), document=brought)


def _travelling(
    services: Services, facts: RoundFacts, row: PacketRow, known: dict[str, Any], document: Document, handler: Handler
) -> Move:
    admitted = row._replace(state=State.ADMITTED, **known)
    planned = move(services, row, admitted, [Step(State.ADMITTED)], [(row.origin, State.ADMITTED)])
    if not handler.needs_student:
        return planned
    student = to_student(document.body["student"])
    whole, finding = own.find(services, facts, row, student)
    facts.named[row.tracking], facts.meant[row.tracking] = _numbers(student, whole), whole.ssid or ""
    if finding.answer is Answer.MATCH:
        facts.students[row.tracking] = student
        return replace(planned, new=_about(admitted, finding))

    def effect(connection: Writing) -> Move:
        """Find the student again: an enrollment of the same batch may have registered the student since."""
        whole, again = own.find_now(services, connection, row, student)
        if again.answer is Answer.NONE and may_come(connection, row):
            raise Deferred("an enrollment of the same hour may still be on its way")
        facts.named[row.tracking], facts.meant[row.tracking] = _numbers(student, whole), whole.ssid or ""
        if not again.candidates:
            return own.refuse_stranger(services, connection, row._replace(**known), student, whole)
        new = _about(admitted, again)
        if again.answer is not Answer.MATCH:
            subject = {"student": document.body["student"]}
            question.open_review(services, connection, new, OWN_STUDENT, subject, again.candidates)
            question.ask(services, connection, new)
        else:
            facts.students[row.tracking] = student
        return replace(planned, new=new)

    return replace(planned, effect=effect, lines=1)


def _settle(services: Services, connection: Writing, facts: RoundFacts, planned: Sequence[Move]) -> list[Move]:
    """The moves of packets whose student is still the one that the round found: numbers may have been merged or parted
    meanwhile. The others are left to their next turn."""
    found = {
        one.row.tracking: facts.students[one.row.tracking] for one in planned if one.row.tracking in facts.students
    }
    if not found or epoch.settle(connection) == facts.epoch:
        return list(planned)
    return [one for one in planned if one.row.tracking not in found or _is_still(services, connection, one, found)]


def _is_still(services: Services, connection: Reading, one: Move, found: Mapping[TrackingId, Student]) -> bool:
    _, again = own.find_now(services, connection, one.row, found[one.row.tracking])
    return again.answer is Answer.MATCH and again.ssid == one.new.ssid


def _numbers(student: Student, finding: match.Finding) -> list[str]:
    """The SSIDs of the students that a packet may be about, and the SSID that it names."""
    return [*(one.ssid for one in finding.candidates), *([student.ssid] if student.ssid else [])]


def _note(services: Services, connection: Writing, facts: RoundFacts, moved: Sequence[Move]) -> None:
    """Write what follows from the moves. The state is told of each packet that is, or may be, about a flagged student,
    whatever its outcome. Begun work on refused packets and duplicates is ended. A packet that waited for a decision on
    its student, and was sent again, waits no longer."""
    live = [one.new for one in moved if one.new.state not in (State.DUPLICATE, State.REFUSED)]
    for one in moved:
        if one.new.state in (State.REFUSED, State.DUPLICATE):
            broken_off.end(services, connection, one.new)
    named = [(row, facts.students[row.tracking]) for row in live if row.tracking in facts.students]
    corrected.by_packets(services, connection, named)
    fresh = [one for one in moved if one.row.tracking in facts.named and one.new.state is not State.DUPLICATE]
    flagged = flags.numbers(connection) if fresh else {}
    for one in fresh if flagged else ():
        watch = Watch(services, connection, one.new, flagged)
        watch.saw(facts.named[one.row.tracking])
        watch.saw([one.new.ssid, facts.meant[one.row.tracking]], Kind.PACKET)
        watch.tell()


def _reaches(connection: Reading, facts: RoundFacts, planned: Sequence[Move]) -> bool:
    """Whether `_note` may change students: where lines were begun, or the sender has open questions that a packet about
    a student may settle. On SQLite nobody else writes meanwhile, and nothing need be taken first."""
    if connection.dialect.name == "sqlite":
        return False
    asked = {one.row.origin for one in planned if one.row.tracking in facts.students}
    if any(reviews.is_any(connection, lea) for lea in sorted(asked)):
        return True
    return slices.is_begun(connection, *(one.row.tracking for one in planned))


def _about(row: PacketRow, finding: match.Finding) -> PacketRow:
    """The packet with its student, or with the mark that a person must decide."""
    is_match = finding.answer is Answer.MATCH
    return row._replace(ssid=finding.ssid or "", identity="match" if is_match else "review")


def _ending_here(
    services: Services, row: PacketRow, known: dict[str, Any], document: Document, brought: tuple[str, str]
) -> Move:
    steps = [Step(State.ADMITTED), Step(State.APPLIED)]
    told = [(row.origin, State.ADMITTED), (row.origin, State.APPLIED)]
    done = move(services, row, row._replace(state=State.APPLIED, **known), steps, told)
    return planning.planned(services, row._replace(**known), document, replace(done, document=brought))


PLAN = Plan(Stage.ADMIT, _work, _settle, _note, _reaches, after=_purge_refused)
