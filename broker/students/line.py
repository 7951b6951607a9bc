"""line: what a line of an enrollment or SSID request does to a student who is known, or who is given a number now.

Contract: called within a write transaction that holds `registry.lock`, by `students` and for one line at a time. What
a report changes of the student's stays, and what of it cannot be, says `broker.core.stays`; an LEA is told the number
of a student only whom it has or had.
"""

import secrets
from dataclasses import dataclass, replace

from broker.core.knowledge import Asked
from broker.core.model import Name, Ssid, Student
from broker.core.stays import AHEAD, Unfit
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets.rows import EnrollmentRow, PacketRow
from broker.edge.ledger.people import blocks, registry, stays
from broker.edge.ledger.people.registry import Source
from broker.edge.settings import exit_codes
from broker.identity import answer as identity
from broker.identity import compare, index, registrar, ssid
from broker.notices.answers import Answer, Outcome
from broker.oversight.watch import Watch
from broker.packets.services import Services
from broker.students.line_request import LineRequest
from broker.transfers.follow_up import Pace

ENTRY, EXIT, NEW, RETRIEVE, UPDATE, VERIFY = "entry", "exit", "new", "retrieve", "update", "verify"
MAKES_NEW = frozenset({ENTRY, NEW, RETRIEVE})  # what a person's "a new student" can be carried out for
TOO_FAR = f"It must not be more than {AHEAD.days} days ahead."


@dataclass(frozen=True, slots=True, repr=False)
class Task:
    """A line's request, and all that carrying it out needs. Repr hidden."""

    services: Services
    connection: Writing
    row: PacketRow
    request: LineRequest
    pace: Pace
    watch: Watch
    is_late: bool = False  # carried out when somebody has said whom it means, or a later line has

    @property
    def source(self) -> Source:
        """Who brought the line, in which packet, now."""
        return Source(self.row.origin, self.row.tracking, self.services.clock().timestamp())

    def compare(self, known: Student, sent: Student) -> identity.Verdict:
        """Whether this student of the registry, by the names that count at this LEA, is the one that was sent, for both
        bear one number; without the reasons."""
        names = blocks.variants_at(self.connection, known.ssid or "", self.row.origin)
        answer, weight = compare.answer_of(self.services.model.numbered(), names, index.variants_of(sent))
        return identity.Verdict(answer, weight, ())

    def answered(self, outcome: Outcome, number: Ssid | None, why: str = "", field: str = "") -> Answer:
        """The line's answer; where it named another number, that is said."""
        claimed = self.request.student.ssid
        is_other = bool(claimed and number and claimed != number)
        return Answer(self.request.line, outcome, number, why or ("other-ssid" if is_other else ""), field)

    def refused(self, why: str, field: str = "") -> Answer:
        """The answer to a line that is not carried out."""
        return self.answered(Outcome.REFUSED, None, why, field)


def is_here(task: Task, number: Ssid) -> bool:
    """Whether the student is enrolled at this LEA now."""
    return task.row.origin in stays.account(task.connection, number, task.services.today()).holders


def enter(task: Task, number: Ssid, outcome: Outcome) -> Answer:
    """Open the location, or correct what was told of it."""
    request, told = task.request, task.services.settings.told
    is_all = True
    if outcome is Outcome.MATCHED:
        is_all = registrar.learn(task.connection, task.services.model, number, request.student, task.source, told)
    try:
        _locate(task, number)
    except Unfit as unfit:
        return _unfit(task, unfit, number)
    if request.exit_day == request.day:
        _count_unseen(task, number)
    is_news = request.request == NEW and outcome is Outcome.MATCHED
    answer = _with_rest_told(task.answered(outcome, number, "known-already" if is_news else ""), is_all=is_all)
    return _with_code_told(task, answer, request.exit_code, "exit_code") if request.exit_day else answer


