"""seek: whom a line of an enrollment or SSID request is about, and what is answered where that is not sure.

Contract: called within a write transaction that holds `registry.lock`, by `students` and for one line at a time. A
match by the identity rules enrolls a child, whoever had it. Everything else is answered alike whether a child that the
LEA never had exists or not (`broker.core.knowledge`), and is a guess, which is counted; of its own students an LEA is
told what differs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from broker.core.knowledge import COMPARE, ROWS, TELLS, TOO_MANY, Asked
from broker.core.model import Ssid
from broker.edge.ledger.people import registry, reviews, stays
from broker.identity import answer as identity
from broker.identity import registrar
from broker.identity.match import Candidate
from broker.notices.answers import Answer, Outcome
from broker.students import question
from broker.students.line import ENTRY, EXIT, NEW, RETRIEVE, UPDATE, VERIFY, Task, amend, as_new, enter, is_here, leave

_FIELD = {"not-borne-out": "ssid", "not-verified": "ssid"}


def _look_up(task: Task) -> Answer:
    """Find the student among all, and do it; give a number to one whom nobody has. Where the LEA names the number of a
    student of its own, nobody else is looked at."""
    request = task.request
    is_own_number = bool(request.student.ssid) and _own_number(task)
    finding = task.watch.find_own(request.student)[1] if is_own_number else task.watch.find(request.student)
    if finding.ssid is not None:
        return _carry_out(task, finding.ssid)
    if request.student.ssid and not is_own_number:
        return _strange(task, finding.candidates)
    if finding.answer is identity.Answer.NONE:
        return as_new(task) if request.request in TELLS else _strange(task, ())
    if all(_is_own(task, one) for one in finding.candidates):
        return _ask(task, finding.candidates, "not-sure")
    if request.request not in TELLS and not any(_is_own(task, one) for one in finding.candidates):
        return _strange(task, finding.candidates)
    return _strange(task, finding.candidates, is_asked=True)


def _request(task: Task) -> Answer:
    """A request may name the number; then a birth date that differs from the one held with it is fatal."""
    known = registrar.known(task.connection, task.request.student.ssid) if task.request.student.ssid else None
    if known is None or known.birth_date == task.request.student.birth_date:
        return _look_up(task)
    if _own_number(task):
        return task.refused("birth-date-differs", "birth_date")
    return _strange(task, task.watch.find(task.request.student).candidates)


def _leave(task: Task) -> Answer:
    """Nobody leaves an LEA who never was there: only its own students are looked at, and those whose entry it took back
    by the very same exit, for what is told twice is answered twice."""
    whole, own = task.watch.find_own(task.request.student, lambda ssid: _may_leave(task, ssid))
    if own.ssid is not None:
        return leave(task, own.ssid, Outcome.MATCHED)
    shown = [one for one in own.candidates if _is_own(task, one)]
    return _ask(task, shown, "not-sure") if shown else _strange(task, whole.candidates)


def _may_leave(task: Task, ssid: Ssid) -> bool:
    if task.watch.guesses.is_own(ssid):
        return True
    account = stays.account(task.connection, ssid, task.services.today())
    return account.has_voided(task.row.origin, task.request.school, task.request.day)


def _update(task: Task) -> Answer:
    """Attributes of the student with this number change, if they stay the same child's beyond doubt.

    Who edits attributes to force a match is a failure that the state names (LAW): an update is not applied where the
    student would come nearer to somebody else than to who it is now.
    """
    student = task.request.student
    known = registrar.known(task.connection, student.ssid or "")
    if known is None or known.ssid is None or not is_here(task, known.ssid):
        return task.refused("not-your-student") if _own_number(task) else _strange(task, ())
    verdict = task.compare(known, student)
    is_born_then = known.birth_date == student.birth_date
    if not is_born_then and verdict.answer is identity.Answer.NONE:
        return task.refused("birth-date-differs", "birth_date")
    rivals = [
        one
        for one in task.watch.find(replace(student, ssid=None)).candidates
        if one.ssid != known.ssid and one.weight >= verdict.weight
    ]
    strangers = [one.ssid for one in rivals if not _is_own(task, one)]
    if strangers and not task.watch.guesses.count(Asked.UPDATE, known.ssid, strangers):
        return task.refused(TOO_MANY)
    if rivals or not is_born_then or verdict.answer is not identity.Answer.MATCH:
        return _ask(task, [Candidate(known.ssid, verdict.weight, verdict), *rivals], "not-sure")
    return amend(task, known.ssid, Outcome.UPDATED)


def _verify(task: Task) -> Answer:
    """Number, name and birth date of a student of its own belong together, or not; nothing is changed."""
    known = registrar.known(task.connection, task.request.student.ssid or "")
    if known is None or known.ssid is None or not _own_number(task):
        return _strange(task, ())
    if known.birth_date != task.request.student.birth_date:
        return task.refused("birth-date-differs", "birth_date")
    if task.compare(known, task.request.student).answer is not identity.Answer.MATCH:
        return task.refused("name-differs", "last_name")
    return task.answered(Outcome.VERIFIED, known.ssid)


def _carry_out(task: Task, number: Ssid) -> Answer:
    """The line matches a student. Whoever has guessed at it too often today is told what a wrong guess is told, and
    asked nothing."""
    guesses, request = task.watch.guesses, task.request
    if guesses.is_closed(request.student.ssid, [number]) and not guesses.is_own(number):
        word = _in_vain(task, [number])
        return task.refused(TOO_MANY if word == COMPARE else word, _FIELD.get(word, ""))
    return DO[request.request](task, number, Outcome.MATCHED)


def _own_number(task: Task) -> bool:
    """Whether the number that the line names is that of a student whom the LEA has or had."""
    person = registry.standing(task.connection, task.request.student.ssid or "")
    return person is not None and task.watch.guesses.is_own(person.ssid)


def _is_own(task: Task, candidate: Candidate) -> bool:
    return task.watch.guesses.is_own(candidate.ssid)


def _strange(task: Task, found: Sequence[Candidate], *, is_asked: bool = False) -> Answer:
    """The answer where the LEA never had who is meant; `is_asked` where there may be such a one beside its own."""
    word = ROWS[Asked(task.request.request)].word(is_numbered=bool(task.request.student.ssid))
    if (word == COMPARE or is_asked) and _is_said_again(task, found):
        return _ask(task, found, word)
    word = _in_vain(task, [one.ssid for one in found])
    if word == COMPARE or (is_asked and word != TOO_MANY):
        return _ask(task, found, word)
    return task.refused(word, _FIELD.get(word, ""))


def _is_said_again(task: Task, found: Sequence[Candidate]) -> bool:
    """Whether the very same line is in question still: a system that exports every night sends it again, and guesses
    nothing by it."""
    subject, lea = task.request.to_json(), task.row.origin
    about = question.about(task.services, task.connection, lea, subject, found)
    same = ("request", "student")
    waiting = reviews.subjects_about(task.connection, lea, about)
    return any(all(one.get(name) == subject.get(name) for name in same) for one in waiting)


def _in_vain(task: Task, found: Sequence[Ssid]) -> str:
    """Count what was asked in vain; the word for it."""
    asked, number = Asked(task.request.request), task.request.student.ssid
    is_within = task.watch.guesses.count(asked, number, found)
    return ROWS[asked].word(is_numbered=bool(number)) if is_within else TOO_MANY


def _ask(task: Task, candidates: Sequence[Candidate], word: str) -> Answer:
    """Put a question; where the LEA may see a candidate it is asked which one."""
    services, connection, row, subject = task.services, task.connection, task.row, task.request.to_json()
    about = question.about(services, connection, row.origin, subject, candidates)
    if not question.may_ask(services, connection, row.origin, about):
        return task.refused("too-many-questions")
    is_shown = question.open_review(services, connection, row, task.request.line, subject, candidates, about)
    return task.answered(Outcome.REVIEW, None, "not-sure" if is_shown else word)


LOOK: Mapping[str, Callable[[Task], Answer]] = {
    ENTRY: _look_up,
    EXIT: _leave,
    NEW: _request,
    RETRIEVE: _request,
    UPDATE: _update,
    VERIFY: _verify,
}
DO: Mapping[str, Callable[[Task, Ssid, Outcome], Answer]] = {
    ENTRY: enter,
    EXIT: leave,
    NEW: enter,
    RETRIEVE: enter,
    UPDATE: amend,
}
