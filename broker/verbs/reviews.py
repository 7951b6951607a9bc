"""reviews: questions about which student was meant: the open ones, what is known about each, and the decisions.

Contract: an LEA acts only on its own questions; for it, others do not exist. It sees its questions in notices, so only
the state sees here what is known about the candidates. A decision, or undoing one, is one transaction, and is recorded
with who and why (`edge.ledger.people.reviews`).
"""

from dataclasses import dataclass
from typing import Any

from broker.core.access import Action, Deny, Facts
from broker.core.actor import Actor
from broker.core.errors import NotDone, Refused
from broker.core.model import LeaId, Ssid
from broker.core.review import By, Choice, Verb, letters, of_lea
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import Reading, Writing, reading
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.people import registry, reviews
from broker.edge.ledger.people.reviews import ANSWERED, SENT_PURGED, Decision, Review
from broker.identity import registrar
from broker.notices.alert import Kind
from broker.oversight import watch
from broker.packets.services import Services
from broker.students import decide as deciding
from broker.students import undo_decision
from broker.students.decide import Result
from broker.students.question_view import Seen, View, view
from broker.verbs.acting import NotThere, Room, noted, permit, verb
from broker.verbs.index import Knowing
from broker.verbs.paging import Page
from handlers.review_answer import Reply

__all__ = [
    "ANSWERED",
    "SENT_PURGED",
    "Decided",
    "Decision",
    "EnrollmentRow",
    "Listed",
    "Place",
    "Questions",
    "Result",
    "Review",
    "Seen",
    "Undone",
    "View",
    "Which",
]

Place = tuple[float, str, int]  # when the question was opened, its packet, its line


@dataclass(frozen=True, slots=True)
class Listed:
    """A question in a list; no student data. `state` is the packet's; `candidates` counts those whom the actor sees;
    `answered` is the LEA's answer where the state must decide, '' for none; `is_counted` as in `core.review`."""

    tracking: str
    line: int
    lea: str
    type: str
    state: str
    candidates: int
    opened_at: float
    closed_at: float | None
    answered: str
    is_counted: bool


@dataclass(frozen=True, slots=True)
class Questions:
    """A page of questions, oldest first; how many are open in all, and since when the oldest is, None for none."""

    page: Page[Listed, Place]
    waiting: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class Which:
    """Which question of a packet: by its `student` (1 is the first one) or by its `line` (-1 for the packet's own
    student); neither where there is only one."""

    student: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """The result of a decision about this line. With `asked-again` nothing was decided."""

    line: int
    result: Result


@dataclass(frozen=True, slots=True)
class Undone:
    """The question is open again. `delivered` are records that the decision sent to `lea` and that cannot be called
    back."""

    line: int
    lea: LeaId
    delivered: tuple[str, ...]


@verb(Action.READ_REVIEW)
def list_questions(
    room: Room, *, actor: Actor, lea: str = "", is_open: bool = True, after: Place | None = None, size: int = 1000
) -> Questions:
    """A page of the open questions, or of the closed ones; of one LEA where given; an LEA sees only its own."""
    mine = _lea_of(actor) or lea
    with reading(room.engine) as connection:
        rows = reviews.listing(connection, mine, is_open, size + 1, after)
        count = reviews.count_listed(connection, mine, is_open)
        waiting, oldest = reviews.count_open(connection, _lea_of(actor))
    page = Page.of([_listed(row, actor) for row in rows], size, count, _place)
    return Questions(page, waiting, oldest)


def _listed(row: dict[str, Any], actor: Actor) -> Listed:
    facts = {name: value for name, value in row.items() if name != "hidden"}
    unseen = row["hidden"] if _lea_of(actor) else 0
    return Listed(**facts | {"candidates": row["candidates"] - unseen})


def _place(one: Listed) -> Place:
    return one.opened_at, one.tracking, one.line


@verb(Action.READ_REVIEW, is_for_leas=False)
def show_question(room: Knowing, tracking: str, which: Which, why: str, *, actor: Actor) -> View:
    """One question with all that is known about the candidates. Raises NotThere `no-question`, NotDone `which-student`,
    `stale-index`."""

    def look(connection: Writing) -> View:
        registrar.check_index(connection, room.model)
        seen = view(connection, room.model, _one(connection, tracking, which, Action.READ_REVIEW, actor))
        numbers = [one.ssid for one in seen.candidates if one.student is not None] or [""]
        at = room.clock().timestamp()
        noted(connection, numbers, Action.READ_REVIEW, at, actor=actor, why=why, tracking=tracking)
        return seen

    return committed(room.engine, look)


