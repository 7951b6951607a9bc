"""decide: a person says which student was meant, and what waited for that goes on.

Contract: the verbs of the command line, the console and `review-answer` packets, each within the caller's write
transaction. `decide` checks the choice against the registry as it is now: where somebody has come up who was not shown,
or the candidate is not who it was, nothing is done and the question is put again. The same decision twice has one
effect; another one is refused, until `undo_decision.undo` has taken the first one back. That it is a new student, an
LEA does not decide where a candidate is flagged as missing, or is one whom it may not see: its answer is kept, and the
question waits for the state. So it does where the LEA only confirms what it sent. Where an LEA decides that it is a
student of another LEA, the state hears of it.
"""

from collections.abc import Collection, Iterable
from dataclasses import asdict, replace
from enum import StrEnum

from broker.core import knowledge
from broker.core.errors import Deferred, Refused
from broker.core.knowledge import Asked
from broker.core.model import Document, Ssid
from broker.core.review import MOST_CANDIDATES, OWN_STUDENT, By, Choice, Verb, chosen, of_lea
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets import packets, slices
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.edge.ledger.people import flags as flag_ledger
from broker.edge.ledger.people import registry, reviews
from broker.edge.ledger.people.reviews import Review, Weighed
from broker.formats.documents import to_student
from broker.identity import match
from broker.notices.alert import Kind
from broker.oversight import alerts
from broker.oversight.watch import Watch, decided
from broker.packets.services import Services
from broker.students import apply_decision, corrected, question
from broker.transfers import follow_up
from handlers import review_answer, ssid_request
from handlers.review_answer import Reply

CHANGED = "The registry has changed since you were asked: look at the candidates again."
_BITS = 0.01  # a weight that differs by less has not changed


class Result(StrEnum):
    """What became of a decision."""

    DONE = "done"
    ALREADY = "already"  # the same was decided before
    ASKED_AGAIN = "asked-again"  # nothing was done: the registry has changed, look again


def answer(services: Services, connection: Writing, row: PacketRow, document: Document) -> Move | None:
    """Carry out a `review-answer` packet: all of its answers, or none; the refusal's move where that is why.

    An LEA decides only for a student who is near the one it sent: with a number alone it could claim anybody's child. A
    change of a student's own attributes that is in doubt it does not decide at all: they could be edited to force a
    match, a failure that the state names itself. That it answers where a flagged child is a candidate the state hears,
    also where the answer is refused.
    """
    registry.lock(connection)
    replies = review_answer.replies(document.body)
    tell_state(services, connection, row, replies)
    return alerts.standing(services, connection, row, lambda: _answer_all(services, connection, row, replies))


def tell_state(services: Services, connection: Writing, row: PacketRow, replies: Iterable[Reply]) -> None:
    """The state hears of each flagged child who is a candidate of what is answered."""
    watch = Watch(services, connection, row)
    for reply in replies:
        found = reviews.get(connection, reply.tracking, reply.line)
        if found is not None and found.lea == row.origin:
            watch.saw((one.ssid for one in found.candidates), Kind.ANSWER)
    watch.tell()


def _answer_all(services: Services, connection: Writing, row: PacketRow, replies: Iterable[Reply]) -> None:
    again: dict[str, set[int]] = {}
    for reply in replies:
        if answer_one(services, connection, row, reply) is Result.ASKED_AGAIN:
            again.setdefault(reply.tracking, set()).add(reply.line)
    for tracking, lines in again.items():
        ask_again(services, connection, tracking, lines)


def answer_one(services: Services, connection: Writing, row: PacketRow, reply: Reply) -> Result:
    """Carry out one answer of an LEA's packet `row`. Raises as `decide` does, and what forbids it to an LEA."""
    by = of_lea(row.origin, f"packet {row.tracking}", reply.why)
    return answer_as(services, connection, row.origin, by, reply)


def answer_as(services: Services, connection: Writing, lea: str, by: By, reply: Reply) -> Result:
    """Carry out one answer of this LEA. Raises as `answer_one`; the caller holds `registry.lock`, and tells the state
    of flagged candidates."""
    found, choice = _choice(services, connection, lea, reply)
    is_strange = choice.ssid and not question.is_own(services, connection, lea, choice.ssid)
    result = _decide(services, connection, reply.tracking, reply.line, choice, by, reply.pointer, is_lea=True)
    if result is Result.DONE and is_strange and choice.ssid:
        number = _number(connection, choice.ssid) or choice.ssid
        alerts.self_decided(services, connection, number, lea, (found.tracking, found.line))
    return result


