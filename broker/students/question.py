"""question: where it is not sure which student is meant, a person is asked.

Contract: called within the transaction that finds the doubt. `open_review` writes down the question with all that is
needed to go on once it is decided; `ask` leaves the LEA one sealed `review` notice with every open question of the
packet, and a table in which it can answer by filling one column. Nothing is ever decided by itself, however long it
waits: `broker.students.decide` has the verbs. Of children whom the LEA never had it is shown those alone whom
`broker.core.knowledge` lets it see; the state sees all.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Protocol

from broker.core import knowledge
from broker.core.model import PacketType, Ssid
from broker.core.review import MOST_CANDIDATES, Enrolled
from broker.core.stays import Account
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import blocks, evidence, registry, reviews, stays
from broker.edge.ledger.people.reviews import Review, Weighed
from broker.formats.documents import to_student
from broker.identity import compare, index
from broker.identity.answer import Answer
from broker.identity.features import Features
from broker.identity.sight import see
from broker.notices import review_table
from broker.notices.review import MOST_QUESTIONS, Question, Shown, notice
from broker.packets.notify import made, made_of
from broker.packets.services import Services


class Candidate(Protocol):
    """A student whom a packet may be about; `weight` in bits."""

    @property
    def ssid(self) -> Ssid:
        """The student's number."""
        ...

    @property
    def weight(self) -> float:
        """How strongly the model speaks for it."""
        ...


def open_review(
    services: Services,
    connection: Writing,
    row: PacketRow,
    line: int,
    subject: Mapping[str, Any],
    candidates: Iterable[Candidate],
    about: str = "",
) -> bool:
    """Leave a question for a person: which of these students is it? `line` is -1 for the packet's own student; `about`
    is what the function of this name gives, else it is the first candidate.

    `subject` is JSON: `student`, the block as it was sent (`student.v1`), and whatever else is carried out once it is
    decided; of a record only the block, nothing of what is in it. The likeliest candidates come first, 26 at most.
    Call `ask` when all questions of the packet are open. Whether the LEA is shown any candidate.
    """
    opened = services.clock().timestamp()
    asked = Review(row.tracking, line, row.origin, subject, (), opened)
    found = [hidden(services, connection, asked, one) for one in weighed(candidates)]
    first = found[0].ssid if found else ""
    reviews.enter(connection, replace(asked, candidates=tuple(found)), about or first)
    return any(not one.is_hidden for one in found)


def hidden(services: Services, connection: Reading, review: Review, candidate: Weighed) -> Weighed:
    """The candidate, hidden if the LEA may not see it."""
    return replace(candidate, is_hidden=not may_see(services, connection, review, candidate.ssid))


def may_see(services: Services, connection: Reading, review: Review, ssid: str) -> bool:
    """Whether the LEA may see this candidate: one whom it has or had, or one who has birth date and surname of whom it
    sent, and the number if it named one. What is told of a student of its own (an update) is no ground to show it
    another LEA's."""
    person = registry.standing(connection, ssid)
    if person is None or not review.is_kept:
        return False
    if is_own(services, connection, review.lea, person.ssid):
        return True
    if review.subject.get("request") not in knowledge.TELLS | {knowledge.Asked.RETRIEVE}:
        return False
    sent = to_student(review.subject["student"])
    named = registry.standing(connection, sent.ssid) if sent.ssid else person
    if named is None or named.ssid != person.ssid:  # of a number the answer tells nothing, whoever else comes near
        return False
    return knowledge.may_be_shown(see(sent, evidence.student(connection, person)))


def is_own(services: Services, connection: Reading, lea: str, ssid: str) -> bool:
    """Whether the LEA has or had the student, or has announced it."""
    account = stays.account(connection, ssid, services.today())
    return lea in account.had | account.announced


def about(
    services: Services, connection: Reading, lea: str, subject: Mapping[str, Any], candidates: Iterable[Candidate]
) -> str:
    """The number under which a question to this LEA is counted among those that wait: its own student's; where there is
    none, the number that it names itself, whoever has it; else that of the first candidate."""
    found = [one.ssid for one in weighed(candidates)]
    own = (one for one in found if is_own(services, connection, lea, one))
    return next(own, "") or str(subject["student"].get("ssid") or "") or next(iter(found), "")


def may_ask(services: Services, connection: Reading, lea: str, number: str) -> bool:
    """Whether one more question that is counted under this number (`about`) may be put to this LEA."""
    return reviews.open_about(connection, lea, number) < services.settings.told.questions


