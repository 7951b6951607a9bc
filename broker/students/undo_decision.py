"""undo decision: a decision was wrong, and is taken back; the question is open again.

Contract: called within a write transaction, for the state, or for the LEA that has decided it itself. It gives
back what the decision changed: the location is ended on the day it was entered, names and evidence that it brought no
longer count, a packet that is not delivered waits for the review again. A number that it gave stays used up: it is
withdrawn, and given to the same student should the same be decided again. What lies in an inbox cannot be called back:
a decision that delivered its own packet stands, and of records that another decision let go the actor is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from broker.core.errors import NotDone, Refused
from broker.core.model import HeldFor, State
from broker.core.review import OWN_STUDENT, By, by_lea
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets import moves, packets
from broker.edge.ledger.packets.rows import Move, PacketRow, Step
from broker.edge.ledger.people import changes, led_to, registry, reviews
from broker.edge.ledger.people.changes import Changes
from broker.edge.ledger.people.reviews import Decision, Review
from broker.identity import registrar, withdrawn
from broker.notices.alert import Kind
from broker.oversight.watch import decided
from broker.packets.receipts import statements
from broker.packets.services import Services
from broker.students import lessons, opt_outs, question
from broker.students.apply_decision import DONE, GIVEN
from broker.transfers import cases, follow_up
from broker.transfers.resume import release_waiting
from handlers.registry import TRAVELS

_NOTE = "The decision of {day} was taken back. Do not go by it{number}, and answer again."


@dataclass(frozen=True, slots=True)
class UndoneDecision:
    """`delivered` are records that were delivered to the LEA because of the decision, and cannot be called back."""

    delivered: tuple[str, ...] = ()


def undo(
    services: Services, connection: Writing, tracking: str, line: int, by: By, *, decided_by: str = ""
) -> UndoneDecision:
    """Take the decision back that stands; where `decided_by` is given, one of this LEA's alone.

    Raises Refused("unknown-tracking") for no such question; NotDone `nothing-decided`, `not-your-decision`, and where
    it cannot be taken back `too-late`, `packet-refused`, `packet-delivered`, `number-used`, and what
    `changes.undo` raises.
    """
    registry.lock(connection)
    found, row = reviews.get(connection, tracking, line), packets.get(connection, tracking)
    if found is None or row is None:
        raise Refused("unknown-tracking")
    decision = reviews.standing(connection, tracking, line)
    if found.closed_at is None or decision is None:
        raise NotDone("nothing-decided", tracking=tracking)
    if decided_by and not by_lea(decision.who, decided_by):
        raise NotDone("not-your-decision", tracking=tracking)
    if reviews.SENT_PURGED in found.subject:
        raise NotDone("too-late", day=_day(services, decision), days=f"{services.settings.keeping.undo_days:g}")
    if line == OWN_STUDENT:
        _hold_again(services, connection, row)
    done = found.subject.get(DONE, {})
    subject = {name: value for name, value in found.subject.items() if name != DONE}
    touched = {decision.ssid, done.get("number"), done.get("merged")} - {"", None}
    follow_up.catch_up(services, connection, sorted(touched))
    if decision.ssid:
        opt_outs.undo(services, connection, tracking, decision.ssid, by)
    lessons.unteach(services, connection, found)
    _give_back(services, connection, found, done, by)
    number = done.get("number") or done.get("merged")
    now = services.clock().timestamp()
    reviews.note_undone(connection, decision, by.who, by.why, now)
    reviews.change(connection, replace(found, subject=subject | ({GIVEN: number} if number else {}), closed_at=None))
    delivered = _reroute(services, connection, found, decision) if line != OWN_STUDENT else ()
    cases.reconcile(services, connection, sorted(touched), cause=tracking)
    concerned = [*sorted(touched), *(one.ssid for one in found.candidates)]
    decided(services, connection, concerned, found.lea, tracking, Kind.ANSWER if decided_by else Kind.DECISION)
    release_waiting(services, connection, sorted(touched))  # what waits may go to where the student is again
    question.ask(services, connection, row, _note(services, decision))
    return UndoneDecision(delivered)


def _day(services: Services, decision: Decision) -> str:
    return services.time.day(decision.at).isoformat()


def _note(services: Services, decision: Decision) -> str:
    number = f", do not use the SSID {decision.ssid} for this student" if decision.ssid else ""
    return _NOTE.format(day=_day(services, decision), number=number)


def _hold_again(services: Services, connection: Writing, row: PacketRow) -> None:
    """The packet waits for the review again, wherever it is on its way."""
    if row.state is State.REFUSED:
        raise NotDone("packet-refused", refusal=row.code, lea=row.origin)
    if row.state in (State.DELIVERED, State.COLLECTED):
        raise NotDone("packet-delivered", tracking=row.tracking, receiver=row.receiver, lea=row.origin)
    held = Step(State.HELD, HeldFor.REVIEW)
    steps = (Step(State.ADMITTED, HeldFor.REVIEW), held) if row.state is State.HELD else (held,)
    new = row._replace(state=State.HELD, held_for=HeldFor.REVIEW, ssid="", identity="review", receiver="")
    receipts = statements(services, new, [(row.origin, State.HELD)])
    moves.advance(connection, [Move(row, new, steps, receipts)], services.clock().timestamp())


def _give_back(services: Services, connection: Writing, found: Review, done: dict[str, Any], by: By) -> None:
    """Give the registry back what the decision changed in it."""
    model, number = services.model, done.get("number")
    changed = Changes(**done["changes"]) if "changes" in done else None
    if number:
        _check_unused(connection, found, number, changed)
    if changed:
        changes.undo(connection, changed)
        standing = registry.standing(connection, changed.ssid)
        for ssid in {changed.ssid, standing.ssid if standing else changed.ssid}:
            registrar.refresh(connection, model, ssid)
        if "merged" in done:
            at = services.clock().timestamp()
            registrar.unmerge(connection, model, changed.ssid, done["merged"], by.who, by.why, at, TRAVELS)
    for one in (number, done.get("merged")):
        if one:
            withdrawn.withdraw(connection, model, one)


def _check_unused(connection: Reading, found: Review, number: str, changed: Changes | None) -> None:
    """A number that others have used since is theirs, too."""
    person = registry.person(connection, number)
    places = changed.places_new if changed else []
    if person is None or person.merged_into or led_to.used_elsewhere(connection, number, found.tracking, places):
        raise NotDone("number-used", ssid=number)


def _reroute(services: Services, connection: Writing, found: Review, decision: Decision) -> tuple[str, ...]:
    """Records that were on their way to this LEA because of the location are routed again; those delivered since."""
    if not decision.ssid:
        return ()
    rows = [packets.get(connection, one) for one in led_to.on_the_way(connection, decision.ssid, found.lea, TRAVELS)]
    planned = [_to_route_again(row) for row in rows if row is not None]
    moves.advance(connection, planned, services.clock().timestamp())
    return tuple(led_to.delivered_since(connection, decision.ssid, found.lea, decision.at, TRAVELS))


def _to_route_again(row: PacketRow) -> Move:
    admitted = Step(State.ADMITTED, HeldFor.REVIEW)
    steps: Sequence[Step] = (admitted,)
    if row.state is State.ROUTED:
        steps = (Step(State.HELD, HeldFor.ENROLLMENT), admitted)
    return Move(row, row._replace(state=State.ADMITTED, held_for="", receiver=""), tuple(steps))