def _locate(task: Task, number: Ssid) -> None:
    task.pace.catch_up(number)
    request = task.request
    location = EnrollmentRow(
        ssid=number,
        lea=task.row.origin,
        school=request.school,
        local_id=request.student.local_id,
        entry_date=request.day,
        exit_date=request.exit_day,
        entry_code=request.code,
        exit_code=request.exit_code,
        tracking=task.row.tracking,
        grade=request.grade,
        programme=request.programme,
        day_part=request.day_part,
        reported_on=task.services.today().day,
    )
    said = {"dual": request.dual, "military": request.military}
    stays.enter(task.connection, location, task.source.at, request.exits, most=task.services.settings.told, **said)


def leave(task: Task, number: Ssid, outcome: Outcome) -> Answer:
    """Close the location, or correct when it was closed."""
    task.pace.catch_up(number)
    request = task.request
    try:
        today, most = task.services.today().day, task.services.settings.told
        where = (request.school, request.day, request.code)
        stays.leave(task.connection, number, *where, task.source, today, is_late=task.is_late, most=most)
    except Unfit as unfit:
        return _unfit(task, unfit, number)
    _count_unseen(task, number)
    return _with_code_told(task, task.answered(outcome, number), request.code, "code")


def _count_unseen(task: Task, number: Ssid) -> None:
    """Another LEA's child was entered, and that was taken back before anybody was told of it: the LEA has learned the
    number, which is a guess like those that come to nothing. It is counted once; nothing is refused for it."""
    lea, rows = task.row.origin, registry.locations(task.connection, number)
    mine = [one for one in rows if one.lea == lea]
    if len(mine) != 1 or len(mine) == len(rows) or not stays.location(mine[0]).is_void:
        return
    if not any(case.destination == lea for case in transfers.about(task.connection, number)):
        task.watch.guesses.count(Asked.ENTRY, None, [number])


def _unfit(task: Task, unfit: Unfit, number: Ssid) -> Answer:
    """The number is told to an LEA only that has or had the student."""
    is_own = task.row.origin in stays.account(task.connection, number, task.services.today()).had
    if unfit.code == "too-far-ahead":
        return replace(task.refused("unreadable", unfit.fact), must=TOO_FAR)
    return replace(task.refused(unfit.code, unfit.fact), ssid=number if is_own else None)


def _with_code_told(task: Task, answer: Answer, code: str, field: str) -> Answer:
    """A code that the state does not list is told, and keeps nobody from leaving. What is to be told of the number goes
    before it."""
    settings = task.services.settings
    if answer.why or not code or code in exit_codes.load(settings.home, settings.transfers.codes):
        return answer
    return replace(answer, why="unknown-exit-code", field=field)


def _with_rest_told(answer: Answer, *, is_all: bool) -> Answer:
    """That not all was kept is told, behind what is to be told of the number."""
    return answer if is_all or answer.why else replace(answer, why="not-all-kept")


def amend(task: Task, number: Ssid, _outcome: Outcome) -> Answer:
    """Take over what the line says of the student; a part of the name that it leaves out stays as it is."""
    known = registrar.known(task.connection, number)
    if known is None or not is_here(task, number):
        return task.refused("not-your-student")
    said, was = task.request.student.legal_name, known.legal_name
    name = Name(said.first or was.first, said.last, said.middle or was.middle, said.suffix or was.suffix)
    student = replace(task.request.student, legal_name=name)
    try:
        told = task.services.settings.told
        is_all = registrar.amend(task.connection, task.services.model, number, student, task.source, told)
    except registrar.TooOften:
        return replace(task.refused("changed-too-often"), ssid=number)
    return _with_rest_told(task.answered(Outcome.UPDATED, number), is_all=is_all)


def as_new(task: Task) -> Answer:
    """Give a new number, and open the location."""
    if task.request.request not in MAKES_NEW:
        return task.refused("unknown-student")
    digits = task.services.settings.identity.ssid_digits
    student = replace(task.request.student, ssid=None)
    number = registrar.register(
        task.connection, task.services.model, student, lambda: ssid.allocate(secrets.randbelow, digits), task.source
    )
    return enter(task, number, Outcome.ASSIGNED)