def weighed(candidates: Iterable[Candidate]) -> tuple[Weighed, ...]:
    """The candidates in the order of their letters, which is that in which they come: the likeliest first."""
    return tuple(Weighed(one.ssid, one.weight) for one in islice(candidates, MOST_CANDIDATES))


def ask(
    services: Services, connection: Writing, row: PacketRow, note: str = "", lines: Collection[int] | None = None
) -> None:
    """Leave the LEA a notice with every open question of this packet, or those about these lines, and the same as a
    table to fill in; several of both where they are many, none for none.

    `row` must know the packet's type and document id. `note` says why it is asked again. What the LEA has answered, and
    the state is to decide, it is not asked again.
    """
    rows = list(asked(services, connection, row, note, lines))
    if rows:
        services.vault.flush()
        packets.born(connection, rows, [])


def asked(
    services: Services, connection: Reading, row: PacketRow, note: str = "", lines: Collection[int] | None = None
) -> Iterator[PacketRow]:
    """The same, made and not left yet; the vault is to be flushed."""
    if lines is None:
        found = reviews.lines(connection, row.tracking)
    else:
        found = [one for line in sorted(lines) if (one := reviews.get(connection, row.tracking, line))]
    every = (one for one in found if one.closed_at is None)
    waiting = [one for one in every if reviews.ANSWERED not in one.subject]
    about = {"packet": row.type, "id": row.packet_id, "file": row.source_name}
    questions = (question(services, connection, one) for one in waiting if one.subject)
    for some in _portions(questions, MOST_QUESTIONS):
        body = notice({name: value for name, value in about.items() if value}, some, note)
        yield made(services, row.origin, PacketType.REVIEW, body, is_to_be_read=True)
        yield made_of(services, row.origin, PacketType.REVIEW_ANSWER, review_table.workbook(body))


def _portions(questions: Iterator[Question], most: int) -> Iterator[Sequence[Question]]:
    while some := list(islice(questions, most)):
        yield some


def question(services: Services, connection: Reading, review: Review) -> Question:
    """The question with what is known now of those candidates whom the LEA may see."""
    shown = [_shown(services, connection, review, one.ssid) for one in review.shown]
    return Question(review.tracking, review.line, to_student(review.subject["student"]), shown)


def is_near(services: Services, connection: Reading, review: Review, ssid: str) -> bool:
    """Whether the student comes near the one that was sent, or is or was at this LEA anyway; and not only the one who
    has the SSID that was named."""
    person = registry.standing(connection, ssid)
    if person is None or not review.is_kept:
        return False
    if review.lea in stays.account(connection, person.ssid, services.today()).had:
        return True
    sent = index.variants_of(to_student(review.subject["student"]))
    known = blocks.variants_at(connection, person.ssid, review.lea)
    return compare.answer_of(services.model, sent, known)[0] is not Answer.NONE


def weighed_now(services: Services, connection: Reading, review: Review) -> list[Weighed]:
    """The candidates in their places, each under the number that stands for it, with the weight that it has now; one
    who is no longer there as it was."""
    sent = index.variants_of(to_student(review.subject["student"]))
    return [_weighed_now(services, connection, sent, one, review.lea) for one in review.candidates]


def _weighed_now(
    services: Services, connection: Reading, sent: Sequence[Features], candidate: Weighed, lea: str
) -> Weighed:
    person = registry.standing(connection, candidate.ssid)
    if person is None:
        return candidate
    known = blocks.variants_at(connection, person.ssid, lea)
    return replace(candidate, ssid=person.ssid, weight=compare.answer_of(services.model, sent, known)[1])


def _shown(services: Services, connection: Reading, review: Review, ssid: Ssid) -> Shown:
    person = registry.standing(connection, ssid)
    if person is None or not may_see(services, connection, review, ssid):  # an older version has shown anybody
        return Shown(None, (), is_near=False, enrolled=Enrolled.NEVER)
    rows = registry.locations(connection, person.ssid)
    account = stays.account_of(rows, services.today())
    own = [row for row in rows if row.lea == review.lea and not stays.location(row).is_void]
    near = is_near(services, connection, review, person.ssid)
    is_theirs = review.lea in account.had  # who has announced it only is given nothing before its day
    return Shown(evidence.student(connection, person), own, near, _enrolled(account, review.lea), is_theirs)


def _enrolled(account: Account, lea: str) -> Enrolled:
    if lea in account.holders:
        return Enrolled.NOW
    return Enrolled.EARLIER if lea in account.had else Enrolled.NEVER
