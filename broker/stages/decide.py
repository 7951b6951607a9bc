"""decide: a person says which student was meant, and what waited for that goes on.

Contract: the verbs of the command line, the console and `review-answer` packets, each within the caller's write
transaction. `decide` checks the choice against the registry as it is now: where somebody has come up who was not shown,
or the candidate is not who it was, nothing is done and the question is put again. The same decision twice has one
effect; another one is refused, until `takeback.undo` has taken the first one back.
"""

from dataclasses import replace
from enum import StrEnum

from sqlalchemy import Connection

from broker.core.errors import Refused
from broker.core.model import Document, Ssid
from broker.core.review import MOST_CANDIDATES, OWN_STUDENT, By, Choice, Verb, chosen
from broker.edge.ledger import packets, registry, reviews
from broker.edge.ledger.reviews import Review, Weighed
from broker.edge.ledger.rows import PacketRow
from broker.formats.documents import to_student
from broker.identity import match
from broker.stages import carry, follow_up, review, transfers
from broker.stages.services import Services
from handlers import review_answer
from handlers.ssid_request import Kind

_CHANGED = "The registry has changed since you were asked: look at the candidates again."
_BITS = 0.01  # a weight that differs by less has not changed


class Result(StrEnum):
    """What became of a decision."""

    DONE = "done"
    ALREADY = "already"  # the same was decided before
    ASKED_AGAIN = "asked-again"  # nothing was done: the registry has changed, look again


def answer(services: Services, connection: Connection, row: PacketRow, document: Document) -> None:
    """Carry out a `review-answer` packet: all of its answers, or none. Raises Refused.

    An LEA decides only for a student who is near the one it sent: with a number alone it could claim anybody's child. A
    change of a student's own attributes that is in doubt it does not decide at all: they could be edited to force a
    match, a failure that the state names itself.
    """
    registry.lock(connection)
    again: dict[str, None] = {}
    for reply in review_answer.replies(document.body):
        found = reviews.get(connection, reply.tracking, reply.line)
        if found is None or found.lea != row.origin:
            raise Refused("unknown-tracking", f"{reply.pointer}/tracking")
        choice = chosen(reply.verb, reply.letter, [one.ssid for one in found.candidates], reply.pointer)
        if choice.verb is Verb.SAME and not review.is_near(services, connection, found, choice.ssid or ""):
            raise Refused("not-near", f"{reply.pointer}/candidate")
        if choice.verb is not Verb.NONE and found.subject.get("request") == Kind.UPDATE:
            raise Refused("state-decides", reply.pointer)
        by = By(f"LEA {row.origin}, packet {row.tracking}", reply.why)
        result = decide(services, connection, reply.tracking, reply.line, choice, by, reply.pointer)
        if result is Result.ASKED_AGAIN:
            again[reply.tracking] = None
    for tracking in again:
        ask_again(services, connection, tracking)


def ask_again(services: Services, connection: Connection, tracking: str) -> None:
    """Put the open questions of this packet to its LEA again."""
    row = packets.get(connection, tracking)
    if row is not None:
        review.ask(services, connection, row, _CHANGED)


def decide(
    services: Services, connection: Connection, tracking: str, line: int, choice: Choice, by: By, pointer: str = ""
) -> Result:
    """Carry out a decision. On `ASKED_AGAIN` nothing was done and the caller is to call `ask_again`.

    Raises Refused: "unknown-tracking" for no such question, "already-decided" where another decision stands,
    "unknown-candidate" for a student who is not (or no longer) a candidate; Deferred while a worker has the packet.
    """
    registry.lock(connection)
    found, row = reviews.get(connection, tracking, line), packets.get(connection, tracking)
    if found is None or row is None:
        raise Refused("unknown-tracking", f"{pointer}/tracking" if pointer else "")
    if found.closed_at is not None:
        return _again(connection, found, choice, pointer)
    choice = _followed(connection, found, choice, pointer)
    if choice.verb is not Verb.NONE and (fresh := _news(services, connection, found, choice)):
        reviews.change(connection, replace(found, candidates=fresh))
        return Result.ASKED_AGAIN
    follow_up.catch_up(services, connection, [choice.ssid or ""])  # two numbers may become one
    carry_out = carry.packet if line == OWN_STUDENT else carry.line
    done = carry_out(services, connection, row, found, choice, by)
    now = services.clock().timestamp()
    reviews.decided(connection, found, choice.verb, done.ssid, by.who, by.why, now)
    reviews.change(connection, replace(found, subject=done.subject, closed_at=now))
    if done.ssid:  # two numbers may have become one
        transfers.reconcile(services, connection, [done.ssid], cause=tracking)
    return Result.DONE


def _again(connection: Connection, found: Review, choice: Choice, pointer: str) -> Result:
    """The same decision once more, or another one."""
    stands = reviews.standing(connection, found.tracking, found.line)
    if stands is None or stands.verb is not choice.verb:
        raise Refused("already-decided", pointer)
    if choice.verb is Verb.SAME and _number(connection, stands.ssid) != _number(connection, choice.ssid or ""):
        raise Refused("already-decided", pointer)
    return Result.ALREADY


def _number(connection: Connection, ssid: str) -> Ssid | None:
    person = registry.standing(connection, ssid)
    return person.ssid if person else None


def _followed(connection: Connection, found: Review, choice: Choice, pointer: str) -> Choice:
    """The choice with the number that stands for the candidate now."""
    if choice.verb is not Verb.SAME:
        return choice
    number = _number(connection, choice.ssid or "")
    if number is None or number not in {_number(connection, one.ssid) for one in found.candidates}:
        raise Refused("unknown-candidate", f"{pointer}/candidate" if pointer else "")
    return Choice(choice.verb, number)


def _news(services: Services, connection: Connection, found: Review, choice: Choice) -> tuple[Weighed, ...]:
    """The candidates as they are now, if they are not those that were shown; nothing otherwise.

    Candidates keep their letters, for the LEA may still have the notice of before in its hands: who is new comes last.
    """
    if not found.subject:
        raise Refused("asked-before")
    finding = match.find(connection, services.model, to_student(found.subject["student"]), found.lea)
    now = review.weighed_now(services, connection, found)
    shown, least = {one.ssid for one in now}, min((one.weight for one in found.candidates), default=float("-inf"))
    unseen = [one for one in finding.candidates if one.ssid not in shown]
    fresh = [one for one in unseen if one.ssid == finding.ssid or one.weight > least][: MOST_CANDIDATES - len(now)]
    pairs = zip(now, found.candidates, strict=True)
    chosen_now = [(one, before) for one, before in pairs if choice.verb is Verb.SAME and one.ssid == choice.ssid]
    if not fresh and all(abs(one.weight - before.weight) <= _BITS for one, before in chosen_now):
        return ()
    return (*now, *(Weighed(one.ssid, one.weight) for one in fresh))
