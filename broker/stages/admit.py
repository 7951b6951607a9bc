"""admit: a RECEIVED packet is opened, checked and understood; it becomes ADMITTED, APPLIED, DUPLICATE or REFUSED.

Contract: everything that needs plaintext happens here, once, in memory. Order: open and verify the signer (only keys of
the LEA whose folder it came from), parse strictly, check the schema, check `from` and what this party may send, find
the student. Types that end here are carried out in the very transaction that admits them.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from broker.core.errors import Refused
from broker.core.flow import Stage
from broker.core.model import Document, State
from broker.core.routing import check_receiver, check_sender
from broker.edge import openpgp
from broker.edge.ledger import directory, packets, registry
from broker.edge.ledger.engine import reading
from broker.edge.ledger.rows import Move, PacketRow, Step
from broker.formats import canonical
from broker.formats.documents import to_document, to_student
from broker.identity import first
from broker.stages import apply
from broker.stages.batch import Plan, move
from broker.stages.batch import run as run_batch
from broker.stages.services import Services
from handlers.base import Handler
from handlers.registry import handler_of


def run(services: Services, ids: Sequence[str]) -> None:
    """Admit these packets."""
    run_batch(services, Plan(Stage.ADMIT, _work), ids)


def _open(services: Services, row: PacketRow) -> openpgp.Opened:
    with reading(services.engine) as connection:
        certificates = directory.certificates_of(connection, row.origin)

        def is_known(key_id: str) -> bool:
            return directory.owner_of(connection, key_id) is not None

        sealed = services.vault.read(row.sha256)
        limits = services.settings.limits
        return openpgp.open_packet(sealed, services.key, certificates, limits, services.clock(), is_known)


def _understand(services: Services, row: PacketRow, content: bytes) -> tuple[Document, Handler]:
    limits = services.settings.limits
    parsed = canonical.parse(content, limits.json_depth)
    services.contracts.check(parsed, limits.schema_errors)
    document = to_document(parsed)
    if document.sender != row.origin:
        raise Refused("from-mismatch", "/from")
    handler = handler_of(document.type)
    with reading(services.engine) as connection:
        sender = directory.party(connection, row.origin)
        if sender is None:
            raise Refused("from-mismatch", "/from")
        check_sender(sender.kind, handler.senders)
        if document.receiver:
            party = directory.party(connection, document.receiver)
            check_receiver(row.origin, document.receiver, party.kind if party else None, handler.receivers)
    return document, handler


def _work(services: Services, row: PacketRow) -> Move:
    opened = _open(services, row)
    document, handler = _understand(services, row, opened.content)
    known = replace(
        row,
        state=State.ADMITTED,
        type=document.type,
        packet_id=document.id,
        addressed_to=document.receiver or "",
        signer=opened.signer,
    )
    digest = services.digest(opened.content)
    if handler.ends_here:
        return _ending_here(services, row, known, document, digest)
    return _travelling(services, row, known, document, handler, digest)


def _once(services: Services, connection: Connection, planned: Move, digest: str) -> Move:
    """The planned move when the document's id is new; DUPLICATE for the same document sealed again."""
    first_tracking, first_digest = packets.remember_id(connection, planned.row, planned.new.packet_id, digest)
    if first_tracking == planned.row.tracking:
        return planned
    if first_digest != digest:
        raise Refused("replayed-id", "/id")
    again = replace(planned.new, state=State.DUPLICATE, duplicate_of=first_tracking, receipts=planned.row.receipts)
    origin = planned.row.origin
    return move(services, planned.row, again, [Step(State.DUPLICATE)], [(origin, State.DUPLICATE)])


def _travelling(
    services: Services, row: PacketRow, known: PacketRow, document: Document, handler: Handler, digest: str
) -> Move:
    finding = first.Finding(first.Answer.NONE)
    if handler.needs_student:
        with reading(services.engine) as connection:
            finding = first.find(connection, to_student(document.body["student"]))
        is_match = finding.answer is first.Answer.MATCH
        known = replace(known, ssid=finding.ssid or "", identity="match" if is_match else "review")
    planned = move(services, row, known, [Step(State.ADMITTED)], [(row.origin, State.ADMITTED)])

    def effect(connection: Connection) -> Move:
        final = _once(services, connection, planned, digest)
        if final is planned and known.identity == "review":
            now = services.clock().timestamp()
            registry.open_review(connection, row.tracking, -1, finding.candidates, now)
        return final

    return replace(planned, effect=effect)


def _ending_here(services: Services, row: PacketRow, known: PacketRow, document: Document, digest: str) -> Move:
    applied = replace(known, state=State.APPLIED)
    steps = [Step(State.ADMITTED), Step(State.APPLIED)]
    planned = move(services, row, applied, steps, [(row.origin, State.ADMITTED), (row.origin, State.APPLIED)])

    def effect(connection: Connection) -> Move:
        final = _once(services, connection, planned, digest)
        if final is planned:
            apply.APPLY[document.type](services, connection, row, document)
        return final

    return replace(planned, effect=effect)
