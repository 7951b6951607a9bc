"""A question in words, to be read from top to bottom, or aloud.

Owns the lines of `satchel review show`. Promises: every line is a plain sentence or fact; nothing is stored.
"""

from collections.abc import Iterator
from typing import Protocol

from rich.console import Console

from broker.cli.students import waterfall
from broker.core.model import Name, Student
from broker.core.review import OWN_STUDENT, Verb
from broker.identity.evidence import Limits
from broker.terminal.common import say
from broker.verbs.reviews import ANSWERED, SENT_PURGED, Decision, EnrollmentRow, Seen, View

_NOT_KEPT = {
    True: "not kept any more, for it was decided some time ago (`keeping.undo_days`).",
    False: "not kept, for an older version asked.",
}
_DAY = 86_400.0
_UNITS = ((_DAY, "day"), (3_600.0, "hour"), (60.0, "minute"))


def age(seconds: float) -> str:
    """A span of time as people say it, such as `3 days`."""
    for unit, name in _UNITS:
        if seconds >= unit:
            count = int(seconds // unit)
            return f"{count} {name}" + ("s" if count > 1 else "")
    return "less than a minute"


class Placed(Protocol):
    """A question, or a row in a list of questions."""

    @property
    def line(self) -> int:
        """The line."""

    @property
    def is_counted(self) -> bool:
        """Whether it counts from 0."""


def place(review: Placed) -> str:
    """The student's place in its packet, as people count: `student 1` is the first one of a document, `line 2` the
    first one below the header of a CSV, as in a spreadsheet."""
    if review.line == OWN_STUDENT:
        return "the student of the packet"
    return f"student {review.line + 1}" if review.is_counted else f"line {review.line}"


def show(console: Console, seen: View, limits: Limits, now: float) -> None:
    """Print the question, each candidate with its waterfall, and the decisions; `now` is seconds since the epoch."""
    for line in _question(seen, now):
        say(line)
    for one in seen.candidates:
        say("")
        for line in _candidate(one):
            say(line)
        if one.verdict:
            waterfall.show(console, f"Candidate {one.letter} beside what was sent", one.verdict, limits)
    for decision in seen.decisions:
        say("")
        for line in _decision(decision, now):
            say(line)


def _question(seen: View, now: float) -> Iterator[str]:
    which = place(seen.review)
    yield f"{seen.review.tracking}: {seen.packet} of {seen.review.lea}, {which}; the packet is {seen.state}."
    yield f"Asked {age(now - seen.review.opened_at)} ago; " + (
        "decided." if seen.review.closed_at else "not decided yet."
    )
    if seen.asks:
        yield "It asks for: " + ", ".join(f"{name} {value}" for name, value in seen.asks.items()) + "."
    yield "Sent: " + (_student(seen.sent) if seen.sent else _NOT_KEPT[SENT_PURGED in seen.review.subject])
    if not seen.candidates:
        yield "Nobody in the registry comes near."
    if answered := seen.review.subject.get(ANSWERED):
        said = answered.get("verb", Verb.NEW)
        yield (
            f"LEA {seen.review.lea} has answered: {said}, because: {answered['why']}. Nothing is done until you decide:"
            " it was not shown every candidate, or one is flagged as missing, which it does not know."
        )


def _candidate(seen: Seen) -> Iterator[str]:
    if seen.student is None:
        yield f"Candidate {seen.letter}: SSID {seen.ssid} is no longer there."
        return
    unseen = " (The LEA does not see this one.)" if seen.is_hidden else ""
    yield f"Candidate {seen.letter}: SSID {seen.ssid}, {_student(seen.student)}{unseen}"
    yield from (f"  {_place(spot, is_void)}" for spot, is_void in seen.places)


def _student(student: Student) -> str:
    facts = [_name(student.legal_name), f"born {student.birth_date.isoformat()}"]
    facts += [f"gender {student.gender}"] if student.gender else []
    facts += [f"number {student.birth_order} of a multiple birth"] if student.birth_order else []
    facts += [f"also {_name(alias)}" for alias in student.aliases]
    facts += [f"guardian {_name(guardian)}" for guardian in student.guardians]
    facts += [f"phone {student.phone}"] if student.phone else []
    home = student.address
    where = " ".join(part for part in (home.street, home.city, home.state, home.postal_code) if part)
    facts += [f"living at {where}"] if where else []
    facts += [f"local id {student.local_id}"] if student.local_id else []
    return ", ".join(facts) + "."


def _name(name: Name) -> str:
    return " ".join(part for part in (name.first, name.middle, name.last, name.suffix) if part)


def _place(spot: EnrollmentRow, is_void: bool) -> str:
    if is_void:
        return f"Enrollment at {spot.lea}, school {spot.school}, of {spot.entry_date} was taken back."
    until = f" until {spot.exit_date}" if spot.exit_date else " and has not left"
    number = f" as {spot.local_id}" if spot.local_id else ""
    return f"Enrolled at {spot.lea}, school {spot.school}{number}, from {spot.entry_date}{until}."


def _decision(decision: Decision, now: float) -> Iterator[str]:
    what = f"{decision.verb}{f' (SSID {decision.ssid})' if decision.ssid else ''}"
    yield f"Decided {age(now - decision.at)} ago by {decision.who}: {what}. Why: {decision.why}"
    if decision.undone_at is not None:
        yield f"  Undone {age(now - decision.undone_at)} ago by {decision.undone_by}. Why: {decision.undone_why}"
