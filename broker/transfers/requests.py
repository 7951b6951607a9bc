"""requests: an LEA asks for a student's records, and gets what it may have, or hears why not (Utah 53A-1-413).

Contract: called within the write transaction that admits the packet, or that lets it go on after the state held it.
Every request ends in an answer or a code, and is a line of the disclosure log either way: refused, with a word of why,
where there is nothing to answer with. Whoever never had the student
learns nothing: not whether there is such a student, nor that the state holds the record. A request about a flagged
student is told to the state at once, whoever asks and however unsure it is (53A-11-502, -504). How often an LEA may ask
in a day, about one student and about all, is bounded; what comes above is refused, and a line of the log like any, but
without the student where it is above what an LEA may ask for in all.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from broker.core.access import Action, Deny, Facts, Permit, Role, Why, judge
from broker.core.disclosure import Disclosure
from broker.core.errors import Refused
from broker.core.knowledge import ROWS, TOO_MANY, Asked
from broker.core.model import Document, HeldFor, LeaId, PacketType, State, Student
from broker.edge.ledger.cases import harvest
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets.rows import Move, PacketRow, Step
from broker.edge.ledger.people import known, registry, stays
from broker.identity import match, registrar
from broker.identity.answer import Answer
from broker.notices.alert import Kind
from broker.oversight import alerts
from broker.oversight.watch import Watch
from broker.packets.outcome import move, refuse
from broker.packets.reopen import reread
from broker.packets.round import RoundFacts
from broker.packets.services import Services
from broker.records import backpack, told
from broker.records.backpack import Purpose
from broker.transfers import cases, follow_up
from handlers.record_request import Ask, Want, ask_of

# what is judged, of an LEA that has the student now and of any other
_ACTION: dict[Want, tuple[Action, Action]] = {
    Want.RECORD: (Action.REQUEST_RECORD, Action.REQUEST_RECORD),
    Want.BACKPACK: (Action.READ_BACKPACK, Action.READ_OWN_TIME),
    Want.PARENT_COPY: (Action.EXPORT_FOR_PARENT, Action.EXPORT_FOR_PARENT),
    Want.DISCLOSURES: (Action.READ_DISCLOSURES, Action.READ_DISCLOSURES),
}
# what the log says was asked for
_LOGGED: dict[Want, tuple[Action, str]] = {
    Want.RECORD: (Action.REQUEST_RECORD, PacketType.STUDENT_RECORD),
    Want.BACKPACK: (Action.REQUEST_RECORD, PacketType.BACKPACK),
    Want.PARENT_COPY: (Action.REQUEST_RECORD, "parent-copy"),
    Want.DISCLOSURES: (Action.READ_DISCLOSURES, PacketType.DISCLOSURES),
}


@dataclass(frozen=True, slots=True, repr=False)
class _Case:
    """One request in hand. Repr hidden."""

    services: Services
    connection: Writing
    row: PacketRow
    ask: Ask = field(repr=False)
    ssid: str
    acting: Role

    @property
    def lea(self) -> LeaId:
        return self.row.origin


def apply(services: Services, connection: Writing, row: PacketRow, document: Document) -> Move | None:
    """Answer a request; the packet's move where it is not simply carried out: refused, or held by the state.

    A refusal is handed back and not raised, for its line in the log, and what the state was told, must stay. `row` must
    know the packet's type, document id and signer. Raises Refused("schema").
    """
    ask = ask_of(document.body)
    registry.lock(connection)
    watch = Watch(services, connection, row)
    whole, finding = watch.find_own(ask.student)
    watch.saw([whole.ssid, ask.student.ssid, *(one.ssid for one in whole.candidates)], Kind.REQUEST)
    watch.tell()
    if finding.answer is not Answer.MATCH or finding.ssid is None:
        return _unsure(_Case(services, connection, row, ask, whole.ssid or "", Role.OTHER_LEA), watch, whole, finding)
    acting = backpack.role(services, connection, finding.ssid, row.origin)
    case = _Case(services, connection, row, ask, finding.ssid, acting)
    if _is_day_full(case):
        return _too_often(_of_nobody(case))
    verdict = _judged(ask.want, acting)
    if isinstance(verdict, Deny):
        _log(case, verdict)
        return refuse(services, row, Refused(_refusal(case)))
    if watch.saw([finding.ssid]):
        action, what = _LOGGED[ask.want]
        alerts.refused(services, connection, action, finding.ssid, row.origin, what, row.tracking)
        return _hold(services, row._replace(ssid=finding.ssid))
    if _is_student_full(case):
        return _too_often(case)
    return _answer(case, verdict)


def _refusal(case: _Case) -> str:
    """The code for an LEA that has not the student: it had, or is to have it, or neither."""
    if case.acting is Role.FORMER_LEA:
        return "not-there-now"
    account = stays.account(case.connection, case.ssid, case.services.today())
    return "not-there-yet" if case.lea in account.announced else "not-your-student"


def _answer(case: _Case, verdict: Permit) -> Move | None:
    """The log says what came of it; a list of disclosures has the line of its own request in it."""
    is_list = case.ask.want in _LISTS
    if is_list:
        _log(case, verdict)
    lack = _ANSWER[case.ask.want](case)
    if not is_list:
        _log(case, Deny(Why(lack)) if lack else verdict)
    return refuse(case.services, case.row, Refused(lack)) if lack else None


_LISTS = frozenset({Want.PARENT_COPY, Want.DISCLOSURES})  # there is always one


def resume(services: Services, facts: RoundFacts, row: PacketRow) -> Move:
    """A request that the state held goes on: it is read and judged once more. Raises Refused as `reread` does."""
    document = reread(services, facts, row)
    new = row._replace(state=State.APPLIED, held_for="")
    planned = move(services, row, new, [Step(State.APPLIED)], [(row.origin, State.APPLIED)])
    return replace(planned, effect=lambda connection: apply(services, connection, row, document) or planned)


def _judged(want: Want, acting: Role) -> Permit | Deny:
    """By the table of permissions. Of an earlier LEA only data of its time are looked at, and only lines about its own
    records; that it asks is on record, and the flag is dealt with for itself."""
    action = _ACTION[want][acting is not Role.CURRENT_LEA]
    return judge(acting, action, Facts(was_there=True, has_request=True, is_own=True))


def _hold(services: Services, row: PacketRow) -> Move:
    """All that the asking LEA is told."""
    held = row._replace(state=State.HELD, held_for=HeldFor.BLOCKED)
    before = [State.ADMITTED] if row.state is State.RECEIVED else []
    steps = [*(Step(state) for state in before), Step(State.HELD, HeldFor.BLOCKED)]
    return move(services, row, held, steps, [(row.origin, state) for state in (*before, State.HELD)])


def _unsure(case: _Case, watch: Watch, whole: match.Finding, own: match.Finding) -> Move:
    """Nobody of the LEA's own, or more than one, who could be meant. Of others it is told nothing, and its asking is
    counted (`guesses`)."""
    if _is_day_full(case):
        return _too_often(_of_nobody(case))
    if own.candidates:
        _log(_of_nobody(case), Deny(Why.NO_RULE))
        return refuse(case.services, case.row, Refused("name-the-ssid"))
    number = case.ask.student.ssid
    is_within = watch.guesses.count(Asked.REQUEST, number, [one.ssid for one in whole.candidates])
    _log(case if is_within else _of_nobody(case), Deny(Why.NOT_THERE))
    watch.guesses.write()
    code = ROWS[Asked.REQUEST].word(is_numbered=bool(number)) if is_within else TOO_MANY
    return refuse(case.services, case.row, Refused(code))


def _of_nobody(case: _Case) -> _Case:
    """For a line of the log that names no student: beyond the bounds of a day an LEA could else add to anybody's list
    without end."""
    return replace(case, ssid="")


def _is_day_full(case: _Case) -> bool:
    """Whether the LEA has asked as often as it may today. Looked at before anything is said of the student, so that it
    says nothing of the student; what the state held was counted when it came."""
    if case.row.state is State.HELD:
        return False
    most = case.services.settings.harvest.requests_per_day
    return harvest.has_asked(case.connection, case.lea, _midnight(case.services), most)


def _is_student_full(case: _Case) -> bool:
    """Whether the LEA has asked about this student as often as it may today."""
    most = case.services.settings.harvest.requests_per_student
    return harvest.requests_about(case.connection, case.lea, case.ssid, _midnight(case.services)) >= most


def _midnight(services: Services) -> float:
    return services.time.begins(services.day())


def _too_often(case: _Case) -> Move:
    _log(case, Deny(Why.TOO_OFTEN))
    return refuse(case.services, case.row, Refused("too-many-requests"))


def _log(case: _Case, verdict: Permit | Deny) -> None:
    action, what = _LOGGED[case.ask.want]
    line = Disclosure(
        at=case.services.clock().timestamp(),
        ssid=case.ssid,
        action=action,
        outcome=verdict.outcome,
        party=case.lea,
        source=case.ask.from_lea,
        what=what,
        ground=verdict.word,
        tracking=case.row.tracking,
    )
    disclosures.add(case.connection, [line])


def _record(case: _Case) -> str:
    asked = cases.ask_again(case.services, case.connection, case.ssid, case.lea, case.row.tracking)
    return "" if asked else "nobody-to-ask"


def _backpack(case: _Case) -> str:
    return "" if _forward(case, Purpose.REQUEST) else "nothing-held"


def _parent_copy(case: _Case) -> str:
    _forward(case, Purpose.PARENT_COPY)
    return _disclosures(case)


def _forward(case: _Case, purpose: Purpose) -> bool:
    """Whether anything was there to be sent."""
    follow_up.work_off(case.services, case.connection, [case.ssid])  # what follows an enrollment goes first
    to, source = case.lea, case.ask.from_lea
    student = known.of_one(case.connection, case.ssid)
    sent = backpack.forward(case.services, case.connection, student, to, purpose=purpose, source=source)
    return bool(sent)


def _disclosures(case: _Case) -> str:
    is_all = case.acting is Role.CURRENT_LEA
    told.leave_list(case.services, case.connection, case.row, case.ssid, _whose(case), is_all=is_all)
    return ""


def _whose(case: _Case) -> Student:
    """The student as the registry has it; for an LEA that the student has left, as that LEA has it: a name that was
    changed since is not of its time (`Why.NOT_THEN`)."""
    known = registrar.known(case.connection, case.ssid) if case.acting is Role.CURRENT_LEA else None
    return known or case.ask.student


# each gives a code where there is nothing to answer with
_ANSWER: dict[Want, Callable[[_Case], str]] = {
    Want.RECORD: _record,
    Want.BACKPACK: _backpack,
    Want.PARENT_COPY: _parent_copy,
    Want.DISCLOSURES: _disclosures,
}