def check_one(services: Services, connection: Reading, row: PacketRow, reply: Reply) -> None:
    """Whether that can be done now, and nothing of it. Raises what `answer_one` does."""
    _, choice = _choice(services, connection, row.origin, reply)
    _, packet, _, is_done = _may_decide(connection, reply.tracking, reply.line, choice, reply.pointer, is_lea=True)
    if reply.line == OWN_STUDENT and not is_done:
        apply_decision.check_waits(packet)


def _choice(services: Services, connection: Reading, lea: str, reply: Reply) -> tuple[Review, Choice]:
    found = reviews.get(connection, reply.tracking, reply.line)
    if found is None or found.lea != lea:
        raise Refused("unknown-tracking", f"{reply.pointer}/tracking")
    choice = chosen(reply.verb, reply.letter, [one.ssid for one in found.shown], reply.pointer)
    if found.closed_at is None:  # what is decided is compared with what it was decided as
        _check_may(services, connection, found, choice, reply.pointer)
    return found, choice


def _check_may(services: Services, connection: Reading, found: Review, choice: Choice, pointer: str) -> None:
    """Raises Refused where the LEA may not decide so."""
    if choice.verb in (Verb.NONE, Verb.CONFIRM):
        return
    if found.subject.get("request") == ssid_request.Kind.UPDATE:
        raise Refused("state-decides", pointer)
    if choice.verb is Verb.SAME and not question.is_near(services, connection, found, choice.ssid or ""):
        raise Refused("not-near", f"{pointer}/candidate")
    if choice.verb is Verb.SAME and not question.may_see(services, connection, found, choice.ssid or ""):
        raise Refused("state-decides", pointer)


def ask_again(services: Services, connection: Writing, tracking: str, lines: Collection[int]) -> None:
    """Put the open questions about these lines of the packet to its LEA again: of its others, of which there may be
    thousands, the LEA has the notice."""
    row = packets.get(connection, tracking)
    if row is not None:
        question.ask(services, connection, row, CHANGED, lines)


def decide(
    services: Services, connection: Writing, tracking: str, line: int, choice: Choice, by: By, pointer: str = ""
) -> Result:
    """Carry out a decision of the state's operator. On `ASKED_AGAIN` nothing was done and the caller is to call
    `ask_again`. The state's office hears of it where a candidate is a flagged child.

    Raises Refused: "unknown-tracking" for no such question, "already-decided" where another decision stands,
    "unknown-candidate" for a student who is not (or no longer) a candidate; Deferred while a worker has the packet.
    """
    registry.lock(connection)
    result = _decide(services, connection, tracking, line, choice, by, pointer)
    found = reviews.get(connection, tracking, line)
    if found is not None and result is Result.DONE:
        decided(services, connection, [one.ssid for one in found.candidates], found.lea, tracking)
    return result


def _decide(
    services: Services,
    connection: Writing,
    tracking: str,
    line: int,
    choice: Choice,
    by: By,
    pointer: str,
    *,
    is_lea: bool = False,
) -> Result:
    found, row, choice, is_done = _may_decide(connection, tracking, line, choice, pointer, is_lea=is_lea)
    if is_done:
        return Result.ALREADY
    if choice.verb is not Verb.NONE:
        fresh, is_news = _matched_again(services, connection, found, choice, is_lea=is_lea)
        if is_news or len(fresh) > len(found.candidates):
            found = replace(found, candidates=fresh)
            reviews.change(connection, found)
        if is_news:
            return Result.ASKED_AGAIN
    if line == OWN_STUDENT:
        apply_decision.check_waits(row)
    if is_lea and (choice.verb is Verb.CONFIRM or (choice.verb is Verb.NEW and _is_of_the_state(connection, found))):
        said = {**asdict(by), "verb": choice.verb}
        reviews.change(connection, replace(found, subject={**found.subject, reviews.ANSWERED: said}))
        return Result.DONE
    found = replace(found, subject={name: one for name, one in found.subject.items() if name != reviews.ANSWERED})
    follow_up.catch_up(services, connection, [choice.ssid or ""])  # two numbers may become one
    done = apply_decision.close(services, connection, row, found, choice, by, is_lea=is_lea)
    corrected.by_decision(services, connection, row, found, done.ssid)
    return Result.DONE


