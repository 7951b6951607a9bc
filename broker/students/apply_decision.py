"""apply decision: what a person has decided is carried out: the packet goes on, or the line is settled.

Contract: called by `decide` and `corrected` within their transaction, once for a question. What it changed of a student
is handed back with the question's subject, under `done`, so that it can be taken back. A number that a decision before
on the same question had given, and that was taken back since (`given`), is used again for this student and for nobody
else.
"""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from broker.core.errors import Deferred, Refused
from broker.core.model import HeldFor, Ssid, State, Student
from broker.core.review import OWN_STUDENT, By, Choice, Verb
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets import moves
from broker.edge.ledger.packets.rows import Move, PacketRow, Step
from broker.edge.ledger.people import changes, reviews
from broker.edge.ledger.people.changes import Changes
from broker.edge.ledger.people.registry import Source
from broker.edge.ledger.people.reviews import Review
from broker.formats.documents import to_student
from broker.identity import registrar, ssid, withdrawn
from broker.notices.answers import Answer, Outcome
from broker.packets.outcome import refuse
from broker.packets.services import Services
from broker.students import enroll, lessons, opt_outs
from broker.students.line_request import LineRequest
from broker.transfers import cases
from handlers.registry import TRAVELS

GIVEN, DONE = "given", "done"


@dataclass(frozen=True, slots=True, repr=False)
class AppliedDecision:
    """What was done: the number ('' for none), and the question's subject with what can be taken back. Repr hidden."""

    ssid: str
    subject: Mapping[str, Any]


def close(
    services: Services,
    connection: Writing,
    row: PacketRow,
    found: Review,
    choice: Choice,
    by: By,
    *,
    is_lea: bool = False,
) -> AppliedDecision:
    """Carry out what is decided of this question of the packet `row`, by its LEA or by the state, and close it."""
    carry_out = packet if found.line == OWN_STUDENT else line
    done = carry_out(services, connection, row, found, choice, by)
    now = services.clock().timestamp()
    reviews.decided(connection, found, choice.verb, done.ssid, by.who, by.why, now)
    reviews.change(connection, replace(found, subject=done.subject, closed_at=now))
    lessons.teach(services, connection, found, choice.verb, done.ssid, is_lea=is_lea)
    if done.ssid:  # two numbers may have become one
        cases.reconcile(services, connection, [done.ssid], cause=found.tracking)
    return done


def has_merged(done: AppliedDecision) -> bool:
    """Whether two numbers became one."""
    return "merged" in done.subject.get(DONE, {})


def check_waits(row: PacketRow) -> None:
    """The packet must still wait for the decision. Raises Deferred, Refused("already-decided")."""
    if row.state is State.ADMITTED:
        raise Deferred("the packet is about to be held")
    if row.state is not State.HELD:
        raise Refused("already-decided")


def packet(
    services: Services, connection: Writing, row: PacketRow, found: Review, choice: Choice, by: By
) -> AppliedDecision:
    """The packet's own student is known now: it goes on at route; or it is withdrawn, and refused."""
    now = services.clock().timestamp()
    if choice.verb is Verb.NONE:
        moves.advance(connection, [refuse(services, row, Refused("withdrawn"))], now)
        return AppliedDecision("", {})
    sent = to_student(found.subject["student"])
    number, undo = _number(services, connection, row, found, choice, by, sent)
    before = changes.snapshot(connection, number)
    names = Student(legal_name=sent.legal_name, birth_date=sent.birth_date, aliases=sent.aliases)
    source = Source(row.origin, row.tracking, now)
    registrar.learn(connection, services.model, number, names, source, services.settings.told)
    after = changes.snapshot(connection, number)
    new = row._replace(state=State.ADMITTED, held_for="", ssid=number, identity="match")
    moves.advance(connection, [Move(row, new, (Step(State.ADMITTED, HeldFor.REVIEW),))], now)
    return _done(found, number, undo | {"changes": asdict(changes.between(number, before, after))})


def line(
    services: Services, connection: Writing, row: PacketRow, found: Review, choice: Choice, by: By
) -> AppliedDecision:
    """The line is carried out as that of this student, or of a new one; or it is withdrawn. The LEA is told."""
    if not found.subject:
        return AppliedDecision("", {})
    request = LineRequest.from_json({name: value for name, value in found.subject.items() if name not in (GIVEN, DONE)})
    if choice.verb is Verb.NONE:
        told = Answer(request.line, Outcome.REFUSED, None, "withdrawn")
        enroll.tell(services, connection, row, request.form, [(enroll.sent(request), told)])
        return _done(found, "", {})
    if choice.verb is Verb.NEW and GIVEN not in found.subject:
        answered = enroll.settle_as(services, connection, row, request, None)
        opt_outs.record(services, connection, row, [(request, answered)])
        return _done(found, answered.ssid or "", _of_new(connection, answered.ssid))
    number, undo = _number(services, connection, row, found, choice, by, request.student)
    before = changes.snapshot(connection, number)
    answered = enroll.settle_as(services, connection, row, request, number)
    opt_outs.record(services, connection, row, [(request, answered)])
    after = changes.snapshot(connection, number)
    return _done(found, number, undo | {"changes": asdict(changes.between(number, before, after))})


def _of_new(connection: Reading, number: Ssid | None) -> dict[str, Any]:
    """Of a number that was just given: it, and its locations."""
    if number is None:
        return {}
    places = sorted(changes.snapshot(connection, number).places)
    return {"number": number, "changes": asdict(Changes(number, places_new=places))}


def _done(found: Review, number: str, undo: Mapping[str, Any]) -> AppliedDecision:
    return AppliedDecision(number, {**found.subject, DONE: undo})


def _number(
    services: Services,
    connection: Writing,
    row: PacketRow,
    found: Review,
    choice: Choice,
    by: By,
    sent: Student,
) -> tuple[Ssid, dict[str, str]]:
    """The student's number, and what of it is to be taken back with the decision: a `number` that was given, or one
    that was `merged` into the candidate's because the LEA may use it still."""
    now, given = services.clock(), found.subject.get(GIVEN)
    if given:
        withdrawn.give_back(connection, services.model, given)
    if choice.ssid and given:
        today = services.today()
        registrar.merge(connection, services.model, choice.ssid, given, by.who, by.why, now.timestamp(), today, TRAVELS)
        return choice.ssid, {"merged": given}
    if choice.ssid:
        return choice.ssid, {}
    if given:
        return Ssid(given), {"number": given}
    source = Source(row.origin, row.tracking, now.timestamp())
    digits = services.settings.identity.ssid_digits
    fresh = registrar.register(
        connection,
        services.model,
        replace(sent, ssid=None),
        lambda: ssid.allocate(secrets.randbelow, digits),
        source,
    )
    return fresh, {"number": fresh}