@verb(Action.DECIDE_REVIEW)
def decide_question(
    services: Services, tracking: str, which: Which, decision: Verb, why: str, *, actor: Actor, candidate: str = ""
) -> Decided:
    """Decide which student was meant; the packet, or the line, continues at once. For `same`, `candidate` is the
    letter, or, where the state decides, the SSID.

    Raises what `show_question` does, and Refused and Deferred as `broker.students.decide`; for an LEA also
    `state-decides` and `not-near`. Where a flagged child is a candidate, the state gets an alert about an LEA's answer
    even if it is refused.
    """
    by = _by(actor, why)
    if decision is Verb.CONFIRM and actor.is_states:
        raise ValueError("only an LEA says that what it sent is right")

    def carry_out(connection: Writing) -> Decided | Refused:
        registrar.check_index(connection, services.model)
        found = _one(connection, tracking, which, Action.DECIDE_REVIEW, actor)
        registry.lock(connection)
        if lea := _lea_of(actor):
            watch.decided(services, connection, _numbers(found), lea, tracking, Kind.ANSWER)
        try:
            with connection.begin_nested():
                result = _decide(services, connection, found, decision, candidate, by, actor)
        except Refused as refused:
            if not lea:
                raise
            return refused  # the alert to the state stays
        return Decided(found.line, result)

    done = committed(services.engine, carry_out)
    if isinstance(done, Refused):
        raise done
    return done


def _numbers(found: Review) -> list[str]:
    return [one.ssid for one in found.candidates]


def _decide(
    services: Services, connection: Writing, found: Review, decision: Verb, candidate: str, by: By, actor: Actor
) -> Result:
    if lea := _lea_of(actor):
        reply = Reply(found.tracking, found.line, decision, candidate, by.why, "")
        result = deciding.answer_as(services, connection, lea, by, reply)
    else:
        choice = Choice(decision, _candidate(found, candidate)) if decision is Verb.SAME else Choice(decision)
        result = deciding.decide(services, connection, found.tracking, found.line, choice, by)
    if result is Result.ASKED_AGAIN:
        deciding.ask_again(services, connection, found.tracking, [found.line])
    return result


def _candidate(found: Review, named: str) -> Ssid:
    """The candidate with this letter or number."""
    names = letters([one.is_hidden for one in found.candidates])
    by_letter = {letter: one.ssid for letter, one in zip(names, found.candidates, strict=True)}
    return by_letter.get(named, Ssid(named))


@verb(Action.DECIDE_REVIEW)
def undo_question(services: Services, tracking: str, which: Which, why: str, *, actor: Actor) -> Undone:
    """Undo a decision, an LEA its own; the question is open again, and its LEA is told. Raises what `show_question` and
    `undo_decision.undo` do."""
    by = _by(actor, why)

    def undo(connection: Writing) -> Undone:
        registrar.check_index(connection, services.model)
        found = _one(connection, tracking, which, Action.DECIDE_REVIEW, actor)
        mine = _lea_of(actor)
        undone = undo_decision.undo(services, connection, tracking, found.line, by, decided_by=mine)
        return Undone(found.line, found.lea, undone.delivered)

    return committed(services.engine, undo)


def _lea_of(actor: Actor) -> str:
    """The LEA for which the actor acts, '' for the state."""
    return "" if actor.is_states else actor.party


def _by(actor: Actor, why: str) -> By:
    lea = _lea_of(actor)
    return of_lea(lea, actor.name, why) if lea else By(actor.name, why)


def _one(connection: Reading, tracking: str, which: Which, action: Action, actor: Actor) -> Review:
    """The question that `which` names."""
    every = reviews.lines(connection, tracking)
    found = [one for one in every if not isinstance(_verdict(one, action, actor), Deny)]
    if not found:
        raise NotThere("no-question", tracking=tracking)
    if which == Which() and len(found) == 1:
        return found[0]
    named = next((one for one in found if _is_meant(one, which)), None)
    if named is None:
        raise NotDone("which-student", tracking=tracking, questions=[(one.line, one.is_counted) for one in found])
    return named


def _verdict(one: Review, action: Action, actor: Actor) -> object:
    return permit(actor, action, Facts(is_own=one.lea == actor.party))


def _is_meant(one: Review, which: Which) -> bool:
    if which.student is not None:
        return one.is_counted and one.line == which.student - 1
    return one.line == which.line