def _may_decide(
    connection: Reading, tracking: str, line: int, choice: Choice, pointer: str, *, is_lea: bool
) -> tuple[Review, PacketRow, Choice, bool]:
    """The question, its packet, the choice with the number that stands now, and whether that was decided before."""
    found, row = reviews.get(connection, tracking, line), packets.get(connection, tracking)
    if found is None or row is None:
        raise Refused("unknown-tracking", f"{pointer}/tracking" if pointer else "")
    if found.closed_at is not None:
        _again(connection, found, choice, pointer)
        return found, row, choice, True
    if is_lea and reviews.ANSWERED in found.subject:
        if choice.verb != found.subject[reviews.ANSWERED].get("verb", Verb.NEW):
            raise Refused("already-decided", pointer)
        return found, row, choice, True
    choice = _followed(connection, found, choice, pointer)
    if line != OWN_STUDENT and slices.is_begun(connection, tracking):
        raise Deferred("other lines of the packet are still being carried out")
    return found, row, choice, False


def _is_of_the_state(connection: Reading, found: Review) -> bool:
    """Whether it is not the LEA's to say that it is a new student.

    A candidate is a flagged child: a number of its own would take this one out from under the flag (53A-11-502). Or
    there is, or may be, one whom the LEA does not see: where it names a number, that is so whether or not there is such
    a student. The LEA is told what it is told of any answer.
    """
    flagged = flag_ledger.numbers(connection)
    names_one = found.subject.get("student", {}).get("ssid") and found.subject.get("request") in knowledge.TELLS
    return bool(names_one) or any(one.is_hidden or one.ssid in flagged for one in found.candidates)


def _again(connection: Reading, found: Review, choice: Choice, pointer: str) -> None:
    """The same decision once more; raises Refused for another one."""
    stands = reviews.standing(connection, found.tracking, found.line)
    if stands is None or stands.verb is not choice.verb:
        raise Refused("already-decided", pointer)
    if choice.verb is Verb.SAME and _number(connection, stands.ssid) != _number(connection, choice.ssid or ""):
        raise Refused("already-decided", pointer)


def _number(connection: Reading, ssid: str) -> Ssid | None:
    person = registry.standing(connection, ssid)
    return person.ssid if person else None


def _followed(connection: Reading, found: Review, choice: Choice, pointer: str) -> Choice:
    """The choice with the number that stands for the candidate now."""
    if choice.verb is not Verb.SAME:
        return choice
    number = _number(connection, choice.ssid or "")
    if number is None or number not in {_number(connection, one.ssid) for one in found.candidates}:
        raise Refused("unknown-candidate", f"{pointer}/candidate" if pointer else "")
    return Choice(choice.verb, number)


def _matched_again(
    services: Services, connection: Reading, found: Review, choice: Choice, *, is_lea: bool
) -> tuple[tuple[Weighed, ...], bool]:
    """The candidates as they are now, and whether they are not those that were shown.

    Candidates keep their letters, for the LEA may still have the notice of before in its hands: who is new comes last.
    Who may not be seen is no news to the LEA: it must not hear that somebody has come up.
    """
    if not found.subject:
        raise Refused("asked-before")
    finding = _found_now(services, connection, found)
    now = question.weighed_now(services, connection, found)
    shown, least = {one.ssid for one in now}, min((one.weight for one in found.candidates), default=float("-inf"))
    unseen = [one for one in finding.candidates if one.ssid not in shown]
    fresh = [one for one in unseen if one.ssid == finding.ssid or one.weight > least][: MOST_CANDIDATES - len(now)]
    pairs = zip(now, found.candidates, strict=True)
    chosen_now = [(one, before) for one, before in pairs if choice.verb is Verb.SAME and one.ssid == choice.ssid]
    is_same = all(abs(one.weight - before.weight) <= _BITS for one, before in chosen_now)
    come = [question.hidden(services, connection, found, Weighed(one.ssid, one.weight)) for one in fresh]
    return (*now, *come), not is_same or any(not (one.is_hidden and is_lea) for one in come)


def _found_now(services: Services, connection: Reading, found: Review) -> match.Finding:
    """Who is meant, as the question was first asked: among all students, or among the LEA's own."""

    def is_own(ssid: Ssid) -> bool:
        return question.is_own(services, connection, found.lea, ssid)

    student, asks = to_student(found.subject["student"]), found.subject.get("request", "")
    person = registry.standing(connection, student.ssid or "")
    whole, own = match.find_own(connection, services.model, student, found.lea, is_own)
    if asks == Asked.UPDATE:
        return whole
    return whole if asks in knowledge.REVEALS and not (person and is_own(person.ssid)) else own
