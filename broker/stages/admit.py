"""admit: a RECEIVED packet is opened, checked and understood; it becomes ADMITTED, APPLIED, DUPLICATE or REFUSED.

Contract: everything that needs plaintext happens here, once, in memory. Order: open and verify the signer (only keys of
the LEA whose folder it came from), parse strictly, check the schema, check `from` and what this party may send, find
the student. What was not sealed at all is not kept. Types that end here are carried out in the very transaction that
admits them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from broker.core.codes import NOT_KEPT
from broker.core.errors import Deferred, Refused
from broker.core.flow import Stage
from broker.core.model import Document, PacketType, State, Student, TrackingId
from broker.core.review import OWN_STUDENT
from broker.core.routing import check_receiver, check_sender
from broker.edge import openpgp
from broker.edge.ledger import epoch, flags
from broker.edge.ledger.rows import Move, PacketRow, Step
from broker.formats import reading, request
from broker.formats.documents import to_document, to_student
from broker.identity import match
from broker.identity.answer import Answer
from broker.stages import apply, own_students, review
from broker.stages.batch import Plan, move
from broker.stages.batch import run as run_batch
from broker.stages.forget import forget
from broker.stages.look import Letter, Look
from broker.stages.services import Services
from broker.stages.watch import Watch
from broker.stages.whereto import may_come
from handlers.alert_notice import Kind
from handlers.backpack import slip_of
from handlers.base import Handler
from handlers.registry import handler_of


def run(services: Services, ids: Sequence[str]) -> None:
    """Admit these packets."""
    run_batch(services, [PLAN], ids)


def _forget(services: Services, moved: Sequence[Move]) -> None:
    """What came in the clear is not kept; the sender, who was told so, has it still."""
    forget(services, [one.row.sha256 for one in moved if one.new.code in NOT_KEPT])


def _open(services: Services, look: Look, row: PacketRow) -> openpgp.Opened:
    sealed = services.vault.read(row.sha256)
    limits = services.settings.limits
    opened = openpgp.open_packet(
        sealed, services.key, look.certificates(row.origin), limits, services.clock(), look.is_known
    )
    look.letter = Letter(row.tracking, sealed, opened.session)
    return opened


def _understand(services: Services, look: Look, row: PacketRow, content: bytes) -> tuple[Document, Handler]:
    settings = services.settings
    document = to_document(
        reading.read(content, row.source_name, row.origin, settings.limits, services.contracts, settings.identity)
    )
    if document.sender != row.origin:
        raise Refused("from-mismatch", "/from")
    if document.type is PacketType.TRANSCRIPT:
        days = settings.transcripts.request_days
        request.check_day(document.body, services.clock(), settings.identity.tzinfo, days)
    handler = handler_of(document.type)
    sender = look.party(row.origin)
    if sender is None:
        raise Refused("from-mismatch", "/from")
    check_sender(sender.kind, handler.senders)
    if document.receiver:
        party = look.party(document.receiver)
        check_receiver(row.origin, document.receiver, party.kind if party else None, handler.receivers)
    return document, handler


def _work(services: Services, look: Look, row: PacketRow) -> Move:
    opened = _open(services, look, row)
    document, handler = _understand(services, look, row, opened.content)
    if handler.is_kept:
        look.slips[row.tracking] = slip_of(document)
    known: dict[str, Any] = {
        "type": document.type,
        "packet_id": document.id,
        "addressed_to": document.receiver or "",
        "signer": opened.signing_key,
    }
    planned = (
        _ending_here(services, row, known, document)
        if handler.ends_here
        else _travelling(services, look, row, known, document, handler)
    )
    return replace(planned, document=(document.id, services.digest(opened.content)))


def _travelling(
    services: Services, look: Look, row: PacketRow, known: dict[str, Any], document: Document, handler: Handler
) -> Move:
    admitted = row._replace(state=State.ADMITTED, **known)
    planned = move(services, row, admitted, [Step(State.ADMITTED)], [(row.origin, State.ADMITTED)])
    if not handler.needs_student:
        return planned
    student = to_student(document.body["student"])
    whole, finding = own_students.find(services, look, row, student)
    look.named[row.tracking], look.meant[row.tracking] = _numbers(student, whole), whole.ssid or ""
    if finding.answer is Answer.MATCH:
        look.students[row.tracking] = student
        return replace(planned, new=_about(admitted, finding))

    def effect(connection: Connection) -> Move:
        """Who was not there a moment ago may be registered by now, by an enrollment of the same batch."""
        whole, again = own_students.find_now(services, connection, row, student)
        if again.answer is Answer.NONE and may_come(connection, row):
            raise Deferred("an enrollment of the same hour may still be on its way")
        look.named[row.tracking], look.meant[row.tracking] = _numbers(student, whole), whole.ssid or ""
        if not again.candidates:
            return own_students.refuse_stranger(services, connection, row._replace(**known), student, whole)
        new = _about(admitted, again)
        if again.answer is not Answer.MATCH:
            subject = {"student": document.body["student"]}
            review.open_review(services, connection, new, OWN_STUDENT, subject, again.candidates)
            review.ask(services, connection, new)
        return replace(planned, new=new)

    return replace(planned, effect=effect)


def _settle(services: Services, connection: Connection, look: Look, planned: Sequence[Move]) -> list[Move]:
    """Packets whose student is still the one whom the round found: two numbers may have become one meanwhile, or two
    again. Another one is left to its next turn."""
    found = {one.row.tracking: look.students[one.row.tracking] for one in planned if one.row.tracking in look.students}
    if not found or epoch.settle(connection) == look.epoch:
        return list(planned)
    return [one for one in planned if one.row.tracking not in found or _is_still(services, connection, one, found)]


def _is_still(services: Services, connection: Connection, one: Move, found: Mapping[TrackingId, Student]) -> bool:
    _, again = own_students.find_now(services, connection, one.row, found[one.row.tracking])
    return again.answer is Answer.MATCH and again.ssid == one.new.ssid


def _numbers(student: Student, finding: match.Finding) -> list[str]:
    """Whom a packet may be about, and the number that it names."""
    return [*(one.ssid for one in finding.candidates), *([student.ssid] if student.ssid else [])]


def _note(services: Services, connection: Connection, look: Look, moved: Sequence[Move]) -> None:
    """The state hears of each packet that is, or may be, about a flagged student, whatever becomes of it."""
    fresh = [one for one in moved if one.row.tracking in look.named and one.new.state is not State.DUPLICATE]
    flagged = flags.numbers(connection) if fresh else {}
    for one in fresh if flagged else ():
        watch = Watch(services, connection, one.new, flagged)
        watch.saw(look.named[one.row.tracking])
        watch.saw([one.new.ssid, look.meant[one.row.tracking]], Kind.PACKET)
        watch.tell()


def _about(row: PacketRow, finding: match.Finding) -> PacketRow:
    """The packet with whom it is about, or that a person must say so."""
    is_match = finding.answer is Answer.MATCH
    return row._replace(ssid=finding.ssid or "", identity="match" if is_match else "review")


def _ending_here(services: Services, row: PacketRow, known: dict[str, Any], document: Document) -> Move:
    steps = [Step(State.ADMITTED), Step(State.APPLIED)]
    told = [(row.origin, State.ADMITTED), (row.origin, State.APPLIED)]
    planned = move(services, row, row._replace(state=State.APPLIED, **known), steps, told)

    def effect(connection: Connection) -> Move:
        return apply.APPLY[document.type](services, connection, row._replace(**known), document) or planned

    return replace(planned, effect=effect)


PLAN = Plan(Stage.ADMIT, _work, _settle, _note, after=_forget)
