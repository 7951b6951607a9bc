"""dates: what the dates of a line cannot be, and what of them is odd and is asked back.

Contract: called within the transaction that carries a line out, before anybody is looked up or given a number. What
cannot be is refused. What is odd is not carried out, until the LEA says in the line itself that it is right
(`confirmed`), or where the LEA has told the very same of this student before and it was taken: who exports every night
is asked once. Nothing that other LEAs have told plays a part.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from broker.core.days import plausible
from broker.core.days.plausible import BIRTH, DAY, EXIT, Fault, Line
from broker.edge.ledger.people import registry
from broker.notices.answers import Answer
from broker.students.line import UPDATE, VERIFY, Task

_IN_CSV = {DAY: "entry_date"}
_NO_STAY = frozenset({UPDATE, VERIFY})


def answer(task: Task) -> Answer | None:
    """The answer to a line whose dates are wrong or odd; None for all others."""
    frame = task.services.settings.frame(task.services.day())
    line = _line(task)
    fault = plausible.impossible(line, frame)
    if fault:
        return _refused(task, "impossible-date", fault)
    faults = () if task.request.request == VERIFY else plausible.odd(line, frame, task.request.confirmed)
    if faults:
        known = set(_told(task))
        faults = tuple(one for one in faults if one.fact not in known)
    return _refused(task, "odd-date", *faults) if faults else None


def _line(task: Task) -> Line:
    request = task.request
    is_stay = request.request not in _NO_STAY
    day = date.fromisoformat(request.day) if is_stay and request.day else None
    exit_day = date.fromisoformat(request.exit_day) if is_stay and request.exit_day else None
    year = int(request.school_year) if request.school_year else None
    if day and year == task.services.settings.claims.calendar.containing(day):
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


def _refused(task: Task, why: str, *faults: Fault) -> Answer:
    """In a CSV the fields are called as its columns are."""
    names = [_IN_CSV.get(one.fact, one.fact) if task.request.form else one.fact for one in faults]
    musts = " ".join(f"{name} {one.must}." for name, one in zip(names, faults, strict=True))
    return replace(task.refused(why, " ".join(names)), must=musts)
