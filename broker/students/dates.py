"""dates: what the dates of a line cannot be, and what of them is odd and is asked back.

Contract: `answer` is called within the transaction that carries a line out, before anybody is looked up or given a
number; `judged` needs no ledger, so that an LEA can ask before it sends. What cannot be is refused. What is odd is not
carried out, until the LEA says in the line itself that it is right (`confirmed`), or where the LEA has told the very
same of this student before and it was taken: who exports every night is asked once. Nothing that other LEAs have told
plays a part.
"""

from collections.abc import Callable, Collection, Iterator
from datetime import date

from broker.core.days import plausible
from broker.core.days.plausible import BIRTH, DAY, EXIT, Fault, Line
from broker.core.stays import AHEAD
from broker.edge.ledger.people import registry
from broker.edge.settings.values import Settings
from broker.notices.answers import Answer, Outcome
from broker.students.line import EXIT as LEAVES
from broker.students.line import MAKES_NEW, TOO_FAR, UPDATE, VERIFY, Task
from broker.students.line_request import LineRequest

_IN_CSV = {DAY: "entry_date"}
_NO_STAY = frozenset({UPDATE, VERIFY})
_REPORTS = MAKES_NEW | {LEAVES}


def answer(task: Task) -> Answer | None:
    """The answer to a line whose dates are wrong or odd; None for all others."""
    return judged(task.request, task.services.settings, task.services.day(), lambda: set(_told(task)))


def judged(
    request: LineRequest, settings: Settings, today: date, told: Callable[[], Collection[str]] = frozenset
) -> Answer | None:
    """As `answer`, for a line by itself. `told` names the facts that its LEA has told before; it is called only where
    one of them is odd."""
    latest = (today + AHEAD).isoformat()
    for fact, day in ((DAY, request.day), (EXIT, request.exit_day)):
        if request.request in _REPORTS and day > latest:
            return Answer(request.line, Outcome.REFUSED, None, "unreadable", _named(request, fact), TOO_FAR)
    frame, line = settings.frame(today), _line(request, settings)
    fault = plausible.impossible(line, frame)
    if fault:
        return _refused(request, "impossible-date", fault)
    faults = () if request.request == VERIFY else plausible.odd(line, frame, request.confirmed)
    if faults:
        known = told()
        faults = tuple(one for one in faults if one.fact not in known)
    return _refused(request, "odd-date", *faults) if faults else None


def _line(request: LineRequest, settings: Settings) -> Line:
    is_stay = request.request not in _NO_STAY
    day = date.fromisoformat(request.day) if is_stay and request.day else None
    exit_day = date.fromisoformat(request.exit_day) if is_stay and request.exit_day else None
    year = int(request.school_year) if request.school_year else None
    if day and year == settings.claims.calendar.containing(day):
        year = None  # it says no more than the day does, and may have been taken from it
    return Line(request.student.birth_date, day, exit_day, request.grade, year)


def _told(task: Task) -> Iterator[str]:
    """What of the line this LEA has told before of the student with this local number."""
    request = task.request
    for one in registry.told(task.connection, task.row.origin, request.student.local_id):
        if one.birth_date == request.student.birth_date.isoformat():
            yield BIRTH
            if request.day in (one.entry_date, one.exit_date):
                yield DAY
            if request.exit_day and request.exit_day == one.exit_date:
                yield EXIT


def _refused(request: LineRequest, why: str, *faults: Fault) -> Answer:
    names = [_named(request, one.fact) for one in faults]
    musts = " ".join(f"{name} {one.must}." for name, one in zip(names, faults, strict=True))
    return Answer(request.line, Outcome.REFUSED, None, why, " ".join(names), musts)


def _named(request: LineRequest, fact: str) -> str:
    """In a CSV the fields are called as its columns are."""
    return _IN_CSV.get(fact, fact) if request.form else fact
